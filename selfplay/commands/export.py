"""`selfplay export`: a run's weights for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add(commands: Commands) -> None:
    """Add the command to the parser; what it needs is imported when it runs."""
    text = "Write a run's weights as a Hugging Face checkpoint (Qwen3 or Llama), tokenizer included."
    export = commands.add_parser("export", help=text, description=text, allow_abbrev=False)
    export.set_defaults(command=run_export)
    export.add_argument("checkpoint", type=Path, metavar="CKPT", help="best.ckpt or checkpoint.ckpt in a run folder")
    export.add_argument("--to", nargs=2, required=True, metavar=("FORMAT", "DIR"), help="hf, and a new folder")


def run_export(arguments: argparse.Namespace) -> None:
    """Export the averaged weights: those that sample and are evaluated."""
    form, folder = arguments.to[0], Path(arguments.to[1])
    if form != "hf":
        raise ValueError(f"--to {form}: the one format is hf")
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"--to hf {folder}: not empty; name a new folder")
    from selfplay.config import RunConfig
    from selfplay.configfile import CONFIG, load_config
    from selfplay.model.architecture import read_architecture
    from selfplay.model.foreign import COPY
    from selfplay.model.gpt import GPT
    from selfplay.model.hf import export_hf
    from selfplay.play.checkpoint import load_checkpoint
    from selfplay.play.run import build_encoder

    path: Path = arguments.checkpoint
    config = load_config(RunConfig, path.parent / CONFIG)
    if config.arm.n_members > 1:
        raise ValueError(f"{path}: an ensemble of {config.arm.n_members}; export a member, below members/")
    saved = load_checkpoint(path)
    tokenizer = build_encoder(config, path.parent).tokenizer
    model = GPT(config.model, len(tokenizer))
    model.load_state_dict(saved.get("average", saved["model"]))
    known = read_architecture(path.parent / COPY) if config.model.from_hf else {}
    export_hf(model.eval(), tokenizer, folder, known.get("max_position_embeddings", 0))
    print(f"{folder}: written; transformers loads it with AutoModelForCausalLM and AutoTokenizer")
