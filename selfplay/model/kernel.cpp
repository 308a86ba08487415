// One decoding step of attention: for each row normalise and rotate its query and key, store key and value in the row's
// slot, and attend over all that the slot holds. Plain PyTorch does the same in gpt.py; this reads the keys and values
// where they lie, each row as far as it has come, in one pass.
//
// Shapes, row-major: R rows, H query heads, K key-value heads, E head size, L places a slot.
//   qkv (R, (H + 2K) * E)   keys, values (slots, K, L, E)   slots, lengths (R,)   cos, sin (L, E)   out (R, H * E)
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

using bf16 = uint16_t;

static inline float load(float x) { return x; }
static inline float load(bf16 x) {
  uint32_t bits = static_cast<uint32_t>(x) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
static inline void store(float *to, float x) { *to = x; }
static inline void store(bf16 *to, float x) {  // to the nearest, ties to even
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  *to = static_cast<bf16>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// exp for x <= 0, by a polynomial that vectorises; below -60 it is 0, so that no denormal slows the sums down.
static inline float exponential(float x) {
  const float kept = x < -60.0f ? 0.0f : 1.0f;
  x = x < -60.0f ? -60.0f : x;
  const float n = __builtin_floorf(x * 1.44269504f + 0.5f);
  const float f = x - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * f + 1.3981999507e-3f;
  p = p * f + 8.3334519073e-3f;
  p = p * f + 4.1665795894e-2f;
  p = p * f + 1.6666665459e-1f;
  p = p * f + 5.0000001201e-1f;
  const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, 4);
  return (p * f * f + f + 1.0f) * power * kept;
}

constexpr int64_t FAR_BYTES = 8 << 20;

template <class T>
static inline void fetch(const T *from, int64_t n) {
  for (int64_t i = 0; i < n; i += 64 / sizeof(T)) __builtin_prefetch(from + i, 0, 2);
}

// A head of the projections, normalised if it has weights, rotated to its place and scaled.
template <class T>
static void head(const T *in, float *out, const float *weight, const float *cos, const float *sin, int64_t E, float eps,
                 float scale) {
  float squares = 0;
  for (int64_t e = 0; e < E; e++) {
    out[e] = load(in[e]);
    squares += out[e] * out[e];
  }
  if (weight) {
    const float inverse = 1.0f / std::sqrt(squares / E + eps);
    for (int64_t e = 0; e < E; e++) out[e] *= inverse * weight[e];
  }
  const int64_t half = E / 2;
  for (int64_t e = 0; e < half; e++) {
    const float left = out[e], right = out[e + half];
    out[e] = (left * cos[e] - right * sin[e]) * scale;
    out[e + half] = (right * cos[e + half] + left * sin[e + half]) * scale;
  }
}

// SIZE is E where it is one of the usual ones, so that loops over it unroll; 0 reads it from `size`.
template <class T, int SIZE>
static void attend(const T *qkv, T *keys, T *values, const int64_t *slots, const int64_t *lengths, const float *q_weight,
                   const float *k_weight, const float *cos, const float *sin, T *out, int64_t R, int64_t H, int64_t K,
                   int64_t size, int64_t L, float eps) {
  const int64_t E = SIZE ? SIZE : size, G = H / K;
  std::vector<float> room(G * E + E + G * L + G * E);
  float *const q = room.data(), *const key = q + G * E, *const weights = key + E, *const mixed = weights + G * L;
  const float scale = 1.0f / std::sqrt(static_cast<float>(E));
  int64_t stored = 0;
  for (int64_t r = 0; r < R; r++) stored += lengths[r];
  // Past the caches, blocks are too short and too far apart for the CPU to see them coming: fetching one ahead is up to
  // twice as fast. Within the caches it would only cost.
  const bool far = 2 * stored * K * E * static_cast<int64_t>(sizeof(T)) > FAR_BYTES;
  for (int64_t r = 0; r < R; r++) {
    const T *row = qkv + r * (H + 2 * K) * E;
    const int64_t n = lengths[r];
    const float *c = cos + n * E, *s = sin + n * E;
    for (int64_t k = 0; k < K; k++) {
      T *const ks = keys + (slots[r] * K + k) * L * E, *const vs = values + (slots[r] * K + k) * L * E;
      for (int64_t g = 0; g < G; g++) head(row + (k * G + g) * E, q + g * E, q_weight, c, s, E, eps, scale);
      head(row + (H + k) * E, key, k_weight, c, s, E, eps, 1.0f);
      for (int64_t e = 0; e < E; e++) {
        store(ks + n * E + e, key[e]);
        vs[n * E + e] = row[(H + K + k) * E + e];
      }
      const int64_t next_slot = k + 1 < K || r + 1 == R ? slots[r] : slots[r + 1], next = next_slot * K + (k + 1) % K;
      for (int64_t t = 0; t <= n; t++) {
        if (far) fetch(keys + (next * L + t) * E, E);
        for (int64_t g = 0; g < G; g++) {
          float product = 0;
          for (int64_t e = 0; e < E; e++) product += q[g * E + e] * load(ks[t * E + e]);
          weights[g * L + t] = product;
        }
      }
      for (int64_t g = 0; g < G; g++) {
        float *const w = weights + g * L;
        float most = w[0], sum = 0;
        for (int64_t t = 1; t <= n; t++) most = w[t] > most ? w[t] : most;
        for (int64_t t = 0; t <= n; t++) {
          w[t] = exponential(w[t] - most);
          sum += w[t];
        }
        const float inverse = 1.0f / sum;
        for (int64_t t = 0; t <= n; t++) w[t] *= inverse;
      }
      for (int64_t g = 0; g < G; g++) {
        float local[SIZE ? SIZE : 1];
        float *const sum = SIZE ? local : mixed;
        for (int64_t e = 0; e < E; e++) sum[e] = 0;
        for (int64_t t = 0; t <= n; t++) {
          if (far && g == 0) fetch(values + (next * L + t) * E, E);
          const float w = weights[g * L + t];
          for (int64_t e = 0; e < E; e++) sum[e] += w * load(vs[t * E + e]);
        }
        for (int64_t e = 0; e < E; e++) store(out + (r * H + k * G + g) * E + e, sum[e]);
      }
    }
  }
}

#define EXPORT(NAME, T)                                                                                               \
  extern "C" void NAME(const T *qkv, T *keys, T *values, const int64_t *slots, const int64_t *lengths,               \
                       const float *q_weight, const float *k_weight, const float *cos, const float *sin, T *out,     \
                       int64_t R, int64_t H, int64_t K, int64_t E, int64_t L, float eps) {                           \
    const auto run = E == 16    ? attend<T, 16>                                                                      \
                     : E == 32  ? attend<T, 32>                                                                      \
                     : E == 64  ? attend<T, 64>                                                                      \
                     : E == 128 ? attend<T, 128>                                                                     \
                                : attend<T, 0>;                                                                      \
    run(qkv, keys, values, slots, lengths, q_weight, k_weight, cos, sin, out, R, H, K, E, L, eps);                   \
  }

EXPORT(attend_float32, float)
EXPORT(attend_bfloat16, bf16)
