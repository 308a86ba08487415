"""What a run leaves for readers: `rounds.jsonl`, the attempts of each round, TensorBoard scalars.

All three are projections of the checkpoint's reports and of the round just played. A resumed run writes them
again from its checkpoint, so no step appears twice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from selfplay.config import RunConfig
from selfplay.files import replacing
from selfplay.play.events import Events
from selfplay.play.round import PlayedRound

ATTEMPTS = pa.schema(
    [
        ("round", pa.int32()),
        ("env", pa.string()),
        ("env_version", pa.int32()),
        ("task_id", pa.string()),
        ("prompt", pa.string()),
        ("level", pa.int32()),
        ("work", pa.string()),
        ("answer", pa.string()),
        ("complete", pa.bool_()),
        ("n_prompt_tokens", pa.int32()),
        ("n_new_tokens", pa.int32()),
        ("logprob_nats", pa.float64()),
        ("model_step", pa.int64()),
        ("judge", pa.string()),
        ("judge_version", pa.int32()),
        ("judge_config", pa.dictionary(pa.int32(), pa.string())),
        ("score", pa.float64()),
        ("verdict", pa.string()),
        ("verdict_detail", pa.string()),
        ("verdict_tier", pa.string()),
        ("verdict_cost_s", pa.float64()),
        ("detail", pa.string()),
        ("tier", pa.string()),
        ("cost_s", pa.float64()),
        ("truth", pa.string()),
        ("kept", pa.bool_()),
    ]
)
"""One row an attempt. `judge*` and `verdict*` are the judge's: its configuration as JSON, what it said, on which
evidence, in how many seconds. `truth`, `detail`, `tier` and `cost_s` are the env's, of `env_version`. `model_step` is
of the weights that wrote the answer, and that judge where a model does with live weights."""

JUDGE_VERSION = 1
"""Raised when a judge of the same configuration comes to other verdicts (`play.judges`, `noise`, `self_judge`)."""

SCALARS = {
    "heldout/answer_nats_per_token": "heldout.answer_nats_per_token",
    "heldout/task_nats_per_token": "heldout.task_nats_per_token",
    "heldout/nats_per_token": "heldout.nats_per_token",
    "heldout/accuracy": "heldout.accuracy",
    "validation/answer_nats_per_token": "validation.answer_nats_per_token",
    "judge/solve_rate": "judge.solve_rate",
    "judge/true_accept_rate": "judge.true_accept_rate",
    "judge/false_accept_rate": "judge.false_accept_rate",
    "judge/kept_precision": "judge.kept_precision",
    "judge/informedness": "judge.informedness",
    "judge/auroc": "judge.auroc",
    "judge/auroc_within": "judge.auroc_within",
    "judge/gap": "judge.gap",
    "judge/relative_gap": "judge.relative_gap",
    "proposals/validity": "proposals.validity",
    "proposals/novelty": "proposals.novelty",
    "proposals/entropy": "proposals.entropy",
    "proposals/distance": "proposals.distance",
    "proposals/distinct_answers": "proposals.distinct_answers",
    "proposals/signal": "proposals.signal",
    "proposals/reward_gap": "proposals.reward_gap",
    "proposals/probe_gap": "proposals.probe_gap",
    "play/n_proposed": "n_proposed",
    "play/heldout_gain": "heldout_gain",
    "play/n_malformed_tasks": "n_malformed_tasks",
    "play/n_repeated_tasks": "n_repeated_tasks",
    "play/n_tasks": "n_tasks",
    "play/n_kept": "judge.n_kept",
    "play/n_stored": "n_stored",
    "train/nats_per_token": "train_nats_per_token",
    "train/lr": "lr",
    "train/n_skipped_steps": "n_skipped_steps",
    "cost/synthetic_tokens": "synthetic_tokens",
    "cost/train_flops": "train_flops",
    "cost/generate_flops": "generate_flops",
}
"""TensorBoard tag to the field of the round report; the horizontal axis is training tokens."""


class RunLog:
    """The readable side of one run folder."""

    def __init__(self, folder: Path, config: RunConfig) -> None:
        self._folder = folder
        self._env_versions = {task.env.name: task.env.version for task in config.data.tasks}
        self._judge = json.dumps(asdict(config.arm.judge), sort_keys=True)
        self._events = Events(folder)

    def begin(self, reports: Sequence[Mapping[str, Any]]) -> None:
        """Write what the checkpoint knows, instead of whatever an interrupted run left."""
        for report in reports:
            self._scalars(report)
        self._rounds(reports)

    def add(self, played: PlayedRound, reports: Sequence[Mapping[str, Any]]) -> None:
        """Log a round; `reports` ends with its own."""
        self._attempts(played)
        self._scalars(reports[-1])
        self._rounds(reports)

    def close(self) -> None:
        """Flush TensorBoard."""
        self._events.close()

    def _rounds(self, reports: Sequence[Mapping[str, Any]]) -> None:
        with replacing(self._folder / "rounds.jsonl") as temporary:
            temporary.write_text("".join(json.dumps(_finite(report)) + "\n" for report in reports))

    def _scalars(self, report: Mapping[str, Any]) -> None:
        flat = dict(_flatten(report))
        for tag, name in SCALARS.items():
            if isinstance(flat[name], int | float) and math.isfinite(flat[name]):
                self._events.scalar(tag, flat[name], report["train_tokens"])
        for kind, share in report["proposals"]["levels"].items():
            self._events.scalar(f"levels/{kind}", share, report["train_tokens"])
        for kind, share in report["proposals"]["real_levels"].items():
            self._events.scalar(f"real_levels/{kind}", share, report["train_tokens"])
        if report["alarms"]:
            self._events.text("alarms", "\n\n".join(report["alarms"]), report["train_tokens"])
        self._events.flush()

    def _attempts(self, played: PlayedRound) -> None:
        if not played.judged:
            return
        kept = set(played.kept)
        rows = [
            {
                "round": played.report.round,
                "env": item.attempt.task.env,
                "env_version": self._env_versions[item.attempt.task.env],
                "task_id": item.attempt.task.id,
                "prompt": item.attempt.task.prompt,
                "level": item.attempt.task.level,
                "work": item.attempt.work,
                "answer": item.attempt.answer,
                "complete": item.attempt.complete,
                "n_prompt_tokens": item.attempt.n_prompt_tokens,
                "n_new_tokens": item.attempt.n_new_tokens,
                "logprob_nats": item.attempt.logprob_nats,
                "model_step": item.attempt.model_step,
                "judge": item.judge,
                "judge_version": JUDGE_VERSION,
                "judge_config": self._judge,
                "score": item.score,
                "verdict": item.verdict.outcome.value,
                "verdict_detail": item.verdict.detail,
                "verdict_tier": item.verdict.tier,
                "verdict_cost_s": item.verdict.cost_s,
                "detail": truth.detail,
                "tier": truth.tier,
                "cost_s": truth.cost_s,
                "truth": truth.outcome.value,
                "kept": index in kept,
            }
            for index, (item, truth) in enumerate(zip(played.judged, played.truths, strict=True))
        ]
        with replacing(self._folder / "attempts" / f"{played.report.round:05d}.parquet") as temporary:
            pq.write_table(pa.Table.from_pylist(rows, schema=ATTEMPTS), temporary, compression="zstd")


def _flatten(report: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in report.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _finite(value: Any) -> Any:
    """JSON has no nan: a rate without cases is null."""
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
