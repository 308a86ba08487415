from typing import Any

import pytest

from envs.core import Outcome
from envs.equality import verdict_of
from envs.equality.comparison import Domain, Label
from envs.rules import check

LINE = {"kind": "integrate", "f": "2*x", "var": "x"}
ARC = {"kind": "integrate", "f": "1/(1+x**2)", "var": "x"}
INVERSE = {"kind": "integrate", "f": "1/x", "var": "x"}
SOLVE = {"kind": "solve", "equation": "x**2=9", "var": "x"}


@pytest.mark.parametrize(
    ("gold", "answer", "domain", "task", "label"),
    [
        ("x**2", "x**2+C", "real", LINE, "equal"),
        ("x**2", "x**2-7/3", "real", LINE, "equal"),
        ("x**2", "x**2+C*x", "real", LINE, "different"),
        ("x**2", "x**2+y", "real", LINE, "reject"),
        ("x**2", "x**2+sign(x)", "real", LINE, "reject"),
        ("x**2", "x**2+log(0)", "real", LINE, "reject"),
        ("x**2", "Integral(2*x,x)", "real", LINE, "reject"),
        ("x**2", "x**2+x/Abs(x)", "real", LINE, "different"),
        ("x**2", "x**2+x/Abs(x)", "positive", LINE, "equal"),
        ("atan(x)", "-atan(1/x)", "real", ARC, "different"),
        ("atan(x)", "-atan(1/x)", "positive", ARC, "equal"),
        ("-atan(1/x)", "atan(x)", "real", ARC, "equal"),
        ("log(Abs(x))", "log(-5*x)+3", "real", INVERSE, "equal"),
        ("{-3,3}", "x=3 or x=-3", "real", SOLVE, "equal"),
        ("{-3,3}", "{3}", "real", SOLVE, "different"),
        ("{-3,3}", "{x}", "real", SOLVE, "reject"),
        ("{-3,3}", "y=3 or y=-3", "real", SOLVE, "different"),
        ("3", "x=3", "real", {"kind": "solve", "var": "x"}, "equal"),
        ("12", "gcd(24,36)", "real", {"kind": "gcd"}, "reject"),
        ("2*x", "2*x", "real", None, "equal"),
    ],
)
def test_labels(gold: str, answer: str, domain: Domain, task: dict[str, Any] | None, label: Label) -> None:
    result = check(gold, answer, domain=domain, task=task)
    assert result.label == label, result
    assert result.correct == (label == "equal")


@pytest.mark.parametrize(
    ("gold", "answer", "task", "well_formed"),
    [
        ("391", "391", {"kind": "arith", "expr": "17*23"}, True),
        ("391", "17*23", {"kind": "arith", "expr": "17*23"}, False),
        ("15", "3*5", {"kind": "factorint", "n": 15}, True),
        ("15", "15*1", {"kind": "factorint", "n": 15}, False),
        ("(x-1)*(x+1)", "x**2-1", {"kind": "factor"}, False),
        ("x**2-1", "(x-1)*(x+1)", {"kind": "expand"}, False),
        ("x", "x**2/x", {"kind": "simplify", "f": "x**2/x"}, False),
        ("x", "2*x/2", {"kind": "simplify", "f": "x**2/x"}, True),
    ],
)
def test_an_equal_value_in_the_wrong_form_is_not_correct(
    gold: str, answer: str, task: dict[str, Any], well_formed: bool
) -> None:
    result = check(gold, answer, task=task)
    assert result.label == "equal"
    assert result.correct == well_formed
    assert verdict_of(result).outcome is (Outcome.CORRECT if well_formed else Outcome.MALFORMED)


@pytest.mark.parametrize(
    "task",
    [5, {}, {"kind": 3}, {"kind": "integrate", "f": "((", "var": "x"}, {"kind": "integrate", "f": "a*x"},
     {"kind": "integrate", "f": 3}, {"kind": "factorint", "n": "x"}, {"kind": "solve", "var": "xx"}],
)  # fmt: skip
def test_a_malformed_task_is_refused(task: Any) -> None:
    with pytest.raises(ValueError, match="task"):
        check("1", "1", task=task)


def test_a_kind_without_a_rule_says_so() -> None:
    assert "no rule" in check("1", "1", task={"kind": "guess"}).evidence
