from random import Random

import pytest

from envs.code.repair import Repair
from envs.core import MalformedTask, Outcome
from envs.execution import sandbox
from envs.program_writer import write

ENV = Repair()
POSED = ENV.pose("def f(x:int):\n return x*3+1\ndef f(x:int):\n return x*3+2")
PROMPT = POSED.task.prompt


def test_pose_shows_the_wrong_program_and_tests_of_the_right_one() -> None:
    *lines, tag = PROMPT.split("\n")
    assert lines == ["def f(x:int):", " return x*3+2", "f(2)==7", "f(0)==1", "f(5)==16", "f(-3)==-8"]
    assert tag[0] == "#"
    assert len(tag) == 9
    assert POSED.answer == "def f(x:int):\n return x*3+1"


def test_a_test_that_fails_is_among_them_wherever_it_is() -> None:
    late = ENV.pose("def f(x:int):\n return min(x,40)\ndef f(x:int):\n return min(x,41)").task.prompt
    assert late.split("\n")[2:6] == ["f(2)==2", "f(0)==0", "f(5)==5", "f(42)==40"]


@pytest.mark.parametrize(
    ("answer", "outcome", "tier"),
    [
        ("def f(x:int):\n return x*3+1", Outcome.CORRECT, "commitment"),
        ("def f(n:int):\n    return 1+n*3", Outcome.CORRECT, "commitment"),
        ("def f(x:int):\n return x*3+2", Outcome.INCORRECT, "executed"),  # as it was
        ("def f(x:int):\n return x*4+1", Outcome.INCORRECT, "executed"),
        ("def f(x:int):\n return 1//x", Outcome.INCORRECT, "executed"),
        ("def f(x:int):\n return min(x,5)*3+1", Outcome.INCORRECT, "commitment"),  # passes the tests shown
        ("def f(x:int):\n return x*3+1+0+0", Outcome.MALFORMED, ""),  # two nodes too many
        ("def f(x:str):\n return len(x)", Outcome.MALFORMED, ""),
        ("+1", Outcome.MALFORMED, ""),
        ("", Outcome.MALFORMED, ""),
        (PROMPT, Outcome.MALFORMED, ""),
        ("def f(x:int):\n return 9**9**9**9", Outcome.MALFORMED, ""),
        ("(" * 10**6, Outcome.MALFORMED, ""),
    ],
)
def test_answers(answer: str, outcome: Outcome, tier: str) -> None:
    verdict = ENV.verify(POSED.task, answer)
    assert (verdict.outcome, verdict.tier) == (outcome, tier)


@pytest.mark.parametrize(
    "prompt",
    ["", PROMPT + "\n", PROMPT.replace("x*3+2", "x*3+1"), PROMPT.replace("x*3+2", "x*3+3"),
     PROMPT.replace("==7", "==8"), PROMPT.replace("f(2)==7\nf(0)==1", "f(0)==1\nf(2)==7"),
     PROMPT.replace("f(0)==1\n", ""), PROMPT.replace("f(0)==1", "f(998)==1"), PROMPT.replace("f(0)==1", "f(2)==7"),
     PROMPT.replace("==7", "=='7'"), PROMPT[:-1] + ("0" if PROMPT[-1] != "0" else "1"), PROMPT.replace("#", "#f"),
     "#00000000", "f(2)==7\n" * 4 + "#00000000", "\n" * 900, "#" * 10**6],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    "solution",
    ["", "def f(x:int):\n return x", "def f(x:int):\n return x\ndef f(x:int):\n return x",
     "def f(x:int):\n return x+x\ndef f(x:int):\n return x*2", "def f(x:int):\n return 1//x\ndef f(x:int):\n return x",
     "def f(x:int):\n return x\ndef f(x:str):\n return x", "def f(x:int):\n return x+1+1\ndef f(x:int):\n return x",
     "def f(x:int):\n return x\ndef f(x:int):\n return 'a'+1"],
)  # fmt: skip
def test_solutions_that_pose_nothing(solution: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.pose(solution)


def test_a_program_that_does_the_right_thing_is_no_broken_one() -> None:
    """Whoever computes a seal for a program that passes its tests is refused all the same."""
    from envs.program_seal import seal

    head = PROMPT[: PROMPT.index("\n#")].replace("x*3+2", "1+x*3")
    with pytest.raises(MalformedTask, match="passes all tests"):
        ENV.parse(f"{head}\n#{seal(head, ['1'] * 36)}")


def test_spellings_of_one_task_share_their_id() -> None:
    assert ENV.parse(PROMPT.replace("(x:int):\n return x*", "(n: int):\n    return n * ")).id == POSED.task.id


def test_the_program_shown_is_wrong_in_every_sample() -> None:
    rng = Random(0)
    drawn = [ENV.sample(rng, level) for level in ENV.levels for _ in range(40)]
    broken = [write(ENV._read(solved.task.prompt).broken) for solved in drawn]
    ENV.run_ahead([(solved.task.prompt, text) for solved, text in zip(drawn, broken, strict=True)])
    for solved, text in zip(drawn, broken, strict=True):
        assert ENV.verify(solved.task, text).outcome is Outcome.INCORRECT
        assert solved.answer != text


def test_what_ran_ahead_is_not_run_again() -> None:
    rng = Random(9)
    drawn = [ENV.sample(rng, level) for level in ENV.levels for _ in range(5)]
    ENV.run_ahead([(solved.task.prompt, solved.answer) for solved in drawn] + [("?", "?"), (PROMPT, "def")])
    before = sandbox().status().n_programs
    assert all(ENV.verify(ENV.parse(s.task.prompt), s.answer).outcome is Outcome.CORRECT for s in drawn)
    assert sandbox().status().n_programs == before
