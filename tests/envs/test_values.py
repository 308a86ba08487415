import pytest

from envs.equality import compare
from envs.equality.comparison import Label
from envs.equality.forms import Form
from envs.equality.values import parse_value
from envs.expression import GrammarError

CASES: list[tuple[str, str, Label]] = [
    ("{3,4}", "{4,3}", "equal"),
    ("{3,4}", "{4,3,6/2}", "equal"),
    ("{0,1}", "{cos(pi/2),exp(0)}", "equal"),
    ("{}", "{}", "equal"),
    ("{}", "{0}", "different"),
    ("{3,4}", "(3,4)", "different"),
    ("{3,4}", "3", "different"),
    ("{3,4}", "{3}", "different"),
    ("{3,4}", "{3,log(0)}", "reject"),
    ("{3,4}", "3 or 4", "reject"),
    ("{3,4}", "y=4 or y=3", "equal"),
    ("{(1,2),(3,4)}", "{(3,4),(2/2,2)}", "equal"),
    ("{(1,2),(3,4)}", "{(2,1),(3,4)}", "different"),
    ("(1,2,a)", "(1,2,a)", "equal"),
    ("(1,2)", "(2,1)", "different"),
    ("[1,3)", "1<=x<3", "equal"),
    ("[1,3)", "3>x and x>=1", "equal"),
    ("[1,3)", "[1,3]", "different"),
    ("(-oo,0) U (0,oo)", "x!=0", "equal"),
    ("[0,1] U [1,2]", "[0,2]", "equal"),
    ("[0,1) U (1,2]", "[0,2]", "different"),
    ("[0,sqrt(2)]", "[0,2/sqrt(2)]", "equal"),
    ("[0,sqrt(2)]", "[0,1.41421356237]", "different"),
    ("[a,b)", "[a,b+1-1)", "equal"),
    ("x<5", "5>x", "equal"),
    ("x<5", "-2*x>-10", "equal"),
    ("x<5", "x<=5", "different"),
    ("x<5", "y<5", "different"),
    ("x+y=3", "2*x+2*y=6", "equal"),
    ("x+y=3", "x+y=4", "different"),
    ("x**2=4", "x=2 or x=-2", "undecided"),
    ("5", "{5}", "reject"),
    ("5", "x=5", "reject"),
    ("5", "5<6", "reject"),
]


@pytest.mark.parametrize(("gold", "answer", "label"), CASES)
def test_values(gold: str, answer: str, label: Label) -> None:
    assert compare(gold, answer).label == label


@pytest.mark.parametrize(
    "text",
    ["5,", "[]", "[1]", "{1", "{1)", "{1,{2}}", "(1,)", "oo", "[oo,1)", "(1,-oo)", "[-oo,1)", "x==2", "1<x>0", "x<y=2",
     "{1}{2}", "{1} U", "(1,2)+3", "f(1,2)", "[1,2,3]", "{1,}", "x<", "{" * 500, "1," * 500],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(GrammarError):
        parse_value(text)


@pytest.mark.parametrize(
    ("form", "right", "wrong"),
    [
        ("expanded", "x**2+2*x+1", "(x+1)**2"),
        ("expanded", "2*x", "x+x"),
        ("expanded", "x**2", "x*x"),
        ("factored", "3*(x-y)*(x+y)", "3*(x**2-y**2)"),
        ("factored", "x**2+1", "x**2-1"),
        ("primes", "2*3**2", "2*9"),
        ("primes", "3*5", "15*1"),
        ("primes", "1", "1*1"),
        ("literal", "-0.5", "1-3/2"),
        ("literal", "-1/2", "2/4"),
        ("factored", "(x+1)**2", "exp(2*log(x+1))"),
        ("set", "{1}", "1"),
        ("interval", "(1,2)", "{1,2}"),
        ("tuple", "(1,2)", "[1,2]"),
    ],
)
def test_forms(form: Form, right: str, wrong: str) -> None:
    assert compare(right, right, form=form).label == "equal"
    assert compare(wrong, wrong, form=form).label == "reject"
