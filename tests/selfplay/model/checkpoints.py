"""Tiny random Qwen3 and Llama checkpoints, written by transformers itself, with a byte-level tokenizer."""

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

CORPUS = ["12+34=46 99+1=100 3+45=48 77+23=100 and it is 10 more", "x = 12; y = 34; print(x + y)"] * 10

LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}


def byte_level(*, vocab_size: int = 300) -> Tokenizer:
    """Byte-pair encoding as Qwen's and Llama 3's: it merges digits that stand together often."""
    fast = Tokenizer(models.BPE())
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    fast.train_from_iterator(CORPUS, trainer)
    return fast


def write_checkpoint(
    folder: Path, kind: str = "qwen3", *, shards: bool = False, tokenizer: Tokenizer | None = None, **changes: Any
) -> Any:
    """Write a checkpoint; returns the model as transformers has it.

    Args:
        folder: Where.
        kind: `qwen3` or `llama`.
        shards: Whether in several files.
        tokenizer: Instead of `byte_level()`.
        changes: Keys of the configuration.
    """
    fast = tokenizer or byte_level()
    keys = {
        "vocab_size": fast.get_vocab_size() + 2,  # room for two role tokens, as Qwen3 has for some 270
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 12,
        "max_position_embeddings": 64,
        "initializer_range": 0.15,
        "eos_token_id": 0,
    } | changes
    names = {"qwen3": ("Qwen3Config", "Qwen3ForCausalLM"), "llama": ("LlamaConfig", "LlamaForCausalLM")}[kind]
    torch.manual_seed(0)
    model = getattr(transformers, names[1])(getattr(transformers, names[0])(**keys)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.normal_(1.0, 0.3)  # norms that are not all ones
    model.save_pretrained(folder, **({"max_shard_size": "20KB"} if shards else {}))
    eos = "<|endoftext|>" if fast.token_to_id("<|endoftext|>") is not None else None
    transformers.PreTrainedTokenizerFast(tokenizer_object=fast, eos_token=eos).save_pretrained(folder)
    return model
