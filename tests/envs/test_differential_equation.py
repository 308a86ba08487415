from random import Random

import pytest
import sympy

from envs.core import MalformedTask, Outcome
from envs.grammar import parse
from envs.math.differential_equation import DifferentialEquation
from envs.symbolic import to_sympy

ENV = DifferentialEquation()


@pytest.mark.parametrize(
    "prompt",
    ["", "y'=y", "y'=y,y(0)", "y'=y,y(0)=", "y'=y,y(0)=x", "y'=y,y(0)=1.5", "y'=y,y(0)=1/0", "y'=y,y(pi)=1",
     "y'=y, y(0)=1",
     "y'=x,y(0)=1", "y'=5,y(0)=1", "y'=y,y(0)=0", "y'=y-3,y(0)=3", "y'=x*(y**2-1),y(0)=-1", "y'=x+y**2,y(0)=1",
     "y'=sin(x*y),y(0)=1", "y'=sqrt(y),y(0)=1", "y'=y**(1/3),y(0)=0", "y'=log(y),y(0)=2", "y'=y**x,y(0)=2",
     "y'=1/y,y(0)=0",
     "y'=y/x,y(0)=1", "y'=y*log(x),y(-1)=1", "y'=y*sqrt(x),y(0)=1", "y'=y-y,y(0)=1", "y'=0/0*y,y(0)=1",
     "y'=y**9**9,y(0)=1",
     "y'=z*y,y(0)=1", "y'=Abs(y),y(0)=1", "y'=y\0,y(0)=1", "y'=\u0663*y,y(0)=1", "y'=y,y(\u0660)=1",
     "y'=" + "(" * 5_000, "y'=y,y(0)=1" * 10**5],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("y'=2*y-6,y(0)=5", "2*exp(2*x)+3", Outcome.CORRECT),
        ("y'=2*y-6,y(0)=5", "3+exp(x)**2+exp(x)*exp(x)", Outcome.CORRECT),
        ("y'=2*y-6,y(0)=5", "y=2*exp(2*x)+3", Outcome.MALFORMED),
        ("y'=2*y-6,y(0)=5", "C*exp(2*x)+3", Outcome.MALFORMED),
        ("y'=2*y-6,y(0)=5", "3*exp(2*x)+3", Outcome.INCORRECT),
        ("y'=2*y-6,y(0)=5", "3", Outcome.INCORRECT),
        ("y'=2*y-6,y(0)=5", "5", Outcome.INCORRECT),
        ("y'=2*y-6,y(0)=5", "2*y-6", Outcome.MALFORMED),
        ("y'=2*y-6,y(0)=5", "2*exp(2*x)+3+x*10**-90", Outcome.INCORRECT),
        ("y'=2*y-6,y(0)=5", "2*exp(2*x)+3+0/x", Outcome.MALFORMED),
        ("y'=2*y-6,y(0)=5", "2*exp(2*sqrt(x**2))+3", Outcome.INCORRECT),
        ("y'=2*x*y**2,y(0)=1", "1/(1-x**2)", Outcome.CORRECT),
        ("y'=2*x*y**2,y(0)=1", "1/(1+x**2)", Outcome.INCORRECT),
        ("y'=y/x+x,y(1)=3", "x**2+2*x", Outcome.CORRECT),
        ("y'=y/x+x,y(1)=3", "x**2+3*x-1", Outcome.INCORRECT),
        ("y'=1/y,y(0)=-3", "-sqrt(2*x+9)", Outcome.CORRECT),
        ("y'=1/y,y(0)=-3", "sqrt(2*x+9)", Outcome.INCORRECT),
        ("y'=exp(-y),y(0)=0", "log(x+1)", Outcome.CORRECT),
        ("y'=y**2+1,y(0)=0", "tan(x)", Outcome.CORRECT),
        ("y'=y**2+1,y(0)=0", "sin(x)/cos(x)", Outcome.CORRECT),
        ("y'=y-y**2,y(0)=1/2", "1/(1+exp(-x))", Outcome.CORRECT),
        ("y'=-sin(x)*y,y(0)=1", "exp(cos(x)-1)", Outcome.CORRECT),
        ("y'=y*cos(x)+y,y(0)=2", "2*exp(x+sin(x))", Outcome.CORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    verdict = ENV.verify(ENV.parse(prompt), answer)
    assert verdict.outcome is outcome, verdict


def test_spellings_of_one_equation_share_their_id() -> None:
    assert ENV.parse("y'=2*(y-3),y(0)=5").id == ENV.parse("y'=y+y-6,y(0)=10/2").id
    assert (
        len({ENV.parse(f"y'={text}").id for text in ("y,y(0)=1", "y,y(0)=2", "y,y(1)=1", "2*y,y(0)=1", "x*y,y(0)=1")})
        == 5
    )


@pytest.mark.parametrize(
    ("prompt", "level"),
    [("y'=y+1,y(0)=1", 1), ("y'=y**2,y(0)=1", 2), ("y'=x*y,y(0)=1", 2), ("y'=x*y+x,y(0)=1", 2), ("y'=x*y+1,y(0)=1", 3)],
)
def test_levels_are_methods(prompt: str, level: int) -> None:
    assert ENV.parse(prompt).level == level


@pytest.mark.parametrize(
    ("solution", "prompt"),
    [
        ("2*y;0;2*exp(2*x)+3", "y'=2*y-6,y(0)=5"),
        ("y;0;exp(x)*x", "y'=y+exp(x),y(0)=0"),
        ("y/x;1;x**2+2*x", "y'=y/x+x,y(1)=3"),
        ("y**2;0;1/(1-x**2)", "y'=2*x*y**2,y(0)=1"),
        ("exp(-y);0;log(x+1)", "y'=exp(-y),y(0)=0"),
        ("y**2+1;0;tan(3*x)", "y'=3*(y**2+1),y(0)=0"),
    ],
)
def test_pose(solution: str, prompt: str) -> None:
    posed = ENV.pose(solution)
    assert posed.task.id == ENV.parse(prompt).id
    assert len(posed.task.prompt) <= len(prompt) + 3, "the equation is not tidied"


@pytest.mark.parametrize(
    "solution",
    ["", ";;", "y;0", "x*y;0;5", "y;0;x;1", "y;x;x", "y;0;y", "y;0;C*x", "y;0;exp(x)+exp(1)", "y;0;1/x",
     "y;0;log(x)", "sqrt(y);0;x+1",
     "y**2;0;x", "x+y**2;0;x+1", "y;0;x\0", "y;0;" + "(" * 5_000, "y" * 10**6],
)  # fmt: skip
def test_refused_solutions(solution: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.pose(solution)


@pytest.mark.parametrize("level", ENV.levels)
def test_against_sympy(level: int) -> None:
    rng, x, y = Random(level), sympy.Symbol("x"), sympy.Symbol("y")
    for _ in range(12):
        task, answer, _ = ENV.sample(rng, level)
        right, _, initial = task.prompt.removeprefix("y'=").partition(",y(")
        start, _, value = initial.partition(")=")
        solution = to_sympy(parse(answer))
        assert sympy.simplify(solution.subs(x, sympy.Rational(start)) - sympy.Rational(value)) == 0, task.prompt
        rest = sympy.diff(solution, x) - to_sympy(parse(right)).subs(y, solution)
        at = sympy.Rational(start) + sympy.Rational(1, 97)  # near the start, where the solution has a value
        assert sympy.simplify(rest) == 0 or abs(sympy.N(rest.subs(x, at), 40)) < 1e-25, task.prompt


def test_level_1_is_counted_exactly() -> None:
    env = DifferentialEquation(max_coefficient=2)
    rng = Random(0)
    found = {env.sample(rng, 1).task.id for _ in range(6_000)}
    assert env.capacity(1) == 10 * 5 * 4 * 5
    assert 0.95 * env.capacity(1) < len(found) <= env.capacity(1)


@pytest.mark.parametrize("fields", [{"max_level": 0}, {"max_level": 4}, {"max_coefficient": 1}])
def test_bad_configuration(fields: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(fields))}=.*use"):
        DifferentialEquation(**fields)
