"""Verifies the rows of a JSONL file: expressions against references, or programs against expected values.

    {"id": 1, "gold": "2*x", "answer": "x+x", "domain": "real", "task": null}
        adds "label", "tier", "evidence", "cost_s"; "form", what is wrong with the spelling; "correct": equal and of
        the form that the task asks for
    {"id": 1, "code": "def f(x):\\n    return x + 1", "call": "f", "args": [1], "expected": 2}
        adds "outcome", "value", "passed"; `expected_text`, such as "(1, 2)", is canonical text for values JSON lacks

Rows keep their order and their other fields. Results go to a file beside the output first, slice by slice, so that
interrupted work goes on where it stopped; the output appears when it is whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeAlias

from envs.execution import backend
from envs.pool import Failure, Pool
from envs.rules import DOMAINS, check, check_task
from envs.sandbox import Program, Sandbox, Status, canonical
from selfplay.files import replacing
from selfplay.progress import Steps

Row: TypeAlias = dict[str, Any]
Verify: TypeAlias = Callable[[Sequence[Row]], list[Row]]

SLICE = 2_000
_MOST_SHOWN = 5
_TEXT = (str,)
_EXPRESSION: Mapping[str, tuple[type, ...]] = {"gold": _TEXT, "answer": _TEXT}
_PROGRAM: Mapping[str, tuple[type, ...]] = {"code": _TEXT}
_EXPRESSION_OPTIONS: Mapping[str, tuple[type, ...]] = {"domain": (str, type(None)), "task": (dict, type(None))}
_PROGRAM_OPTIONS: Mapping[str, tuple[type, ...]] = {
    "call": (str, type(None)),
    "args": (list, type(None)),
    "expected_text": _TEXT,
}
_EXPRESSION_ADDS = ("label", "correct", "form", "tier", "evidence", "cost_s")
_PROGRAM_ADDS = ("outcome", "value", "passed")
_WORDS: Mapping[type, str] = {str: "text", dict: "an object", list: "a list"}


@dataclass(frozen=True)
class Summary:
    """What came out.

    Attributes:
        counts: Rows by label or outcome.
        n_passed: Programs with the expected value; None for expressions.
        notes: Lines to tell besides: the layers a sandbox had.
    """

    counts: Counter[str]
    n_passed: int | None
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For the terminal."""
        n_rows = self.counts.total()
        passed = [] if self.n_passed is None else [f"passed      {self.n_passed} of {n_rows}"]
        return [*(f"{name:<12}{count}" for name, count in self.counts.most_common()), *passed, *self.notes]


def verify_file(source: Path, target: Path, checker: Literal["expression", "program"], *, workers: int) -> Summary:
    """Verify every row of a file.

    Args:
        source: JSONL.
        target: JSONL; taken over whole, or not at all.
        checker: What the rows are.
        workers: Processes.

    Raises:
        ValueError: Rows are malformed; the message lists their lines. Nothing is verified then.
        OSError: A file cannot be read or written.
    """
    expressions = checker == "expression"
    if target.exists() and not target.is_file():
        raise ValueError(f"{target}: is no regular file; name another output")
    rows = read_rows(source, *((_EXPRESSION, _EXPRESSION_OPTIONS) if expressions else (_PROGRAM, _PROGRAM_OPTIONS)))
    adds = _EXPRESSION_ADDS if expressions else _PROGRAM_ADDS
    with expression_checker(workers) if expressions else program_checker(workers) as (verify, notes):
        counts, n_passed = _verify_all(rows, target, verify, adds)
        return Summary(counts, None if expressions else n_passed, notes())


def read_rows(
    path: Path, needed: Mapping[str, tuple[type, ...]], optional: Mapping[str, tuple[type, ...]]
) -> list[Row]:
    """The rows of a JSONL file; blank lines are left out.

    Raises:
        ValueError: Lines that are no objects, or whose fields are missing or of the wrong type.
    """
    rows, problems = [], []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            problem = _problem(row, needed, optional)
        except (ValueError, RecursionError) as error:
            problem = f"not JSON: {error}"
        if problem:
            problems.append(f"line {number}: {problem}")
        else:
            rows.append(row)
    if problems:
        more = f"; and {len(problems) - _MOST_SHOWN} more" if len(problems) > _MOST_SHOWN else ""
        count = f"{len(problems)} bad row{'s' * (len(problems) > 1)}"
        raise ValueError(f"{path}: {count}: {'; '.join(problems[:_MOST_SHOWN])}{more}")
    return rows


