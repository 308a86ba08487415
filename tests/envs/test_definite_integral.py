from random import Random

import pytest
import sympy

from envs.core import MalformedTask, Outcome
from envs.grammar import parse
from envs.math.definite_integral import DefiniteIntegral
from envs.symbolic import to_sympy

ENV = DefiniteIntegral()


@pytest.mark.parametrize(
    "prompt",
    ["", "x", "x@", "x@0", "x@0,", "x@0,0", "x@1,2/2", "x@0,1,2", "x@0, 1", "x@0,1.5", "x@0,1/0", "x@0,01", "x@0,-0",
     "x@0,oo",
     "x@0,99999", "5@0,1", "x-x@0,1", "sin(x)**2+cos(x)**2-1@0,1", "y@0,1", "1/x@0,1", "1/x@-1,1", "1/x@1,pi",
     "1/(x-1)**2@0,2",
     "1/(x**2-2)@2,3", "1/(x**2+1)**2@0,1", "sqrt(x)@0,1", "exp(x**2)@0,1", "log(x)@1,2", "x*exp(x)/(x+1)@0,1",
     "tan(x)@0,1",
     "0/0@0,1", "x**9**9@0,1", "(x+1)**30@0,1", "exp(99999999*x)@0,999", "x\0@0,1", "\u0663*x@0,1", "x@\u0660,1",
     "(" * 5_000, "x@0,1" * 10**5, "(exp(x)+sin(x)+cos(2*x)+exp(3*x))**24@0,1"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("3*x**2+1@0,2", "10", Outcome.CORRECT),
        ("3*x**2+1@0,2", "2**3+2", Outcome.CORRECT),
        ("3*x**2+1@0,2", "-10", Outcome.INCORRECT),
        ("3*x**2+1@2,0", "-10", Outcome.CORRECT),
        ("3*x**2+1@0,2", "10+C", Outcome.MALFORMED),
        ("3*x**2+1@0,2", "x**3+x", Outcome.MALFORMED),
        ("3*x**2+1@0,2", "", Outcome.MALFORMED),
        ("3*x**2+1@0,2", "10+1/0", Outcome.MALFORMED),
        ("3*x**2+1@0,2", "10+0*log(0)", Outcome.MALFORMED),
        ("x*exp(-x)@0,1", "1-2/E", Outcome.CORRECT),
        ("x*exp(-x)@0,1", "0.26424111765711535680895245967707826510837773793646", Outcome.INCORRECT),
        ("x*sin(2*x)@0,pi", "-pi/2", Outcome.CORRECT),
        ("x*sin(2*x)@0,pi", "-1.5707963267948966", Outcome.INCORRECT),
        ("x*sin(2*x)@0,pi", "-asin(1)", Outcome.MALFORMED),
        ("sin(x)@0,pi/3", "1/2", Outcome.CORRECT),
        ("cos(x)@0,pi/3", "sqrt(3)/2", Outcome.CORRECT),
        ("cos(x)@0,1", "sin(1)", Outcome.CORRECT),
        ("sin(x)**2@0,pi", "pi/2", Outcome.CORRECT),
        ("exp(x)*cos(x)@0,pi", "-(exp(pi)+1)/2", Outcome.CORRECT),
        ("1/x@1,2", "log(2)", Outcome.CORRECT),
        ("1/x@-2,-1", "-log(2)", Outcome.CORRECT),
        ("1/x@1,6", "log(2)+log(3)", Outcome.CORRECT),
        ("1/x@1,6", "log(5)", Outcome.INCORRECT),
        ("1/(x**2-x-2)@3,5", "log(2)/3", Outcome.CORRECT),
        ("1/(x-1)**2@2,4", "2/3", Outcome.CORRECT),
        ("1/(1+x**2)@-1,1", "pi/2", Outcome.CORRECT),
        ("1/(1+x**2)@0,2", "atan(2)", Outcome.CORRECT),
        ("1/(3+x**2)@0,3", "sqrt(3)*pi/9", Outcome.CORRECT),
        ("x/(1+x**2)@0,1", "log(2)/2", Outcome.CORRECT),
        ("(2*x+3)/(x**2+2*x+5)@-1,1", "log(2)+pi/8", Outcome.CORRECT),
        ("x/(x-1)-1/(x-1)@0,3", "3", Outcome.CORRECT),
        ("x**3+exp(x)+1/(x+1)@0,1", "exp(1)-3/4+log(2)", Outcome.CORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    verdict = ENV.verify(ENV.parse(prompt), answer)
    assert verdict.outcome is outcome, verdict


def test_spellings_of_one_integral_share_their_id() -> None:
    assert ENV.parse("2*sin(x)*cos(x)@0,1").id == ENV.parse("sin(2*x)@0,2/2").id
    assert ENV.parse("(x+1)**2*exp(x)/exp(2*x)@0,1").id == ENV.parse("exp(-x)*(1+2*x+x*x)@0,1").id
    assert ENV.parse("1/(x**2-1)@2,3").id == ENV.parse("1/(2*(x-1))-1/(2*x+2)@2,3").id
    assert ENV.parse("x@0,2*pi/4").id == ENV.parse("x@0,pi/2").id
    assert len({ENV.parse(f"x@{ends}").id for ends in ("0,1", "0,2", "-1,1", "1,0", "0,pi")}) == 5


@pytest.mark.parametrize("level", ENV.levels)
def test_against_sympy(level: int) -> None:
    rng, x = Random(level), sympy.Symbol("x", real=True)
    for _ in range(12):
        task, answer, _ = ENV.sample(rng, level)
        text, _, ends = task.prompt.partition("@")
        low, high = (to_sympy(parse(end)) for end in ends.split(","))
        function = to_sympy(parse(text)).subs(sympy.Symbol("x"), x)
        integral = sympy.integrate(function, x)
        found = integral.subs(x, high) - integral.subs(x, low)
        difference = sympy.N(found - to_sympy(parse(answer)), 30)
        # log of negative numbers on both sides leaves no trace, but for rounding
        assert abs(difference) < 1e-18 * max(1, abs(sympy.N(to_sympy(parse(answer))))), task.prompt


def test_capacities() -> None:
    env = DefiniteIntegral(max_level=2, max_coefficient=2, max_bound=2)
    assert env.capacity(1) == (5 * 4 + 10 * 4**2 + 10 * 4**3 - 4) * 10
    rng = Random(0)
    assert len({env.sample(rng, 2).task.id for _ in range(3_000)}) > env.capacity(2)


@pytest.mark.parametrize("fields", [{"max_level": 0}, {"max_level": 4}, {"max_coefficient": 1}, {"max_bound": 1}])
def test_bad_configuration(fields: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(fields))}=.*use"):
        DefiniteIntegral(**fields)
