import subprocess
import sys
from random import Random

import pytest

from envs.code.deduction import Deduction
from envs.core import MalformedTask, Outcome
from envs.execution import sandbox
from envs.math.linear import Linear
from envs.pool import VerifyPool
from envs.programs import evaluate, read

ENV = Deduction()


@pytest.mark.parametrize(
    "prompt",
    ["", ";", "a", "a=1", "a=1;", "a=1;;a", "b-a", "a=b;b", "a=1/0;a", "1//0", "1%0", "a=0;7%a", "a=1000;a", "99*99",
     "a=07;a", "1 + 2", "a=1; a", "+1", "a**2", "2**9", "1 if 2 else 3", "1 if 1<2<3 else 4", "1if 1<2 else 3",
     "min(1)", "min(1,2,3)", "abs(1,2)", "abs", "max()", "a==1", "a=1;a==1", "if=1;if", "x1=2;x1", "print(1)",
     "a=1;a=2;a=3;a=4;a=5;a", "z=1;z", "1\n2", "\u0661+1", "(" * 200 + "1" + ")" * 200, "-" * 500 + "1"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "value"),
    [
        ("a=7;b=a*2+1;b-a", "8"),
        ("-7//2", "-4"),
        ("-7%3", "2"),
        ("7%-3", "-2"),
        ("7//-2", "-4"),
        ("2-3-4", "-5"),
        ("2-(3-4)", "3"),
        ("20//3*2", "12"),
        ("--3", "3"),
        ("1 if 2<1 else 5 if 1<1 else 6", "6"),
        ("a=0;1//a if a>0 else 3", "3"),
        ("(1 if 1==1 else 2)+1", "2"),
        ("a=1;a=a+1;a", "2"),
        ("max(3,min(9,4))-abs(2-5)", "1"),
    ],
)
def test_values(prompt: str, value: str) -> None:
    assert ENV.verify(ENV.parse(prompt), value).outcome is Outcome.CORRECT


@pytest.mark.parametrize("answer", ["8.0", "+8", "08", " 8", "8;", "b-a", "-0", "eight", "True"])
def test_malformed_answers(answer: str) -> None:
    assert ENV.verify(ENV.parse("a=7;b=a*2+1;b-a"), answer).outcome is Outcome.MALFORMED


def test_spellings_of_one_program_share_their_id() -> None:
    assert ENV.parse("b=7;a=b*2;a-b").id == ENV.parse("a=7;b=(a*2);b-a").id
    assert ENV.parse("1-(2-3)").id != ENV.parse("1-2-3").id


def test_what_is_not_configured_is_refused() -> None:
    small = Deduction(operators="+", calls=False, choices=False)
    for prompt in ("3-2", "abs(3)", "1 if 1<2 else 3"):
        with pytest.raises(MalformedTask, match="configured"):
            small.parse(prompt)


def test_python_agrees() -> None:
    """Python runs our own samples in a child process; text of a model has no business there."""
    rng = Random(0)
    solved = [ENV.sample(rng, level) for level in ENV.levels for _ in range(300)]
    script = []
    for text in [task.prompt for task, _, _ in solved] + [task.canonical for task, _, _ in solved]:
        *statements, last = text.split(";")
        script += [*statements, f"print({last})"]
    run = subprocess.run(
        [sys.executable, "-I", "-"], input="\n".join(script), capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [answer for _, answer, _ in solved] * 2


def test_capacity_is_a_bound_that_sampling_exceeds() -> None:
    env = Deduction(max_statements=2, max_value=20, operators="-%", calls=False, choices=False)
    rng = Random(0)
    assert env.capacity(1) == env.capacity(2) == 21 * 21 + 21 * 8  # every difference is within 20
    found = {env.sample(rng, 2).task.id for _ in range(20_000)}
    assert len(found) > env.capacity(2)
    operations = {
        f"a={a};a{step}"
        for a in range(21)
        for step in (*(f"-{b}" for b in range(21)), *(f"%{b}" for b in range(2, 10)))
    }
    assert len({env.parse(program).id for program in operations}) == env.capacity(2)
    choices = Deduction(max_statements=1, max_value=20, operators="-%", calls=False)
    assert choices.capacity(1) == env.capacity(1) * (1 + 6 * 21 * 21)


def test_capacity_leaves_out_values_beyond_the_bound() -> None:
    env = Deduction(max_statements=1, max_value=20, operators="+", calls=False, choices=False)
    assert env.capacity(1) == sum(a + b <= 20 for a in range(21) for b in range(21))


def test_python_decides_and_not_our_evaluator() -> None:
    program = read("a=7;b=a*2+1;b-a")
    task = ENV.parse("a=7;b=a*2+1;b-a")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("envs.code.deduction.evaluate", lambda *_: 1 / 0)
        assert ENV.parse("a=7;b=a*2+1;b-a") == task
        assert ENV.verify(task, "8").tier == "executed"
    assert evaluate(program, 999) == 8


def test_programs_that_run_ahead_are_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = [f"a={n};a*{n}" for n in range(2, 20)]
    ENV.run_ahead([(prompt, "") for prompt in [*prompts, "a=", "import os"]])
    n_before = sandbox().status().n_programs
    assert [ENV.verify(ENV.parse(prompt), str(n * n)).outcome for n, prompt in enumerate(prompts, 2)] == [
        Outcome.CORRECT
    ] * len(prompts)
    assert sandbox().status().n_programs == n_before


def test_a_pool_verifies_programs_too() -> None:
    cases = [(ENV.parse(f"a={n};a+1"), str(n + n % 3)) for n in range(1, 30)]
    with VerifyPool({ENV.name: ENV, Linear().name: Linear()}) as pool:
        linear = Linear().sample(Random(0), 1)
        found = pool.verify([cases[0], (linear.task, linear.answer), *cases[1:]])
    assert found.pop(1).outcome is Outcome.CORRECT
    assert [v.outcome is Outcome.CORRECT for v in found] == [n % 3 == 1 for n in range(1, 30)]


@pytest.mark.parametrize("prompt", ["a=9;b=a*a;c=b*b;d=c*c;1", "a=1000;1"])
def test_names_stay_within_the_bound_too(prompt: str) -> None:
    with pytest.raises(MalformedTask, match="larger than 999"):
        Deduction(max_statements=9).parse(prompt)


def test_values_of_any_size_are_refused_in_bounded_time() -> None:
    squares = ";".join(
        f"{name}={before}*{before}" for before, name in zip("abcdefghijklmno", "bcdefghijklmnop", strict=True)
    )
    with pytest.raises(MalformedTask):
        Deduction(max_statements=20).parse(f"a=99;{squares};p")
