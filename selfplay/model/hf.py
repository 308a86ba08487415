"""Exchange with Hugging Face transformers: a run's weights as a Qwen3 or Llama checkpoint, and such weights back.

Our fused matrices are theirs, stacked: q, k and v, and gate and up. Nothing is converted but names, so a checkpoint
comes back as it was. `model.architecture` reads and writes the shape, `model.foreign` the tokenizer of a checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from selfplay.files import replacing
from selfplay.model.architecture import CONFIG, read_architecture, read_json, write_architecture
from selfplay.model.foreign import ForeignTokenizer, missing_extra
from selfplay.model.gpt import GPT
from selfplay.model.tokenizer import PAD, Tokenizer, Vocabulary

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"

_NAMES = {
    "attention_norm": "input_layernorm",
    "attention.out": "self_attn.o_proj",
    "attention.q_norm": "self_attn.q_norm",
    "attention.k_norm": "self_attn.k_norm",
    "feed_forward_norm": "post_attention_layernorm",
    "feed_forward.down": "mlp.down_proj",
}


def export_hf(model: GPT, tokenizer: Vocabulary, folder: Path, n_positions: int = 0) -> None:
    """Write what `AutoModelForCausalLM` and `AutoTokenizer` load with the same logits and text.

    Args:
        model: Written as Qwen3, or without `qk_norm` as Llama.
        tokenizer: Written with its role tokens.
        folder: Made if need be.
        n_positions: What the model knows, where that is more than the context it ran with.

    Raises:
        ValueError: The extra `hf` is not installed, or the model has experts.
    """
    _require_exportable(model)
    try:
        from transformers import PreTrainedTokenizerFast

        fast = _fast_tokenizer(tokenizer)
    except ImportError as error:
        raise missing_extra(error) from None
    folder.mkdir(parents=True, exist_ok=True)
    write_weights(model, folder)
    pad = PAD if isinstance(tokenizer, Tokenizer) else tokenizer.end
    said = write_architecture(model.config, model.vocab_size, n_positions=n_positions, end=tokenizer.end, pad=pad)
    (folder / CONFIG).write_text(json.dumps(said, indent=2) + "\n")
    names = {"eos_token": tokenizer.decode([tokenizer.end]), "pad_token": tokenizer.decode([pad])}
    PreTrainedTokenizerFast(tokenizer_object=fast, clean_up_tokenization_spaces=False, **names).save_pretrained(folder)


def _require_exportable(model: GPT) -> None:
    if model.config.n_experts:
        raise ValueError(f"model.n_experts = {model.config.n_experts}: only models without experts are exported")


def write_weights(model: GPT, folder: Path) -> None:
    """Write the weights alone; the file is the old one or the new one, whole.

    Raises:
        ValueError: The extra `hf` is not installed, or the model has experts.
    """
    _require_exportable(model)
    try:
        from safetensors.torch import save_file
    except ImportError as error:
        raise missing_extra(error) from None
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in named_as_theirs(model).items()}
    with replacing(folder / WEIGHTS) as temporary:
        save_file(tensors, temporary, metadata={"format": "pt"})


def named_as_theirs(model: GPT) -> dict[str, Tensor]:
    """The weights under transformers' names, as views; a tied output matrix is left out, as they have it."""
    config = model.config
    heads = [n * config.head_dim for n in (config.n_head, config.n_kv_head, config.n_kv_head)]
    tensors = {"model.embed_tokens.weight": model.embedding.weight, "model.norm.weight": model.norm.weight}
    if not config.tie_embeddings:
        tensors["lm_head.weight"] = model.head.weight
    for layer in range(config.n_layer):
        ours = dict(model.blocks[layer].named_parameters())
        theirs = f"model.layers.{layer}."
        for name, new in _NAMES.items():
            if f"{name}.weight" in ours:  # Llama has no norms of queries and keys
                tensors[f"{theirs}{new}.weight"] = ours[f"{name}.weight"]
        for new, part in zip("qkv", ours["attention.qkv.weight"].split(heads), strict=True):
            tensors[f"{theirs}self_attn.{new}_proj.weight"] = part
        for new, part in zip(("gate", "up"), ours["feed_forward.gate_up.weight"].chunk(2), strict=True):
            tensors[f"{theirs}mlp.{new}_proj.weight"] = part
    return tensors


