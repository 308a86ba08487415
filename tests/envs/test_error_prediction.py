from collections import Counter
from random import Random

import pytest

from envs.code.error_prediction import ANSWERS, ErrorPrediction
from envs.core import MalformedTask, Outcome

ENV = ErrorPrediction()


@pytest.mark.parametrize(
    ("prompt", "ending"),
    [
        ("def f(x:list):\n return x[-1]//x[0]\nf([0,5])!?", "ZeroDivisionError"),
        ("def f(x:list):\n return x[-1]//x[0]\nf([])!?", "IndexError"),
        ("def f(x:list):\n return x[-1]//x[0]\nf([1])!?", "ok"),
        ("def f(x:str):\n return int(x)\nf('1a')!?", "ValueError"),
        ("def f(x:str):\n return ord(x)\nf('1a')!?", "TypeError"),
        ("def f(x:int):\n return x if x>0 or 1//x>0 else 2\nf(5)!?", "ok"),
    ],
)
def test_endings(prompt: str, ending: str) -> None:
    task = ENV.parse(prompt)
    assert [answer for answer in ANSWERS if ENV.verify(task, answer).outcome is Outcome.CORRECT] == [ending]
    assert [ENV.verify(task, answer).outcome for answer in ANSWERS if answer != ending] == [Outcome.INCORRECT] * 4


@pytest.mark.parametrize("answer", ["", "OK", "ok ", "Exception", "OverflowError", "!ok", "ok IndexError", "o" * 10**6])
def test_malformed_answers(answer: str) -> None:
    assert ENV.verify(ENV.parse("def f(x:int):\n return x\nf(1)!?"), answer).outcome is Outcome.MALFORMED


@pytest.mark.parametrize(
    "prompt",
    ["", "def f(x:int):\n return x\nf(1)", "def f(x:int):\n return x\nf(1)==?", "def f(x:int):\n return x\nf('a')!?",
     "def f(x:int):\n return x*999*999\nf(2)!?", "def f(x:int):\n for a in range(999):\n  x=a\n return x\nf(2)!?",
     "def f(x:int):\n return x\nf(1)!?!?", "\0" * 900],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize("level", ENV.levels)
def test_endings_are_drawn_about_equally_often(level: int) -> None:
    rng = Random(level)
    counts = Counter(ENV.sample(rng, level).answer for _ in range(500))
    assert set(counts) == set(ANSWERS)
    assert min(counts.values()) > 50


def test_few_errors_can_be_read_off_the_text() -> None:
    """Of the functions that are asked about, most end well on some inputs and in an error on others."""
    from envs.program_interpreter import compute
    from envs.program_reader import read
    from envs.program_values import inputs

    rng, mixed = Random(0), 0
    for _ in range(200):
        solved = ENV.sample(rng, 3)
        function = read(solved.task.prompt.rpartition("\nf(")[0])
        done = compute(function, inputs(function.takes))
        mixed += solved.answer != "ok" and any(output[0] != "!" for output in done)
    assert mixed > 100
