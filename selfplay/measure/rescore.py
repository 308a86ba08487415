"""What a run would have kept with another verifier: its stored attempts judged again, round by round.

Nothing of the run is changed. Attempts are those that the run's own model wrote, so the answer is about one step: with
another judge the model, and with it the next round's attempts, would have become others.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from envs.core import Env, MalformedTask, Outcome, Verdict
from selfplay.config import RunConfig
from selfplay.files import replacing
from selfplay.measure.audit import load_audit
from selfplay.measure.cases import Ruling
from selfplay.measure.samples import run_config
from selfplay.measure.subject import Progress, build_subject
from selfplay.play.keep import keep
from selfplay.play.log import ATTEMPTS
from selfplay.records import Attempt, Judged
from selfplay.streams import stream

_NO_END = Verdict(Outcome.MALFORMED, "no end", "form")


@dataclass(frozen=True)
class Rescored:
    """One round under its own judge and under the other.

    Rates are nan where they have no cases; what the truth left undecided counts for none.

    Attributes:
        round: Its number.
        n_attempts: Attempts stored.
        n_kept: Kept by the run.
        precision: Share of these that are right.
        n_other: Kept with the other judge, under the same caps and the same draws.
        other_precision: Share of these that are right.
        n_both: Kept by both.
        true_accept_rate: Of the other judge, on right attempts.
        false_accept_rate: Of the other judge, on wrong attempts.
        n_undecided: Attempts on which the other judge came to no verdict.
    """

    round: int
    n_attempts: int
    n_kept: int
    precision: float
    n_other: int
    other_precision: float
    n_both: int
    true_accept_rate: float
    false_accept_rate: float
    n_undecided: int


HEADER = ("round", "attempts", "kept", "right", "kept by it", "right", "by both", "TPR", "FPR", "undecided")


def table(rounds: Sequence[Rescored]) -> list[str]:
    """A line a round below a header, for the terminal."""
    rows = [HEADER]
    for r in rounds:
        counts = (r.round, r.n_attempts, r.n_kept, _share(r.precision), r.n_other, _share(r.other_precision), r.n_both)
        rows.append(
            (*map(str, counts), _share(r.true_accept_rate), _share(r.false_accept_rate), str(r.n_undecided))  # type: ignore[arg-type]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.rjust, row, widths)) for row in rows]


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def rescore(folder: Path, judge: str, *, on_done: Progress = lambda _: None) -> list[Rescored]:
    """Judge a run's stored attempts again and write `rescored/JUDGE/` into its folder.

    Args:
        folder: The run. Its files stay as they are; below `rescored/` go a Parquet file a round, with the columns of
            `attempts/` and what the other judge says, and `rescored.json`.
        judge: `env`, `accept-all`, `module:callable`, or another run's folder, whose model judges. One that compares
            with a right answer gets one that the run found, and gives no verdict where it found none.
        on_done: Called with the rounds done.

    Raises:
        ValueError: No run in the folder, no attempts, a damaged file, or no such judge.
    """
    config = run_config(folder)
    envs = {task.env.name: task.env for task in config.data.tasks}
    paths = sorted((folder / "attempts").glob("*.parquet"))
    if not paths:
        raise ValueError(f"{folder}: no attempts to judge; name a run whose self-play has begun")
    tables = [_read(path) for path in paths]
    audit = load_audit(None, [f"--run={folder}"], judge)
    out = folder / "rescored" / audit.title
    subject = build_subject(audit, envs)
    rounds = []
    try:
        for number, (path, attempts) in enumerate(zip(paths, tables, strict=True)):
            rows = attempts.to_pylist()
            golds = {(row["env"], row["prompt"]): row["answer"] for row in rows if row["truth"] == Outcome.CORRECT}
            judged = _judged(rows, envs, golds, subject)
            found, kept = _compare(int(path.stem), rows, judged, config)
            rounds.append(found)
            _write(attempts, judged, kept, out / path.name)
            on_done(number + 1)
    finally:
        subject.close()
    with replacing(out / "rescored.json") as temporary:
        plain = [{k: None if v != v else v for k, v in asdict(item).items()} for item in rounds]
        temporary.write_text(json.dumps({"judge": judge, "rounds": plain}, indent=2) + "\n")
    return rounds


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path, schema=ATTEMPTS)
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path}: cannot be read as a round's attempts ({reason})") from None


def _judged(
    rows: Sequence[Mapping[str, Any]],
    envs: Mapping[str, Env],
    golds: Mapping[tuple[str, str], str],
    subject: Any,
) -> list[Judged]:
    """Every attempt with the other judge's verdict, in order."""
    attempts = [_attempt(row, envs) for row in rows]
    missing = Verdict(Outcome.UNDECIDED, "no right answer to compare with")
    verdicts = [_NO_END if not attempt.complete else missing for attempt in attempts]
    asked = [
        i for i, a in enumerate(attempts)
        if a.complete and (not subject.takes_gold or (a.task.env, a.task.prompt) in golds)
    ]  # fmt: skip
    questions = [
        (attempts[i].task, golds.get((attempts[i].task.env, attempts[i].task.prompt), ""), attempts[i].answer)
        for i in asked
    ]
    for i, ruling in zip(asked, subject.rule(questions), strict=True):
        verdicts[i] = _verdict(ruling)
    return [Judged(attempt, verdict, "rescore") for attempt, verdict in zip(attempts, verdicts, strict=True)]


