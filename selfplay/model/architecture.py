"""`config.json` of a Hugging Face checkpoint: the shape of a Qwen3 or Llama model, read and written; no torch.

Which of the two a model is hangs on one thing: Qwen3 normalises queries and keys (`qk_norm`). What `GPT` does not
compute, such as biases, sliding windows or other kinds of scaled rotary positions, is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from selfplay.config import ModelConfig, RopeScaling
from selfplay.model.tokenizer import END, PAD

CONFIG = "config.json"

OWN = ("context_length", "from_hf")
"""Keys of `ModelConfig` that a checkpoint does not decide."""

_ARCHITECTURES = {"qwen3": "Qwen3ForCausalLM", "llama": "LlamaForCausalLM"}


def read_json(path: Path, what: str) -> dict[str, Any]:
    """A JSON object in a checkpoint's folder.

    Raises:
        ValueError: The file is missing or holds no JSON object; one line that calls it `what`.
    """
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent}: no such folder; name one with a Qwen3 or Llama checkpoint")
    if not path.is_file():
        raise ValueError(f"{path.parent}: no {path.name}, {what}; save the model there with save_pretrained")
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error}); download or save the checkpoint again") from None
    if not isinstance(said, dict):
        raise ValueError(f"{path}: holds no JSON object; download or save the checkpoint again")
    return said


def read_architecture(folder: Path) -> dict[str, Any]:
    """The `config.json` of a checkpoint.

    Raises:
        ValueError: It is missing, or of an architecture or a variant that `GPT` is not.
    """
    said = read_json(folder / CONFIG, "the shape of the model")
    kind, layers = said.get("model_type"), said.get("layer_types") or []
    for wrong, why in (
        (kind not in _ARCHITECTURES, f"model_type {kind!r}"),
        (bool(said.get("use_sliding_window")) or {*layers} - {"full_attention"}, "a sliding window"),
        (bool(said.get("attention_bias") or said.get("mlp_bias")), "biases"),
        (said.get("hidden_act", "silu") != "silu", f"hidden_act {said.get('hidden_act')!r}"),
        (_rope(said).get("partial_rotary_factor", said.get("partial_rotary_factor", 1.0)) != 1.0, "partial rotation"),
        (_rope_type(said) not in ("default", "llama3"), f"rotary positions of type {_rope_type(said)!r}"),
        (bool(said.get("quantization_config")), "quantised weights"),
    ):
        if wrong:
            raise ValueError(f"{folder}: {why} cannot be read; use a plain Qwen3 or Llama checkpoint")
    if not isinstance(said.get("vocab_size"), int):
        raise ValueError(f"{folder / CONFIG}: has no 'vocab_size'; download or save the checkpoint again")
    return said


def _rope(said: dict[str, Any]) -> dict[str, Any]:
    """Rotary parameters, which transformers 5 has under another key than 4."""
    return said.get("rope_parameters") or said.get("rope_scaling") or {}


def _rope_type(said: dict[str, Any]) -> str:
    return str(_rope(said).get("rope_type") or _rope(said).get("type") or "default")


def read_shape(folder: Path, context_length: int) -> ModelConfig:
    """The shape of a checkpoint, what it leaves out being as transformers has it.

    Raises:
        ValueError: See `read_architecture`; or a key is missing or of a wrong type, or the context is too long.
    """
    said = read_architecture(folder)
    rope = _rope(said)
    scaling = None
    try:
        n_positions = int(said.get("max_position_embeddings", context_length))
        if _rope_type(said) == "llama3":
            scaling = RopeScaling(
                float(rope["factor"]),
                float(rope["low_freq_factor"]),
                float(rope["high_freq_factor"]),
                int(rope["original_max_position_embeddings"]),
            )
        shape = ModelConfig(
            d_model=int(said["hidden_size"]),
            n_layer=int(said["num_hidden_layers"]),
            n_head=int(said["num_attention_heads"]),
            n_kv_head=int(said.get("num_key_value_heads") or said["num_attention_heads"]),
            head_dim=int(said.get("head_dim") or said["hidden_size"] // said["num_attention_heads"]),
            d_ff=int(said["intermediate_size"]),
            rope_theta=float(said.get("rope_theta") or rope.get("rope_theta") or 10_000.0),
            norm_eps=float(said.get("rms_norm_eps", 1e-6)),
            tie_embeddings=bool(said.get("tie_word_embeddings", False)),
            qk_norm=said["model_type"] == "qwen3",
            rope_scaling=scaling,
            context_length=context_length,
            from_hf=str(folder),
        )
    except KeyError as missing:
        raise ValueError(f"{folder / CONFIG}: has no {missing}; download or save the checkpoint again") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{folder / CONFIG}: {error}; download or save the checkpoint again") from None
    if context_length > n_positions:
        raise ValueError(f"model.context_length = {context_length}: {folder} knows {n_positions} positions; lower it")
    return shape


def shaped(model: ModelConfig, given: Collection[str]) -> ModelConfig:
    """The configuration with the shape of the checkpoint it names, or as it is where it names none.

    Args:
        model: As configured.
        given: Names of the keys that were given and not left at their defaults.

    Raises:
        ValueError: A key that was given is not the checkpoint's; or see `read_shape`.
    """
    if model.from_hf is None:
        return model
    folder = Path(model.from_hf).expanduser().resolve()
    shape = read_shape(folder, model.context_length)
    for name in (field.name for field in fields(shape) if field.name not in OWN):
        ours, theirs = getattr(model, name), getattr(shape, name)
        if name in given and ours != theirs:
            raise ValueError(f"model.{name} = {ours}: {folder} has {theirs}; leave the key out")
    return replace(shape, from_hf=str(folder))


def write_architecture(
    config: ModelConfig, vocab_size: int, *, n_positions: int = 0, end: int = END, pad: int = PAD
) -> dict[str, Any]:
    """`config.json` of a model of ours.

    Args:
        config: Its shape.
        vocab_size: Rows of its embedding.
        n_positions: What it knows, where that is more than the context it ran with.
        end: Id of the token that ends a text.
        pad: Id of the token that fills rows.
    """
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": config.rope_theta}
    if (scaling := config.rope_scaling) is not None:
        rope |= {
            "rope_type": "llama3",
            "factor": scaling.factor,
            "low_freq_factor": scaling.low_freq_factor,
            "high_freq_factor": scaling.high_freq_factor,
            "original_max_position_embeddings": scaling.original_context,
        }
    kind = "qwen3" if config.qk_norm else "llama"
    return {
        "architectures": [_ARCHITECTURES[kind]],
        "model_type": kind,
        "vocab_size": vocab_size,
        "hidden_size": config.d_model,
        "intermediate_size": config.d_ff,
        "num_hidden_layers": config.n_layer,
        "num_attention_heads": config.n_head,
        "num_key_value_heads": config.n_kv_head,
        "head_dim": config.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": max(n_positions, config.context_length),
        "rms_norm_eps": config.norm_eps,
        "rope_theta": config.rope_theta,  # transformers 4 reads these two, 5 the third
        "rope_scaling": rope if config.rope_scaling else None,
        "rope_parameters": rope,
        "tie_word_embeddings": config.tie_embeddings,
        "attention_bias": False,
        "attention_dropout": 0.0,
        **({"use_sliding_window": False} if config.qk_norm else {"mlp_bias": False}),
        "bos_token_id": None,
        "eos_token_id": end,
        "pad_token_id": pad,
        "torch_dtype": "float32",
    }