@torch.no_grad()
def read_weights(model: GPT, folder: Path, n_known: int, new: Sequence[int] = ()) -> None:
    """Fill a model with the weights of a checkpoint, one file or sharded, in the precision of the model.

    Args:
        model: Of the checkpoint's shape, with rows for new tokens at the end if need be.
        folder: The checkpoint.
        n_known: Tokens of its tokenizer.
        new: Ids of tokens it does not know. Their rows of the embedding and of the output matrix become the mean of
            the known ones, so that a new token is at first neither likely nor surprising (Hewitt 2021).

    Raises:
        ValueError: The extra `hf` is not installed, or a file or a weight is missing, damaged or of another shape.
    """
    n_rows: int = read_architecture(folder)["vocab_size"]
    if n_known > n_rows:
        raise ValueError(
            f"{folder}: {n_known} tokens in its tokenizer, {n_rows} rows in its embedding; one is another's"
        )
    missing = named_as_theirs(model)
    for name, tensor in _tensors(folder):
        if name not in missing:
            continue  # such as the output matrix of a tied model
        whole = missing.pop(name)
        grows = name in ("model.embed_tokens.weight", "lm_head.weight")
        parameter = whole[:n_rows] if grows else whole
        if tensor.shape != parameter.shape:
            raise ValueError(f"{folder}: {name} is of shape {(*tensor.shape,)}, config.json says {(*parameter.shape,)}")
        parameter.copy_(tensor)
        if grows:
            whole[list(new)] = whole[:n_known].mean(0)
    if missing:
        raise ValueError(f"{folder}: {min(missing)} is not among its weights; download or save the checkpoint again")


def _tensors(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """All weights of a checkpoint, one at a time."""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise missing_extra(error) from None
    for path in _files(folder):
        try:
            with safe_open(path, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118  # no dict
                    yield name, file.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise ValueError(f"{path}: damaged ({error}); download or save the checkpoint again") from None


def _files(folder: Path) -> list[Path]:
    if (folder / INDEX).is_file():
        places = read_json(folder / INDEX, "the list of its files").get("weight_map")
        names = {Path(str(name)).name for name in places.values()} if isinstance(places, dict) else set()
        if not names:
            raise ValueError(f"{folder / INDEX}: names no files; download or save the checkpoint again")
    else:
        names = {WEIGHTS}
    for name in sorted(names):
        if not (folder / name).is_file():
            raise ValueError(f"{folder}: no {name}; weights are read from safetensors files, one or those of an index")
    return [folder / name for name in sorted(names)]


def _fast_tokenizer(tokenizer: Vocabulary) -> Any:
    """The tokenizer as the library `tokenizers` has it; what it adds around a text is left out, as in the run."""
    if isinstance(tokenizer, ForeignTokenizer):
        fast = type(tokenizer.fast).from_str(tokenizer.fast.to_str())
        fast.post_processor = None
        return fast
    assert isinstance(tokenizer, Tokenizer)
    return _character_tokenizer(tokenizer)


def _character_tokenizer(tokenizer: Tokenizer) -> Any:
    from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers
    from tokenizers import Tokenizer as Fast

    tokens = [tokenizer.decode([token]) for token in range(len(tokenizer))]
    fast = Fast(models.WordLevel({token: number for number, token in enumerate(tokens)}, unk_token=tokens[PAD]))
    fast.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    fast.decoder = decoders.Fuse()
    fast.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in tokens[: tokenizer.n_roles]]
    )
    return fast
