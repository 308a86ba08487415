from random import Random

import pytest
import sympy

from envs.core import MalformedTask, Outcome
from envs.equality import compare
from envs.grammar import parse
from envs.math.inequality import Inequality
from envs.symbolic import to_sympy

ENV = Inequality()


@pytest.mark.parametrize(
    "prompt",
    ["", "x", "x=2", "x==2", "x<", "<x", "1<2", "x<x", "x<x+1", "0*x<1", "x<1<2", "x<y", "x<oo", "x!=2", "x=<2", "x <2",
     "x<2\n", "x**3-2<0", "x**5-x-1>0", "x**13-x>0", "x**9**9<1", "(x+1)**(10**6)<0", "(x+1)**99<0", "1/0<x", "0/0<x",
     "(x-1)/(x-x)<0", "(x-1)/2<0", "x/2/x<1", "(x+1)/(x+1)<1", "1/x<1/x", "Abs(3)<x", "Abs(x)/x<1", "Abs(Abs(x))<1",
     "Abs(x-1)+1<x", "abs(x)<1", "sqrt(x)<1", "x**2-9999999*x+1<0", "x<" + "9" * 13, "x<" + "9" * 9_999, "x<\u0661",
     "(" * 99 + "x<1", "x**2>-x**2+x**2*x**9"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("x**2-5*x+6<0", "(2,3)", Outcome.CORRECT),
        ("x**2-5*x+6<0", "(4/2,3)", Outcome.CORRECT),
        ("x**2-5*x+6<0", "(2,5/2)U[5/2,3)", Outcome.CORRECT),
        ("x**2-5*x+6<0", "(2,5/2)U(5/2,3)", Outcome.INCORRECT),
        ("x**2-5*x+6<0", "[2,3)", Outcome.INCORRECT),
        ("x**2-5*x+6<0", "(2,3]", Outcome.INCORRECT),
        ("x**2-5*x+6<0", "{2,3}", Outcome.INCORRECT),
        ("x**2-5*x+6<0", "(3,2)", Outcome.MALFORMED),
        ("x**2-5*x+6<0", "2<x<3", Outcome.MALFORMED),
        ("x**2-5*x+6<0", "x**2-5*x+6<0", Outcome.MALFORMED),
        ("x**2-5*x+6<0", "(2, 3)", Outcome.MALFORMED),
        ("x**2-5*x+6<0", "(2,3)U", Outcome.MALFORMED),
        ("x**2-5*x+6<0", "(2,3)U{}", Outcome.MALFORMED),
        ("x**2-5*x+6<0", "(2.0,3)", Outcome.MALFORMED),
        ("x**2-5*x+6<0", "(1+1,3)", Outcome.MALFORMED),
        ("x**2-5*x+6<0", "(sqrt(4),3)", Outcome.MALFORMED),
        ("x**2-5*x+6<0", "(2,3)U(2,3)" * 9_999, Outcome.MALFORMED),
        ("x**2-5*x+6>=0", "(-oo,2]U[3,oo)", Outcome.CORRECT),
        ("x**2-5*x+6>=0", "[3,oo)U(-oo,2]", Outcome.CORRECT),
        ("x**2-5*x+6>=0", "[-oo,2]U[3,oo]", Outcome.MALFORMED),
        ("x**2-5*x+6>=0", "(oo,2]U[3,oo)", Outcome.MALFORMED),
        ("x**2-x-1<0", "((1-sqrt(5))/2,(1+sqrt(5))/2)", Outcome.CORRECT),
        ("x**2-x-1<0", "(1/2-sqrt(5)/2,1/2+sqrt(5)/2)", Outcome.CORRECT),
        ("x**2-x-1<0", "((1-sqrt(5))/2,1/2+sqrt(20)/4)", Outcome.CORRECT),
        ("x**2-x-1<0", "((1+sqrt(5))/2,(1-sqrt(5))/2)", Outcome.MALFORMED),
        ("x**2-x-1<0", "((1-sqrt(5))/2,(1+sqrt(6))/2)", Outcome.INCORRECT),
        ("x**2-x-1<0", "((1-sqrt(5))/2,809016994/500000000)", Outcome.INCORRECT),
        ("2*x**2-1<=0", "[-sqrt(2)/2,sqrt(2)/2]", Outcome.CORRECT),
        ("(x-1)**2<=0", "{1}", Outcome.CORRECT),
        ("(x-1)**2<=0", "[1,1]", Outcome.MALFORMED),
        ("(x-1)**2<=0", "{}", Outcome.INCORRECT),
        ("(x-1)**2>0", "(-oo,1)U(1,oo)", Outcome.CORRECT),
        ("(x-1)**2>0", "(-oo,oo)", Outcome.INCORRECT),
        ("(x-1)**2<0", "{}", Outcome.CORRECT),
        ("(x-1)**2*(x-2)<=0", "(-oo,2]", Outcome.CORRECT),
        ("(x-1)**2*(x-2)>=0", "{1}U[2,oo)", Outcome.CORRECT),
        ("(x-1)**2*(x-2)**2<=0", "{2,1}", Outcome.CORRECT),
        ("x**2+1>0", "(-oo,oo)", Outcome.CORRECT),
        ("x**2+1<=0", "{}", Outcome.CORRECT),
        ("(x**2-4)/(x-1)<=0", "(-oo,-2]U(1,2]", Outcome.CORRECT),
        ("(x**2-4)/(x-1)<=0", "(-oo,-2]U[1,2]", Outcome.INCORRECT),
        ("(x**2-1)/(x-1)>0", "(-1,1)U(1,oo)", Outcome.CORRECT),
        ("(x**2-1)/(x-1)>0", "(-1,oo)", Outcome.INCORRECT),
        ("1/x<1", "(-oo,0)U(1,oo)", Outcome.CORRECT),
        ("1/x<1", "(1,oo)", Outcome.INCORRECT),
        ("(x+1)/(x-2)>=x", "(-oo,(3-sqrt(13))/2]U(2,(3+sqrt(13))/2]", Outcome.CORRECT),
        ("Abs(2*x-3)<5", "(-1,4)", Outcome.CORRECT),
        ("Abs(2*x-3)>=5", "(-oo,-1]U[4,oo)", Outcome.CORRECT),
        ("Abs(x)<=0", "{0}", Outcome.CORRECT),
        ("Abs(x)<-1", "{}", Outcome.CORRECT),
        ("Abs(x)>=x", "(-oo,oo)", Outcome.CORRECT),
        ("Abs(x)>x", "(-oo,0)", Outcome.CORRECT),
        ("Abs(x**2-5*x+5)>1", "(-oo,1)U(2,3)U(4,oo)", Outcome.CORRECT),
        ("3<=x", "[3,oo)", Outcome.CORRECT),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


@pytest.mark.parametrize(
    "same",
    [
        ("x**2-5*x+6<0", "0>x**2-5*x+6", "(x-2)*(x-3)<0", "-2*x**2+10*x-12>0", "x**2<5*x-6", "6-5*x<-x**2"),
        ("(x+1)/(x-2)>1", "(-x-1)/(2-x)>1", "(1+x)/(-2+x)>1", "(2*x+2)/(2*x-4)>1"),
        ("Abs(2*x-3)<5", "Abs(3-2*x)<5", "Abs(4*x-6)<10"),
    ],
)
def test_spellings_of_a_question_share_an_id(same: tuple[str, ...]) -> None:
    assert len({ENV.parse(prompt).id for prompt in same}) == 1


def test_other_relations_are_other_questions() -> None:
    assert len({ENV.parse(f"x-1{relation}0").id for relation in ("<", "<=", ">", ">=")}) == 4


def test_answers_agree_with_sympy() -> None:
    rng = Random(0)
    x = sympy.Symbol("x", real=True)
    for level in range(1, 4):
        for _ in range(12):
            solved = ENV.sample(rng, level)
            _agree(solved.task.prompt, solved.answer, x)


def _agree(prompt: str, answer: str, x: sympy.Symbol) -> None:
    """Solve the prompt by sympy, and compare the sets by `envs.equality`."""
    relation = next(sign for sign in ("<=", ">=", "<", ">") if sign in prompt)
    left, right = (to_sympy(parse(side)).subs(sympy.Symbol("x"), x) for side in prompt.split(relation))
    solution = sympy.reduce_inequalities(sympy.Rel(left, right, relation), x).as_set()
    pieces = solution.args if isinstance(solution, sympy.Union) else (solution,)
    text = "U".join(map(_spelled, pieces))
    assert compare(text, answer).label == "equal", f"{prompt}: {text} is not {answer}"


def _spelled(piece: sympy.Set) -> str:
    if piece is sympy.S.EmptySet or isinstance(piece, sympy.FiniteSet):
        return "{" + ",".join(map(str, piece.args)) + "}"
    if piece is sympy.S.UniversalSet:  # how sympy spells "always"
        return "(-oo,oo)"
    start, end = "(" if piece.left_open else "[", ")" if piece.right_open else "]"
    return f"{start}{piece.start},{piece.end}{end}"


def test_capacity_is_a_lower_bound() -> None:
    env = Inequality(max_points=2, max_coefficient=3)
    rng = Random(0)
    assert len({env.sample(rng, 1).task.id for _ in range(3_000)}) >= env.capacity(1)
    assert len({env.sample(rng, 2).task.id for _ in range(12_000)}) >= env.capacity(2)


def test_the_largest_configuration_fits() -> None:
    env = Inequality(max_points=5, max_coefficient=20)
    rng = Random(0)
    for _ in range(300):
        solved = env.sample(rng, 5)
        assert env.parse(solved.task.prompt) == solved.task
        assert solved.task.level == 5


def test_fields_are_checked() -> None:
    for fields in ({"max_points": 0}, {"max_coefficient": 1}):
        with pytest.raises(ValueError, match=next(iter(fields))):
            Inequality(**fields)
