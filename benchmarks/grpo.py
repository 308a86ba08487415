"""A round of policy gradient beside TRL's GRPO with the same weights, tasks and numbers; wall seconds a completion.

64 additions, 4 answers each (TRL's of at most 4 tokens, ours up to the context of 12), four steps of 64
texts, a divergence from the first weights, rewards
from the env's own check, fp32, one thread; the model and optimizer of configs/quickstart.yaml. Ours takes the round
from proposing to learning, its held-out evaluation left out, because TRL makes none; it reads what it was told to
learn, real examples filling up where an answer has no end. Needs trl, accelerate and datasets, which are not among the
peers that `make bench` installs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import round as whole
import torch
from _measure import write

from envs.core import Outcome
from selfplay.config import RunConfig
from selfplay.config.learner import LearnerConfig
from selfplay.data.encoding import Encoder
from selfplay.data.sources import draw_task
from selfplay.model.gpt import GPT
from selfplay.model.hf import export_hf
from selfplay.model.tokenizer import Tokenizer

N_TASKS, N_EACH, BATCH, KL = 64, 4, 64, 0.04
N_COMPLETIONS = N_TASKS * N_EACH


def configured(n_rounds: int) -> RunConfig:
    """Rounds of GRPO on tasks that the env draws."""
    config = whole.quickstart(0, 1)
    round_tokens = N_COMPLETIONS * (config.model.context_length - 1)
    learner = LearnerConfig(kind="policy", advantage="deviation", averaging="text", kl=KL)
    arm = replace(config.arm, proposer="env", learner=learner)
    play = replace(
        config.play,
        start_tokens=0,
        round_tokens=round_tokens,
        n_proposals=N_TASKS,
        n_attempts=N_EACH,
        real_fraction=0.0,
    )
    return replace(config, arm=arm, play=play, budget_tokens=n_rounds * round_tokens)


def ours(n_rounds: int) -> float:
    """Seconds of a round, from proposing to learning."""
    return whole.median(whole.rounds(configured(n_rounds + 1), None), ("propose", "solve", "judge", "learn"))


def trl(n_rounds: int) -> float:
    """Seconds of the steps of one generation of TRL's trainer."""
    from datasets import Dataset
    from datasets.table import InMemoryTable
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    config = configured(1)
    env = config.data.tasks[0].env
    tokenizer = Tokenizer.of([env])
    encoder = Encoder(tokenizer, config.model.context_length)
    rng = Random(0)
    tasks = [draw_task(config.data.tasks, rng).task for _ in range(N_TASKS * (n_rounds + 2))]
    prompts = {tokenizer.decode(encoder.solve_prompt(task)): task for task in tasks}
    ends: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            ends.append(time.perf_counter())

    def rewards(prompts: list[str], completions: list[str], **_: Any) -> list[float]:
        pairs = zip(prompts, completions, strict=True)
        return [float(env.verify(by_prompt[prompt], text).outcome is Outcome.CORRECT) for prompt, text in pairs]

    by_prompt = prompts
    steps = N_COMPLETIONS // BATCH
    with tempfile.TemporaryDirectory() as folder:
        model = GPT(config.model, len(tokenizer), torch.Generator().manual_seed(0))
        export_hf(model, tokenizer, Path(folder) / "model")
        asked = GRPOConfig(
            output_dir=folder, use_cpu=True, bf16=False, gradient_checkpointing=False, report_to="none",
            save_strategy="no", logging_strategy="no", disable_tqdm=True, per_device_train_batch_size=BATCH,
            steps_per_generation=steps, num_generations=N_EACH, max_completion_length=4, temperature=1.0, top_k=0,
            beta=KL, learning_rate=config.optim.lr, max_steps=steps * (n_rounds + 1),
        )  # fmt: skip
        trainer = GRPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(Path(folder) / "model"),
            processing_class=AutoTokenizer.from_pretrained(Path(folder) / "model", padding_side="left"),
            reward_funcs=rewards, args=asked, callbacks=[Clock()],
            train_dataset=Dataset(InMemoryTable.from_pydict({"prompt": list(prompts)}), fingerprint="additions"),
        )  # fmt: skip
        trainer.train()
    whole_rounds = ends[steps - 1 :: steps]
    return statistics.median(b - a for a, b in pairwise(whole_rounds))


def main() -> None:
    """Both, taking turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="PATH")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    pairs = [(ours(chosen.rounds), trl(chosen.rounds)) for _ in range(chosen.repeats)]
    ours_s, peer_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(peer / own for own, peer in pairs)
    print(
        f"ours  {ours_s / N_COMPLETIONS * 1e3:.2f} ms a completion, TRL {peer_s / N_COMPLETIONS * 1e3:.2f}: {ratio:.2f}"
    )
    write(chosen.json, {"ours_s": ours_s, "peer_s": peer_s, "ratio": ratio, "completions": N_COMPLETIONS})


if __name__ == "__main__":
    main()
