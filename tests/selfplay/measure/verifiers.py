"""Verifiers for the tests, loaded by workers as `tests.selfplay.measure.verifiers:NAME`."""

import time
from fractions import Fraction
from typing import Any

import numpy as np

from envs.core import Outcome, Task, Verdict


def exact(gold: str, answer: str) -> bool:
    try:
        return Fraction(answer) == Fraction(gold)
    except (ValueError, ZeroDivisionError):
        return False


def score(gold: str, answer: str) -> float:
    return 0.9 if exact(gold, answer) else 0.3


def by_task(task: Any, answer: str) -> Verdict:
    assert isinstance(task, Task)
    return Verdict(Outcome.UNDECIDED if answer.startswith("-") else Outcome.CORRECT, "seen")


def annotated(question: Task, answer: str) -> bool:
    return question.env == "math/linear" and answer == ""


def numpy_score(gold: str, answer: str) -> Any:
    return np.float32(1.0) if gold == answer else np.bool_(False)


def raises(gold: str, answer: str) -> bool:
    raise KeyError(answer)


def hangs(gold: str, answer: str) -> bool:
    while answer.endswith("1"):
        time.sleep(10)
    return exact(gold, answer)


def returns_text(gold: str, answer: str) -> str:
    return "yes"


def too_high(gold: str, answer: str) -> float:
    return 7.0


def one_parameter(answer: str) -> bool:
    return True


not_callable = 3


def only_short(gold: str, answer: str) -> bool:
    return len(answer) <= 3


def never(gold: str, answer: str) -> bool:
    return False


def nearly(gold: str, answer: str) -> bool:
    """Equal up to 1.2e-6; reads numbers, and products such as (7)*(1+8*10**(-7)) of the audit's ladder."""

    def value(text: str) -> float:
        number, _, factor = text.partition("*(1+")
        step = int(factor.partition("*")[0]) if factor else 0
        return float(Fraction(number.strip("()"))) * (1 + step * 1e-7)

    try:
        a, b = value(gold), value(answer)
    except (ValueError, ZeroDivisionError):
        return False
    return abs(a - b) <= 1.2e-6 * max(abs(a), 1e-9)
