from random import Random

import pytest

from envs.code.induction import Induction
from envs.core import MalformedTask, Outcome
from envs.execution import sandbox
from envs.program_sampler import largest_size

ENV = Induction()
POSED = ENV.pose("def f(x:int):\n return x*3+1")
PROMPT = POSED.task.prompt


def test_pose_shows_examples_bound_and_tag() -> None:
    *examples, last = PROMPT.split("\n")
    assert examples == ["f(2)==7", "f(0)==1", "f(5)==16", "f(-3)==-8", "f(7)==22", "f(12)==37"]
    assert last.startswith("size<=8#")
    assert len(last) == len("size<=8#") + 8
    assert POSED.task.level == 1


def test_functions_that_do_the_same_pose_the_same_task() -> None:
    assert ENV.pose("def f(n:int):\n    return 1+n*3").task.id == POSED.task.id
    assert ENV.pose("def f(x:int):\n return x*3+2").task.id != POSED.task.id


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("def f(x:int):\n return x*3+1", Outcome.CORRECT),
        ("def f(n:int):\n    return 1 + 3*n", Outcome.CORRECT),
        ("def f(x:int):\n return 1+x+x+x", Outcome.CORRECT),
        ("def f(x:int):\n return x*3+2", Outcome.INCORRECT),
        ("def f(x:int):\n return x*3//x", Outcome.INCORRECT),
        ("def f(x:int):\n return x*999*9", Outcome.INCORRECT),
        ("def f(x:int):\n return 1+x+x+x+0", Outcome.MALFORMED),  # a node too many
        ("def f(x:int):\n return x*3+1\n#", Outcome.MALFORMED),
        ("def f(x:str):\n return len(x)", Outcome.MALFORMED),
        ("x*3+1", Outcome.MALFORMED),
        ("def f(x:int):\n while 1>0:\n  x=1\n return x", Outcome.MALFORMED),
        ("def f(x:int):\n return [7,1,16,-8,22,37][x]", Outcome.MALFORMED),
        ("", Outcome.MALFORMED),
        (PROMPT, Outcome.MALFORMED),
        ("x" * 10**6, Outcome.MALFORMED),
    ],
)
def test_answers(answer: str, outcome: Outcome) -> None:
    assert ENV.verify(POSED.task, answer).outcome is outcome


def test_the_examples_alone_do_not_suffice() -> None:
    """Right at all six inputs shown, wrong elsewhere: only the tag tells."""
    posed = Induction(max_level=6).pose("def f(x:int):\n return x if x<13 else x-1")
    task = posed.task
    assert task.prompt.startswith("f(2)==2\nf(0)==0\nf(5)==5\nf(-3)==-3\nf(7)==7\nf(12)==12\n")
    verdict = Induction(max_level=6).verify(task, "def f(x:int):\n return x")
    assert (verdict.outcome, verdict.tier) == (Outcome.INCORRECT, "commitment")
    assert Induction(max_level=6).verify(task, posed.answer).tier == "commitment"


def test_a_table_of_the_examples_is_larger_than_any_bound() -> None:
    """`if x==...: return ...` five times and a return, with literals of one digit: six nodes each, and two."""
    assert largest_size(6) + 2 < 5 * 6 + 2


@pytest.mark.parametrize(
    "prompt",
    ["", "f(2)==7", PROMPT + "\n", PROMPT[:-1], PROMPT[:-1] + ("0" if PROMPT[-1] != "0" else "1"),
     PROMPT.replace("==7", "==8"), PROMPT.replace("size<=8", "size<=9"), PROMPT.replace("size<=8", "size<=08"),
     PROMPT.replace("f(2)==7\nf(0)==1", "f(0)==1\nf(2)==7"), PROMPT.replace("f(12)==37\n", ""),
     PROMPT.replace("#", "#0"), PROMPT.upper(), "f(2)==7\n" * 100, "\0", "f(" * 400],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    "solution",
    ["", "x*3+1", "def f(x:int):\n return 7", "def f(x:int):\n return 1//x", "def f(x:list):\n return x[0]",
     "def f(x:int):\n return x*999*999", "def f(x:int):\n return " + "x+" * 20 + "x",
     "def f(x:int):\n return str(x)*9", "def f(x:int):\n if x==40:\n  return 1\n return 2"],
)  # fmt: skip
def test_solutions_that_pose_nothing(solution: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.pose(solution)


def test_an_invented_tag_is_refused() -> None:
    head = PROMPT[:-8]
    accepted = 0
    for number in range(0, 2**32, 2**32 // 2_000):
        try:
            ENV.parse(f"{head}{number:08x}")
            accepted += 1
        except MalformedTask:
            pass
    assert accepted <= 2


def test_of_many_candidates_the_right_one_passes() -> None:
    """Ninety lines against one task: only its own passes."""
    posed = ENV.pose("def f(x:int):\n return x*7+2")
    pairs = [(posed.task.prompt, f"def f(x:int):\n return x*{a}+{b}") for a in range(1, 10) for b in range(10)]
    ENV.run_ahead(pairs)
    right = [answer for _, answer in pairs if ENV.verify(posed.task, answer).outcome is Outcome.CORRECT]
    assert right == ["def f(x:int):\n return x*7+2"]


def test_what_ran_ahead_is_not_run_again() -> None:
    rng = Random(5)
    drawn = [ENV.sample(rng, level) for level in ENV.levels for _ in range(5)]
    ENV.run_ahead([(solved.task.prompt, solved.answer) for solved in drawn] + [("?", "?"), (PROMPT, "def")])
    before = sandbox().status().n_programs
    assert all(ENV.verify(solved.task, solved.answer).outcome is Outcome.CORRECT for solved in drawn)
    assert sandbox().status().n_programs == before


def test_capacity_counts_factors_and_sums() -> None:
    assert [ENV.capacity(level) for level in (1, 2, 3)] == [18, 8 * 37, 8 * 73]
