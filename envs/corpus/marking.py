r"""Marks an answer against a row of someone's data set, exactly or not at all.

Partial credit, answers that contain the right one and answers that look alike do not exist here. What cannot be read as
the marking wants is malformed; where both texts cannot be compared the verdict is undecided.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from envs.core import Outcome, Verdict
from envs.corpus.form import RUNS, Marking
from envs.corpus.latex import plain
from envs.equality import compare, verdict_of
from envs.execution import execute
from envs.sandbox import Execution, Program, canonical
from envs.sandbox.program import Outcome as Ended

PASSED = "passed"
MOST_DIGITS = 100

_NUMBER = re.compile(r"[-+]?\$?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.[0-9]+)?%?")
_FRACTION = re.compile(r"([-+]?[0-9]+)/([0-9]+)")
_DUNDER = re.compile(r"__\w+__")
_USUAL = {"__init__", "__name__", "__main__", "__repr__", "__str__", "__len__", "__iter__", "__next__"}

RIGHT_VALUE = Verdict(Outcome.CORRECT, tier="exact")
WRONG_VALUE = Verdict(Outcome.INCORRECT, "another value", tier="exact")


class Key(NamedTuple):
    """What a row is marked by.

    Attributes:
        answer: The data set's answer.
        before: The program up to the answer; all of it for `value`.
        after: What follows the answer.
        wanted: For `arguments`, the value as a literal.
    """

    answer: str
    before: str = ""
    after: str = ""
    wanted: str = ""


def mark(marking: Marking, key: Key, answer: str) -> Verdict:
    """A verdict on an answer of bounded length."""
    match marking:
        case "number":
            return _number_verdict(key.answer, answer)
        case "text":
            same = answer.split() == key.answer.split()
            return RIGHT_VALUE if same else Verdict(Outcome.INCORRECT, "other words", tier="exact")
        case "expression":
            return verdict_of(compare(key.answer, answer))
        case "latex":
            return _latex_verdict(key.answer, answer)
        case _:
            return _run_verdict(marking, key, answer)


def programs(marking: Marking, key: Key, answer: str) -> list[Program]:
    """What `mark` will run, so that many can be run at once."""
    if marking not in RUNS or refusal(marking, answer):
        return []
    if marking == "value":
        return [Program(key.before)]
    if marking == "arguments":
        return [Program(key.before + answer + key.after)]
    return [Program(f"{key.before}{answer}{key.after}\n{PASSED!r}")]


def refusal(marking: Marking, answer: str) -> str:
    """Why an answer is not run; empty where it may be."""
    if marking == "tests":
        # A class that equals everything passes every assertion.
        odd = next((name for name in _DUNDER.findall(answer) if name not in _USUAL), None)
        return f"{odd}: no part of an answer" if odd else ""
    if marking == "arguments":
        return "" if _literals(answer) is not None else "not literal arguments"
    return ""


def _number_verdict(right: str, answer: str) -> Verdict:
    wanted, given = read_number(right), read_number(answer)
    if wanted is None:
        return Verdict(Outcome.UNDECIDED, "the data set's answer is no number")
    if given is None:
        return Verdict(Outcome.MALFORMED, "not a number")
    return RIGHT_VALUE if given == wanted else WRONG_VALUE


def read_number(text: str) -> Fraction | None:
    """`1,234`, `$5.50`, `-3/4`, `40%` (40) as an exact number; None where it is none. Exact: 0.33 is not 1/3."""
    text = text.strip()
    if len(text) > MOST_DIGITS or not text:
        return None
    if fraction := _FRACTION.fullmatch(text):
        return Fraction(int(fraction[1]), int(fraction[2])) if int(fraction[2]) else None
    if not _NUMBER.fullmatch(text) or not any(c in "0123456789" for c in text):
        return None
    return Fraction(re.sub(r"[,$%]", "", text))


def _latex_verdict(right: str, answer: str) -> Verdict:
    if _squeezed(right) == _squeezed(answer):
        return RIGHT_VALUE
    wanted, given = plain(right), plain(answer)
    if wanted is None:  # words, an interval with odd signs: nothing but the same text is known to be right
        return Verdict(Outcome.UNDECIDED, "the data set's answer is outside the grammar, and the texts differ")
    if given is None:
        return Verdict(Outcome.MALFORMED, "not an expression")
    verdict = verdict_of(compare(wanted, given))
    if verdict.outcome is Outcome.MALFORMED and verdict_of(compare(wanted, wanted)).outcome is not Outcome.CORRECT:
        return Verdict(Outcome.UNDECIDED, "the data set's answer is outside the grammar, and the texts differ")
    return verdict


def _squeezed(text: str) -> str:
    return re.sub(r"\s+|\\[,;! ]|\\left|\\right", "", text).replace("dfrac", "frac").replace("tfrac", "frac")


def _run_verdict(marking: Marking, key: Key, answer: str) -> Verdict:
    if reason := refusal(marking, answer):
        return Verdict(Outcome.MALFORMED, reason)
    if marking == "value" and _literal(answer) is None:
        return Verdict(Outcome.MALFORMED, "not a literal")
    (run,) = execute(programs(marking, key, answer))
    if run.outcome not in (Ended.OK, Ended.ERROR):
        if marking == "tests" and run.outcome is Ended.TIMEOUT:
            return Verdict(Outcome.UNDECIDED, "timeout")
        return Verdict(Outcome.UNDECIDED, f"its program ended by {run.outcome}")
    if marking == "tests":
        passed = run.outcome is Ended.OK and run.value == repr(PASSED)
        return Verdict(
            Outcome.CORRECT if passed else Outcome.INCORRECT, "" if passed else _ending(run), tier="executed"
        )
    wanted = _literal(answer if marking == "value" else key.wanted)
    if run.outcome is Ended.ERROR or wanted is None:
        ours = marking == "value" or wanted is None
        return Verdict(Outcome.UNDECIDED if ours else Outcome.INCORRECT, _ending(run), "" if ours else "executed")
    same = run.value == wanted
    return Verdict(Outcome.CORRECT if same else Outcome.INCORRECT, "" if same else "another value", tier="executed")


def _ending(run: Execution) -> str:
    return f"raised {run.error}" if run.outcome is Ended.ERROR else "did not come to its end"


def _literals(text: str) -> tuple[object, ...] | None:
    """The arguments of a call written as literals."""
    try:
        return tuple(ast.literal_eval(f"[{text}\n]"))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _literal(text: str) -> str | None:
    """The canonical text of a literal."""
    try:
        return canonical(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def pieces(template: str, fillings: Sequence[str]) -> tuple[str, str]:
    """Before and after the answer of a program, from two fillings with answers of one different character each.

    Searching for the words that stand for an answer would find them in a row's text too.
    """
    first, second = fillings
    if "{ANSWER}" not in template:
        return first, ""
    place = next(i for i, (a, b) in enumerate(zip(first, second, strict=True)) if a != b)
    return first[:place], first[place + 1 :]