def _attempt(row: Mapping[str, Any], envs: Mapping[str, Env]) -> Attempt:
    try:
        task = envs[row["env"]].parse(row["prompt"])
    except (KeyError, MalformedTask):
        raise ValueError(f"{row['prompt']!r}: no task of this run's envs any more; they have changed since") from None
    return Attempt(
        task, row["answer"], row["complete"], row["n_prompt_tokens"], row["n_new_tokens"], row["logprob_nats"],
        row["model_step"], row["work"] or "",
    )  # fmt: skip


def _verdict(ruling: Ruling) -> Verdict:
    if ruling.accepted is None:
        return Verdict(Outcome.UNDECIDED, ruling.detail)
    if ruling.malformed:
        return Verdict(Outcome.MALFORMED, ruling.detail)
    return Verdict(Outcome.CORRECT if ruling.accepted else Outcome.INCORRECT, ruling.detail)


def _compare(
    number: int, rows: Sequence[Mapping[str, Any]], judged: Sequence[Judged], config: RunConfig
) -> tuple[Rescored, set[int]]:
    other = set(keep(judged, config.play, stream(config.seed, "keep", number)))
    kept = {i for i, row in enumerate(rows) if row["kept"]}
    truths = [row["truth"] for row in rows]
    accepted = [item.verdict.outcome is Outcome.CORRECT for item in judged]
    right = [i for i, truth in enumerate(truths) if truth == Outcome.CORRECT]
    wrong = [i for i, truth in enumerate(truths) if truth not in (Outcome.CORRECT, Outcome.UNDECIDED)]

    def precision(chosen: set[int]) -> float:
        decided = [i for i in chosen if truths[i] != Outcome.UNDECIDED]
        return _rate(sum(truths[i] == Outcome.CORRECT for i in decided), len(decided))

    return (
        Rescored(
            round=number,
            n_attempts=len(rows),
            n_kept=len(kept),
            precision=precision(kept),
            n_other=len(other),
            other_precision=precision(other),
            n_both=len(kept & other),
            true_accept_rate=_rate(sum(accepted[i] for i in right), len(right)),
            false_accept_rate=_rate(sum(accepted[i] for i in wrong), len(wrong)),
            n_undecided=sum(item.verdict.outcome is Outcome.UNDECIDED for item in judged),
        ),
        other,
    )


def _rate(count: int, of: int) -> float:
    return count / of if of else math.nan


def _write(attempts: pa.Table, judged: Sequence[Judged], kept: set[int], path: Path) -> None:
    table = attempts.append_column("other_verdict", pa.array([item.verdict.outcome.value for item in judged]))
    table = table.append_column("other_detail", pa.array([item.verdict.detail for item in judged]))
    table = table.append_column("other_kept", pa.array([i in kept for i in range(len(judged))]))
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
