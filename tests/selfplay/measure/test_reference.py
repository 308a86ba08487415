from random import Random

import pytest

from envs.code.deduction import Deduction
from envs.core import Env, Outcome, Task
from envs.math.antiderivative import Antiderivative
from envs.math.arithmetic import Arithmetic
from envs.math.factor_integer import FactorInteger
from envs.math.linear import Linear
from selfplay.measure.hostile import FIXED, N_INJECTIONS, dressed, injection
from selfplay.measure.reference import independent

FAMILIES = (Arithmetic(operations="+-*"), Linear(), FactorInteger(), Antiderivative(), Deduction())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_it_agrees_with_what_is_known_by_construction(family: Env):
    rng = Random(3)
    for _ in range(40):
        solved = family.sample(rng, rng.choice(family.levels))
        assert independent(solved.task, solved.answer) is True
        assert independent(solved.task, family.near_miss(solved, rng)) is False
        assert independent(solved.task, family.equivalent(solved, rng)) is not False


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_it_calls_no_hostile_text_right_and_never_raises(family: Env, tmp_path):
    rng = Random(4)
    for _ in range(3):
        solved = family.sample(rng, max(family.levels))
        wrong = family.near_miss(solved, rng)
        texts = [text for _, text in dressed(solved.answer, wrong, solved.task.prompt)]
        texts += [text for group in FIXED.values() for text in group]
        texts += [injection(number, solved.answer, tmp_path / "canary") for number in range(N_INJECTIONS)]
        for text in texts:
            assert independent(solved.task, text) is not True, text
            assert family.verify(solved.task, text).outcome is not Outcome.CORRECT, text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "prompt", "answer", "expected"),
    [
        ("math/arithmetic", "12+30", "042", None),  # a matter of form
        ("math/arithmetic", "12+30", "12+30", False),
        ("math/linear", "2x+1=4", "6/4", True),
        ("math/linear", "2x+1=4", "1.5", False),
        ("math/factor_integer", "12", "2*6", False),
        ("math/factor_integer", "12", "3*2*2", True),
        ("math/antiderivative", "2*x", "x**2+C", True),
        ("math/antiderivative", "2*x", "x**2+C*x", None),
        ("math/antiderivative", "2*x", "x**2+y", False),
        ("math/antiderivative", "1/(1+x**2)", "atan(x)", True),
        ("math/antiderivative", "1/(1+x**2)", "atan(x)*(1+1/10**12)", None),  # differs by less than it can tell
        ("math/antiderivative", "sqrt(a+x)", "2/3*(a+x)*sqrt(a+x)", True),
        ("code/deduction", "a=5;max(a,3) if a>9 else -a%3", "1", True),
        ("code/deduction", "a=5;max(a,3) if a>9 else -a%3", "5", False),
        ("somebody/else", "2*x", "x**2", None),
    ],
)
def test_cases(name: str, prompt: str, answer: str, expected: bool | None):
    assert independent(Task(name, prompt, 1, prompt), answer) is expected
