from random import Random

import pytest

from envs.code.distinction import Distinction
from envs.core import MalformedTask, Outcome

ENV = Distinction()
TASK = "def f(x:int):\n return max(x,3)\ndef g(x:int):\n return abs(x) if x>2 else 3-x//9\nf(?)!=g(?)"


def pair(first: str, second: str, kind: str = "int") -> str:
    return f"def f(x:{kind}):\n return {first}\ndef g(x:{kind}):\n return {second}\nf(?)!=g(?)"


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        ("", "not functions f and g"),
        ("def f(x:int):\n return x\nf(?)!=g(?)", "not functions f and g"),
        ("def g(x:int):\n return x\ndef f(x:int):\n return x+1\nf(?)!=g(?)", "not functions f and g|not one"),
        (pair("x", "x"), "0 of 40"),
        (pair("x+x", "x*2"), "0 of 40"),
        (pair("x if x!=999 else 1", "x"), "0 of 40"),
        (pair("x", "x+1"), "40 of 40"),
        (pair("x", "len(x)"), "len of int"),
        (pair("1//0", "2//0"), "0 of 40"),
        (pair("1", "'a'"), "40 of 40"),
        ("def f(x:int):\n return x\ndef g(x:str):\n return x\nf(?)!=g(?)", "different types"),
        (pair("x", "x") + "\n", "not functions f and g"),
        (pair("+".join("x" * 12), "+".join("x" * 12)), "above level 4"),
        ("\ndef g" * 150, "not functions f and g"),
        ("def f" * 10**6, "longer"),
    ],
)
def test_ill_posed_prompts(prompt: str, why: str) -> None:
    with pytest.raises(MalformedTask, match=why):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        (pair("x<3", "x<=3"), "3", Outcome.CORRECT),
        (pair("x<3", "x<=3"), "4", Outcome.INCORRECT),
        (pair("x<3", "x<=3"), "03", Outcome.MALFORMED),
        (pair("x<3", "x<=3"), "3 or 4", Outcome.MALFORMED),
        (pair("x<3", "x<=3"), "1000", Outcome.MALFORMED),
        (pair("x[:2]==x[::-1]", "x[1:]==x[::-1]", "list"), "[1,1]", Outcome.CORRECT),
        (pair("x[:2]==x[::-1]", "x[1:]==x[::-1]", "list"), "[1,2,1,2]", Outcome.INCORRECT),
        (pair("6//x if x<3 else 2", "6//x if x<2 else 2"), "2", Outcome.CORRECT),
        (pair("6//x if x==0 else 2", "'a'[x] if x==9 else 'a'"), "1", Outcome.UNDECIDED),
    ],
)
def test_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    if outcome is Outcome.UNDECIDED:
        with pytest.raises(MalformedTask):
            ENV.parse(prompt)
        task = ENV.parse(pair("x<3", "x<=3"))
        object.__setattr__(task, "prompt", prompt)
        assert ENV.verify(task, answer).outcome is outcome
    else:
        assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_an_error_against_a_value_tells_and_a_passed_bound_does_not() -> None:
    division = ENV.parse(pair("6//x if x<2 else 2", "7//x if x<2 and x!=0 else 2"))
    assert ENV.verify(division, "0").outcome is Outcome.CORRECT
    grows = ENV.parse(pair("x*999*x*2 if x>18 else x", "x"))
    assert ENV.verify(grows, "21").outcome is Outcome.CORRECT
    assert ENV.verify(grows, "50").outcome is Outcome.INCORRECT


def test_the_order_of_the_functions_does_not_matter_to_the_id() -> None:
    assert ENV.parse(pair("x<3", "x<=3")).id == ENV.parse(pair("x<=3", "x<3")).id
    assert ENV.parse(pair("x<3", "x<=3")).id != ENV.parse(pair("x<3", "x<=4")).id


def test_most_samples_are_mutants_and_not_planted_limits() -> None:
    rng = Random(0)
    drawn = [ENV.sample(rng, 3).task.prompt for _ in range(300)]
    assert sum("  return x\n return x*" in prompt for prompt in drawn) < 150


def test_capacity_counts_planted_limits() -> None:
    assert ENV.capacity(1) == 18 * 7
    limited = "def f(x:int):\n if x>15:\n  return x\n return x+1\ndef g(x:int):\n return x+1\nf(?)!=g(?)"
    assert ENV.verify(ENV.parse(limited), "16").outcome is Outcome.CORRECT