def _problem(row: Any, needed: Mapping[str, tuple[type, ...]], optional: Mapping[str, tuple[type, ...]]) -> str:
    if not isinstance(row, dict):
        return "not a JSON object"
    for name, types in {**needed, **optional}.items():
        if name not in row:
            if name in needed:
                return f"field {name!r} is missing"
        elif not isinstance(row[name], types):
            return f"field {name!r} is not {_WORDS[types[0]]}"
    if "domain" in optional and (domain := row.get("domain") or "real") not in DOMAINS:
        return f"domain {domain!r}: use one of {', '.join(DOMAINS)}"
    if "task" in optional and row.get("task") is not None:
        try:
            check_task(row["task"])
        except ValueError as problem:
            return f"task: {problem}"
    return ""


@contextmanager
def expression_checker(workers: int) -> Iterator[tuple[Verify, Callable[[], tuple[str, ...]]]]:
    """Compares answers with references in worker processes."""
    with Pool(_compare, workers=workers) as pool:

        def verify(rows: Sequence[Row]) -> list[Row]:
            cases = [(row["gold"], row["answer"], row.get("domain") or "real", row.get("task")) for row in rows]
            return [_labelled(result) for result in pool.map(cases)]

        yield verify, lambda: ()


def _compare(case: tuple[str, str, Any, Any]) -> list[Any]:
    gold, answer, domain, task = case
    found = check(gold, answer, domain=domain, task=task)
    return [found.label, found.correct, found.form, found.tier, found.evidence, found.cost_s]


def _labelled(result: Any) -> Row:
    if isinstance(result, Failure):
        result = ["undecided", False, "", "", f"{result.kind}: {result.detail}", 0.0]
    return dict(zip(_EXPRESSION_ADDS, result, strict=True))


@contextmanager
def program_checker(workers: int) -> Iterator[tuple[Verify, Callable[[], tuple[str, ...]]]]:
    """Runs programs in the sandbox and compares their values with the expected ones out here."""
    with Sandbox(backend=backend(), workers=workers) as box:

        def verify(rows: Sequence[Row]) -> list[Row]:
            programs = [Program(row["code"], row.get("call"), tuple(row.get("args") or ())) for row in rows]
            return [_passed(row, run.outcome, run.value) for row, run in zip(rows, box.run(programs), strict=True)]

        yield verify, lambda: (_layers(box.status()),)


def _layers(status: Status) -> str:
    active = ", ".join(layer.name for layer in status.layers if layer.active)
    return f"sandbox     {status.backend}{f': {active}' if active else ''}{'' if status.safe else ', UNSAFE'}"


def _passed(row: Row, outcome: str, value: str | None) -> Row:
    """No expected value, no verdict. A value that JSON cannot write is expected by its canonical text."""
    if "expected_text" not in row and "expected" not in row:
        return {"outcome": outcome, "value": value, "passed": None}
    expected = row["expected_text"] if "expected_text" in row else canonical(row["expected"])
    return {"outcome": outcome, "value": value, "passed": outcome == "ok" and value == expected}


def _verify_all(rows: Sequence[Row], target: Path, verify: Verify, adds: tuple[str, ...]) -> tuple[Counter[str], int]:
    part = target.with_name(f".{target.name}.part")
    header = json.dumps({"selfplay": version("selfplay-testbed"), "adds": adds})
    done = _done(part, header, rows, adds)
    part.parent.mkdir(parents=True, exist_ok=True)
    with Steps("verifying", len(rows), "rows", n_done=len(done)) as steps, part.open("w") as file:
        file.writelines(line + "\n" for line in (header, *map(json.dumps, done)))
        for start in range(len(done), len(rows), SLICE):
            chunk = rows[start : start + SLICE]
            found = [{**row, **result} for row, result in zip(chunk, verify(chunk), strict=True)]
            file.writelines(json.dumps(row) + "\n" for row in found)
            file.flush()
            done += found
            steps.update(len(done))
    with replacing(target) as temporary:
        temporary.write_text("".join(json.dumps(row) + "\n" for row in done))
    part.unlink()
    return Counter(row[adds[0]] for row in done), sum(row.get("passed") is True for row in done)


def _done(part: Path, header: str, rows: Sequence[Row], adds: tuple[str, ...]) -> list[Row]:
    """Rows that an interrupted run of the same version and checker has verified."""
    if not part.exists():
        return []
    first, *lines = part.read_bytes().split(b"\n")
    if first != header.encode():
        return []
    done: list[Row] = []
    for row, line in zip(rows, lines, strict=False):
        try:
            found = json.loads(line)
        except ValueError:
            break  # the last line of an interrupted write
        if not isinstance(found, dict) or not set(adds) <= found.keys():
            break
        if any(found.get(name) != value for name, value in row.items() if name not in adds):
            break  # results of another file
        done.append(found)
    return done
