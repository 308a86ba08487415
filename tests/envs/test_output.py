import pytest

from envs.code.output import Output
from envs.core import MalformedTask, Outcome

ENV = Output()
SUM = "def f(x:list):\n a=0\n for b in x:\n  a=a+b*b\n return a\nf([3,1,2])==?"


@pytest.mark.parametrize(
    "prompt",
    ["", "f(1)==?", "def f(x:int):\n return x", "def f(x:int):\n return x\nf(1)==", "def f(x:int):\n return x\nf(1)==2",
     "def f(x:int):\n return x\nf(01)==?", "def f(x:int):\n return x\nf('a')==?", "def f(x:int):\n return x\nf(?)==?",
     "def f(x:int):\n return 1//x\nf(0)==?", "def f(x:int):\n return x*999*999\nf(9)==?",
     "def f(x:str):\n for a in range(4):\n  x=x+x\n return x\nf('abc')==?", "def f(x:int):\n return x\nf(1)==?\n",
     "9" * 10**6, "(" * 900],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        (SUM, "14", Outcome.CORRECT),
        (SUM, "13", Outcome.INCORRECT),
        (SUM, "014", Outcome.MALFORMED),
        (SUM, "14.0", Outcome.MALFORMED),
        (SUM, "9+1+4", Outcome.MALFORMED),
        (SUM, "'14'", Outcome.MALFORMED),
        (SUM, "1" * 10**6, Outcome.MALFORMED),
        ("def f(x:int):\n return x>3\nf(4)==?", "True", Outcome.CORRECT),
        ("def f(x:int):\n return x>3\nf(4)==?", "1", Outcome.MALFORMED),
        ("def f(x:int):\n return str(x)\nf(-4)==?", "'-4'", Outcome.CORRECT),
        ("def f(x:int):\n return str(x)\nf(-4)==?", "-4", Outcome.MALFORMED),
        ("def f(x:list):\n return x[::-1]\nf([1,-2])==?", "[-2,1]", Outcome.CORRECT),
        ("def f(x:list):\n return x[::-1]\nf([1,-2])==?", "[-2, 1]", Outcome.MALFORMED),
        ("def f(x:list):\n return x[::-1]\nf([1,-2])==?", "[1,-2]", Outcome.INCORRECT),
        ("def f(x:int):\n return -x//2\nf(7)==?", "-4", Outcome.CORRECT),
    ],
)
def test_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_spellings_of_one_task_share_their_id() -> None:
    assert ENV.parse(SUM.replace(" ", "  ").replace("def  f", "def f")).id == ENV.parse(SUM).id
    assert ENV.parse(SUM.replace("[3,", "[2,")).id != ENV.parse(SUM).id


def test_capacity_is_reached_by_chains() -> None:
    assert ENV.capacity(1) == 720
