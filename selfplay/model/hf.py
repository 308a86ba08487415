"""Exchange with Hugging Face transformers: a run's weights as a Qwen3 checkpoint, and such weights back.

Our fused matrices are Qwen3's own, stacked: q, k and v, and gate and up. Nothing is converted but names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from selfplay.config import ModelConfig
from selfplay.model.gpt import GPT
from selfplay.model.tokenizer import END, PAD, Tokenizer

WEIGHTS, CONFIG = "model.safetensors", "config.json"

_NAMES = {
    "attention_norm": "input_layernorm",
    "attention.out": "self_attn.o_proj",
    "attention.q_norm": "self_attn.q_norm",
    "attention.k_norm": "self_attn.k_norm",
    "feed_forward_norm": "post_attention_layernorm",
    "feed_forward.down": "mlp.down_proj",
}


def missing_extra(error: ImportError) -> ValueError:
    """What to tell a user without the extra."""
    return ValueError(f"Hugging Face checkpoints need {error.name}: pip install 'selfplay-testbed[hf]'")


def export_hf(model: GPT, tokenizer: Tokenizer, folder: Path) -> None:
    """Write what `AutoModelForCausalLM` and `AutoTokenizer` load as Qwen3 with the same logits and text.

    Raises:
        ValueError: The extra `hf` is not installed, or the model has experts.
    """
    if model.config.n_experts:
        raise ValueError(f"model.n_experts = {model.config.n_experts}: only models without experts are exported")
    try:
        from safetensors.torch import save_file

        fast = _fast_tokenizer(tokenizer)
    except ImportError as error:
        raise missing_extra(error) from None
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in to_qwen3(model).items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / CONFIG).write_text(json.dumps(qwen3_config(model.config, model.vocab_size), indent=2) + "\n")
    fast.save_pretrained(folder)


def to_qwen3(model: GPT) -> dict[str, Tensor]:
    """The weights under Qwen3's names; a tied output matrix is left out, as transformers has it."""
    config = model.config
    heads = [n * config.head_dim for n in (config.n_head, config.n_kv_head, config.n_kv_head)]
    tensors = {"model.embed_tokens.weight": model.embedding.weight, "model.norm.weight": model.norm.weight}
    if not config.tie_embeddings:
        tensors["lm_head.weight"] = model.head.weight
    for layer in range(config.n_layer):
        ours = dict(model.blocks[layer].named_parameters())
        theirs = f"model.layers.{layer}."
        for name, new in _NAMES.items():
            tensors[f"{theirs}{new}.weight"] = ours[f"{name}.weight"]
        for new, part in zip("qkv", ours["attention.qkv.weight"].split(heads), strict=True):
            tensors[f"{theirs}self_attn.{new}_proj.weight"] = part
        for new, part in zip(("gate", "up"), ours["feed_forward.gate_up.weight"].chunk(2), strict=True):
            tensors[f"{theirs}mlp.{new}_proj.weight"] = part
    return tensors


def load_hf(folder: Path, context_length: int) -> GPT:
    """The model of a local Qwen3 checkpoint in one file, in fp32.

    Raises:
        ValueError: The extra `hf` is not installed, or the folder holds no Qwen3 model that `GPT` is.
    """
    try:
        from safetensors.torch import load_file
    except ImportError as error:
        raise missing_extra(error) from None
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise ValueError(f"{folder}: no {name}; name a folder with a Qwen3 checkpoint in one safetensors file")
    said = json.loads((folder / CONFIG).read_text())
    model = GPT(from_qwen3_config(said, context_length, str(folder)), said["vocab_size"])
    tensors = load_file(folder / WEIGHTS)
    with torch.no_grad():
        for name, parameter in to_qwen3(model).items():  # views of the fused matrices: filled in place
            if name not in tensors or tensors[name].shape != parameter.shape:
                raise ValueError(f"{folder}: {name} is missing from {WEIGHTS} or not of shape {tuple(parameter.shape)}")
            parameter.copy_(tensors[name])
    return model


def qwen3_config(config: ModelConfig, vocab_size: int) -> dict[str, Any]:
    """`config.json` of the model."""
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": vocab_size,
        "hidden_size": config.d_model,
        "intermediate_size": config.d_ff,
        "num_hidden_layers": config.n_layer,
        "num_attention_heads": config.n_head,
        "num_key_value_heads": config.n_kv_head,
        "head_dim": config.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": config.context_length,
        "rms_norm_eps": config.norm_eps,
        "rope_theta": config.rope_theta,
        "tie_word_embeddings": config.tie_embeddings,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "use_sliding_window": False,
        "bos_token_id": None,
        "eos_token_id": END,
        "pad_token_id": PAD,
        "torch_dtype": "float32",
    }


def from_qwen3_config(said: dict[str, Any], context_length: int, shown: str) -> ModelConfig:
    """The shape a `config.json` describes.

    Raises:
        ValueError: It is of another architecture, or of a variant that `GPT` is not.
    """
    rope = said.get("rope_parameters") or {}
    scaled = said.get("rope_scaling") or rope.get("rope_type", "default") != "default"
    for wrong, why in (
        (said.get("model_type") != "qwen3", f"model_type {said.get('model_type')!r}"),
        (bool(scaled), "scaled rotary positions"),
        (bool(said.get("use_sliding_window")), "a sliding window"),
        (bool(said.get("attention_bias")), "biases"),
    ):
        if wrong:
            raise ValueError(f"{shown}: {why} cannot be read; use a plain Qwen3 checkpoint")
    return ModelConfig(
        d_model=said["hidden_size"],
        n_layer=said["num_hidden_layers"],
        n_head=said["num_attention_heads"],
        n_kv_head=said["num_key_value_heads"],
        head_dim=said["head_dim"],
        d_ff=said["intermediate_size"],
        rope_theta=said.get("rope_theta") or rope["rope_theta"],
        norm_eps=said["rms_norm_eps"],
        tie_embeddings=said["tie_word_embeddings"],
        context_length=context_length,
    )


def _fast_tokenizer(tokenizer: Tokenizer) -> Any:
    """The same tokenizer as transformers has them: a token a character, and role tokens by name."""
    from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers
    from tokenizers import Tokenizer as Fast
    from transformers import PreTrainedTokenizerFast

    tokens = [tokenizer.decode([token]) for token in range(len(tokenizer))]
    fast = Fast(models.WordLevel({token: number for number, token in enumerate(tokens)}, unk_token=tokens[PAD]))
    fast.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    fast.decoder = decoders.Fuse()
    fast.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in tokens[: tokenizer.n_roles]]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=fast, pad_token=tokens[PAD], eos_token=tokens[END], clean_up_tokenization_spaces=False
    )
