from typing import Any

import pytest

from envs.core import Outcome
from envs.equality import verdict_of
from envs.equality.comparison import Domain, Label
from envs.rules import check, check_task

LINE = {"kind": "integrate", "f": "2*x", "var": "x"}
ARC = {"kind": "integrate", "f": "1/(1+x**2)", "var": "x"}
INVERSE = {"kind": "integrate", "f": "1/x", "var": "x"}
NESTED = {"kind": "integrate", "f": "1/(x*log(x))", "var": "x"}
SOLVE = {"kind": "solve", "equation": "x**2=9", "var": "x"}


@pytest.mark.parametrize(
    ("gold", "answer", "domain", "task", "label"),
    [
        ("x**2", "x**2+C", "real", LINE, "equal"),
        ("x**2", "x**2-7/3", "real", LINE, "equal"),
        ("x**2", "x**2+C*x", "real", LINE, "different"),
        ("x**2", "x**2+y", "real", LINE, "reject"),
        ("x**2", "x**2+sign(x)", "real", LINE, "different"),
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
        ("3", "x=3", "real", {"kind": "solve", "equation": "x-3=0", "var": "x"}, "equal"),
        ("{a/2}", "x=a/2", "real", {"kind": "solve", "equation": "2*x=a", "var": "x"}, "equal"),
        ("(2,oo)", "(2+x-x,oo)", "real", {"kind": "solve", "equation": "2*x>4", "var": "x"}, "reject"),
        ("[1,3]", "1<=x<=3", "real", {"kind": "solve", "equation": "Abs(x-2)<=1"}, "equal"),
        ("(2,oo)", "2<x", "real", {"kind": "solve", "equation": "2*x>4"}, "equal"),
        ("log(Abs(log(x)))", "log(Abs(log(x)))", "real", NESTED, "equal"),
        ("log(Abs(log(x)))", "log(Abs(2*log(x)))+1", "real", NESTED, "equal"),
        ("log(Abs(log(x)))", "log(Abs(log(x)))+log(x)", "real", NESTED, "different"),
        ("x*Abs(x)/2", "x**2*sign(x)/2", "real", {"kind": "integrate", "f": "Abs(x)", "var": "x"}, "equal"),
        ("-1/x", "-1/x+sign(x)", "real", {"kind": "integrate", "f": "1/x**2", "var": "x"}, "equal"),
        ("x**3", "x**3", "real", LINE, "undecided"),
        ("1", "1", "real", {"kind": "factorint", "n": 1}, "equal"),
        ("3*5", "3*5", "real", {"kind": "factorint", "n": 21}, "undecided"),
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
        ("{2}", "3*x+7=13", {"kind": "solve", "equation": "3*x+7=13", "var": "x"}, False),
        ("{1/3}", "(1-x)/2=x", {"kind": "solve", "equation": "(1-x)/2=x", "var": "x"}, False),
        ("(2,oo)", "2*x-4>0", {"kind": "solve", "equation": "2*x-4>0", "var": "x"}, False),
        ("{2,3}", "x-2=0 or x-3=0", {"kind": "solve", "equation": "x**2-5*x+6=0", "var": "x"}, False),
        ("391", "782/2", {"kind": "arith", "expr": "17*23"}, False),
        ("1/3", "782/2346", {"kind": "arith", "expr": "782/2346"}, False),
        ("1/3", "1/3", {"kind": "arith", "expr": "2/6"}, True),
        ("1/3", "1/3", {"kind": "arith", "expr": "1/3"}, True),
        ("1/2", "0.5", {"kind": "arith", "expr": "2/4"}, True),
        ("17", "34/2", {"kind": "gcd"}, False),
        ("17*23", "17*23", {"kind": "arith", "expr": "17*23"}, False),
        ("2*sqrt(2)", "sqrt( 8)", {"kind": "arith", "expr": "sqrt(8)"}, False),
        ("sqrt(3)+sqrt(2)", "sqrt(2)+sqrt(3)", {"kind": "arith", "expr": "sqrt(3)+sqrt(2)"}, False),
        ("2*sqrt(2)", "2*sqrt(2)", {"kind": "arith", "expr": "sqrt(8)"}, True),
        ("(x+1)**2", "exp(2*log(x+1))", {"kind": "factor"}, False),
        ("(x+1)**2", "sqrt((x+1)**4)", {"kind": "factor"}, False),
        ("(x+1)**2", "Abs(x+1)**2", {"kind": "factor"}, False),
        ("(x-1)*(x+1)", "exp(log(x**2-1))", {"kind": "factor"}, False),
        ("(x-1)*(x+1)", "(x-1)*(x+1)*sin(1)/sin(1)", {"kind": "factor"}, False),
        ("(x-1)*(x+1)", "x**2*(1-1/x**2)", {"kind": "factor"}, False),
        ("(x-1)*(x+1)", "x*(x-1/x)", {"kind": "factor"}, False),
        ("x**2+2*x+1", "Abs(x+1)**2", {"kind": "expand"}, False),
        ("exp(x)**2+2*exp(x)+1", "1+2*exp(x)+exp(x)**2", {"kind": "expand"}, True),
        ("exp(x)**2+2*exp(x)+1", "(exp(x)+1)**2", {"kind": "expand"}, False),
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
     {"kind": "integrate", "f": 3}, {"kind": "factorint", "n": "x"}, {"kind": "solve", "var": "xx"},
     {"kind": "arith"}, {"kind": "arith", "expr": 5}, {"kind": "arith", "expr": "2+"}, {"kind": "factorint"},
     {"kind": "integrate", "var": "x"}, {"kind": "solve", "equation": "x=", "var": "x"}, {"f": "x"},
     {"kind": "solve", "equation": "x=1", "var": "xx"}, {"kind": "differentiate"}, {"kind": "expand", "expr": "(("}],
)  # fmt: skip
def test_a_malformed_task_is_refused(task: Any) -> None:
    for refuse in (lambda: check("1", "1", task=task), lambda: check_task(task)):
        with pytest.raises(ValueError, match=r"^task.*\Z"):
            refuse()


@pytest.mark.parametrize(
    "task", [None, {"kind": "guess", "f": "(("}, {"kind": "gcd", "expr": "gcd(24,36)"}, LINE, SOLVE]
)
def test_a_task_that_may_be_posed(task: Any) -> None:
    check_task(task)


@pytest.mark.parametrize("kind", ["factor", "expand"])
def test_where_the_gold_is_no_polynomial_the_form_may_be_undecided(kind: str) -> None:
    result = check("exp(x)+1", "1+exp(2*x/2)", task={"kind": kind})
    assert result.label == "equal"
    result = check("exp(2*x)-1", "(exp(x)-1)*(exp(x)+1)", task={"kind": kind})
    assert result.label == "undecided"
    assert "no polynomial" in result.evidence


@pytest.mark.parametrize(
    ("gold", "answer"),
    [("sign(n)", "1"), ("sign(n)**2", "1"), ("2**n*sign(n)", "2**n"), ("sign(n*m)", "1"), ("sign(n)+sign(m)", "2")],
)
def test_natural_numbers_begin_at_0(gold: str, answer: str) -> None:
    assert check(gold, answer, domain="nonneg-int").label == "different"
    assert check(answer, gold, domain="nonneg-int").label == "different"


def test_a_kind_without_a_rule_says_so() -> None:
    assert "no rule" in check("1", "1", task={"kind": "guess"}).evidence
