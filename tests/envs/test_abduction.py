import pytest

from envs.code.abduction import Abduction
from envs.core import MalformedTask, Outcome
from envs.execution import sandbox

ENV = Abduction()
TASK = "def f(x:str):\n return len(x)+x.count('a')\nf(?)==5"


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        ("", "not a function and an output"),
        ("f(?)==3", "not a function and an output"),
        ("def f(x:int):\n return x", "not a function and an output"),
        ("def f(x:int):\n return x\nf(?)==3.0", "no value"),
        ("def f(x:int):\n return x\nf(?)==03", "no value"),
        ("def f(x:int):\n return x\nf(?)=='a'", "no value"),
        ("def f(x:int):\n return x\nf(?)==3\n", "no value"),
        ("def f(x:int):\n return x*2\nf(?)==3", "0 of 40"),
        ("def f(x:int):\n return x*2\nf(?)==" + "9" * 41, "too long"),
        ("def f(x:int):\n return 7\nf(?)==7", "40 of 40"),
        ("def f(x:int):\n return x>0\nf(?)==True", "of 40"),
        ("def f(x:int):\n return 1//0\nf(?)==1", "0 of 40"),
        ("def f(x:list):\n while 1<2:\n  x=x\n return x\nf(?)==[1]", "While"),
        ("def f(x:int):\n return " + "x+" * 20 + "x\nf(?)==21", "above level 4"),
        ("x" * 10**6, "longer"),
    ],
)
def test_ill_posed_prompts(prompt: str, why: str) -> None:
    with pytest.raises(MalformedTask, match=why):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("'hello'", Outcome.CORRECT),
        ("'aab'", Outcome.CORRECT),
        ("'aaz'", Outcome.CORRECT),
        ("'b'", Outcome.INCORRECT),
        ("''", Outcome.INCORRECT),
        ('"bb"', Outcome.MALFORMED),
        ("bb", Outcome.MALFORMED),
        ("'bb')or(True", Outcome.MALFORMED),
        ("'bb'+''", Outcome.MALFORMED),
        ("'B b'", Outcome.MALFORMED),
        ("2", Outcome.MALFORMED),
        ("'" + "b" * 13 + "'", Outcome.MALFORMED),
        ("'" + "b" * 10**6 + "'", Outcome.MALFORMED),
    ],
)
def test_tricky_answers(answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(TASK), answer).outcome is outcome


def test_an_input_that_raises_or_passes_a_bound_is_wrong() -> None:
    task = ENV.parse("def f(x:int):\n return 100//x*999\nf(?)==4995")
    assert [ENV.verify(task, answer).outcome for answer in ("20", "0", "1")] == [
        Outcome.CORRECT, Outcome.INCORRECT, Outcome.INCORRECT
    ]  # fmt: skip


def test_spellings_of_one_task_share_their_id() -> None:
    wide = "def f(n: str):\n    return len(n) + n.count('a')\nf(?)==5"
    assert ENV.parse(wide).id == ENV.parse(TASK).id
    assert ENV.parse(TASK[:-1] + "6").id != ENV.parse(TASK).id


def test_pose() -> None:
    posed = ENV.pose("def f(x:int):\n return x*3+1\nf(7)")
    assert (posed.task.prompt, posed.answer) == ("def f(x:int):\n return x*3+1\nf(?)==22", "7")
    for body, given in (("x", "'a'"), ("5", "1"), ("1//x", "0"), ("x", "1)) or (True"), ("x", "")):
        with pytest.raises(MalformedTask):
            ENV.pose(f"def f(x:int):\n return {body}\nf({given})")


def test_capacity_is_reached_by_chains() -> None:
    assert ENV.capacity(1) == 18 * 40
    texts = {
        ENV.parse(f"def f(x:int):\n return x{sign}{digit}\nf(?)=={given + (digit if sign == '+' else -digit)}").id
        for sign in "+-"
        for digit in range(1, 10)
        for given in (2, 50, -16)
    }
    assert len(texts) == 18 * 3


def test_what_ran_ahead_is_not_run_again() -> None:
    pairs = [(f"def f(x:int):\n return x*{n}-{n}\nf(?)=={n}", "2") for n in range(11, 40)]
    ENV.run_ahead([*pairs, ("nonsense", "1"), (TASK, "no input")])
    before = sandbox().status().n_programs
    for prompt, answer in pairs:
        assert ENV.verify(ENV.parse(prompt), answer).outcome is Outcome.CORRECT
    assert sandbox().status().n_programs == before


@pytest.mark.parametrize("max_level", [0, 7])
def test_levels_beyond_the_sampler_are_refused(max_level: int) -> None:
    with pytest.raises(ValueError, match="max_level"):
        Abduction(max_level=max_level)
