"""Measures the best weights of a run on its held-out tasks, beyond what every round measures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from envs.core import Solved
from selfplay.config import RunConfig
from selfplay.configfile import CONFIG, load_config
from selfplay.data.sources import draw_real_data
from selfplay.model.ensemble import build_model
from selfplay.play.checkpoint import load_checkpoint
from selfplay.play.evaluate import Evaluator, pass_at_k
from selfplay.play.judges import Verifier
from selfplay.play.run import BEST, build_encoder, build_fabric
from selfplay.records import Scores
from selfplay.streams import derive


@dataclass(frozen=True)
class LevelScore:
    """Held-out tasks of one level of one env.

    Attributes:
        env: Name of the env.
        level: Its level.
        n_tasks: Held-out tasks of the level.
        solve_rate: Share of the samples of all of them that are correct, which is pass@1.
    """

    env: str
    level: int
    n_tasks: int
    solve_rate: float


@dataclass(frozen=True)
class Examination:
    """What `examine` measured.

    Attributes:
        scores: On all held-out tasks, accuracy included.
        pass_at: k to the mean chance that k samples hold a correct one, for powers of 2 up to the attempts made.
        n_tasks: Held-out tasks.
        by_level: The same samples, level by level.
    """

    scores: Scores
    pass_at: dict[int, float]
    n_tasks: int
    by_level: tuple[LevelScore, ...]

    def lines(self) -> list[str]:
        """For the terminal."""
        scores = self.scores
        return [
            f"held-out tasks          {self.n_tasks}",
            f"loss, answer tokens     {scores.answer_nats_per_token:.4f} nats/token",
            f"loss, task tokens       {scores.task_nats_per_token:.4f} nats/token",
            f"loss, all tokens        {scores.nats_per_token:.4f} nats/token",
            f"greedy accuracy         {scores.accuracy:.4f}",
            *(f"{f'pass@{k}':<24}{rate:.4f}" for k, rate in self.pass_at.items()),
            *(
                f"{f'{score.env} level {score.level}':<40}pass@1 {score.solve_rate:.4f}  ({score.n_tasks} tasks)"
                for score in self.by_level
                if len(self.by_level) > 1
            ),
        ]


def examine(folder: Path, n_attempts: int) -> Examination:
    """Load the early-stopped weights of a run folder and measure them.

    Raises:
        ValueError: The folder holds no run with a finished round, or a damaged one.
    """
    if n_attempts < 1:
        raise ValueError(f"-k {n_attempts}: needs at least 1 attempt per task")
    if not (folder / CONFIG).is_file():
        raise ValueError(
            f"{folder}: no run here (config.yaml is missing); name a folder made by train or a study's cell"
        )
    config = load_config(RunConfig, folder / CONFIG)
    saved = load_checkpoint(folder / BEST)
    fabric = build_fabric(config)
    encoder = build_encoder(config, folder)
    model = build_model(config.model, len(encoder.tokenizer), config.arm.n_members).to(fabric.device)
    model.load_state_dict(saved["model"])
    data = draw_real_data(config.data, config.real_seed)
    with Verifier({task.env.name: task.env for task in config.data.tasks}) as verifier, fabric.autocast():
        evaluator = Evaluator(data.heldout, encoder, verifier, len(data.heldout))
        scores = evaluator.evaluate(model)
        key = derive(config.seed, "examine")
        correct = evaluator.correct(model, data.heldout, n_attempts=n_attempts, temperature=1.0, key=key)
    ks = [k for k in (2**i for i in range(20)) if k <= n_attempts]
    pass_at = {k: sum(pass_at_k(n_attempts, sum(row), k) for row in correct) / len(correct) for k in ks}
    return Examination(scores, pass_at, len(correct), _by_level(data.heldout, correct))


def _by_level(examples: Sequence[Solved], correct: Sequence[Sequence[bool]]) -> tuple[LevelScore, ...]:
    rows: dict[tuple[str, int], list[Sequence[bool]]] = defaultdict(list)
    for solved, row in zip(examples, correct, strict=True):
        rows[solved.task.env, solved.task.level].append(row)
    return tuple(
        LevelScore(env, level, len(found), sum(map(sum, found)) / sum(map(len, found)))
        for (env, level), found in sorted(rows.items())
    )
