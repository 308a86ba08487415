from random import Random

import pytest

from envs.code.synthesis import Synthesis
from envs.core import MalformedTask, Outcome
from envs.program_descriptions import NoDescription, draw_description, draw_sum, read_description
from envs.program_interpreter import compute
from envs.program_tree import MAX_SIZE, size
from envs.program_values import inputs
from envs.program_writer import write

ENV = Synthesis()
TASK = "list x. keep the even. add 3 to each. give the sum.\nf([3,1,2])==5\nf([])==0\nf([4,4,-1])==14"


@pytest.mark.parametrize(
    ("description", "given", "result"),
    [
        ("integer x. add 3. multiply by 2. give it.", "5", "16"),
        ("integer x. take the remainder by 4. give it.", "-3", "1"),
        ("integer x. negate it. give it as text.", "5", "'-5'"),
        ("integer x. drop its sign. say whether it is above 4.", "-5", "True"),
        ("integer x. raise it to at least 4. give it.", "-5", "4"),
        ("string x. reverse it. append c. give it.", "'ab'", "'bac'"),
        ("string x. write it twice. drop the last letter. give its length.", "'ab'", "3"),
        ("string x. remove every b. drop the first letter. give it.", "'bab1b'", "'1'"),
        ("string x. append a. count the a.", "'ab'", "2"),
        ("string x. drop the first letter. say whether it holds a.", "'ab'", "False"),
        ("list x. keep the even. give them.", "[1,2,-4,0]", "[2,-4,0]"),
        ("list x. keep the odd. give them.", "[1,2,-3,0]", "[1,-3]"),
        ("list x. keep those above 2. keep those below 5. give how many.", "[2,3,4,5]", "2"),
        ("list x. sort them. reverse them. drop the first. give them.", "[2,9,4]", "[4,2]"),
        ("list x. drop the last. multiply each by 3. give the largest of them and 7.", "[1,2,9]", "7"),
        ("list x. add 1 to each. say whether 7 is there.", "[6]", "True"),
    ],
)
def test_what_descriptions_mean(description: str, given: str, result: str) -> None:
    function, _ = read_description(description)
    assert compute(function, [given]) == [result]


@pytest.mark.parametrize(
    "text",
    ["", "list x.", "list x. give them.", "list x. sort them.", "give them. list x.", "list x. add 3. give them.",
     "list x. sort them. give it.", "tree x. sort them. give them.", "list x. sort them. give them. ",
     " list x. sort them. give them.", "list x.  sort them. give them.", "list x. sort them.give them.",
     "list x. sort them. give them", "list x. add 0 to each. give them.", "list x. add 12 to each. give them.",
     "list x. add {} to each. give them.", "list x. add \u0663 to each. give them.", "LIST x. sort them. give them.",
     "list x. sort them. sort them. sort them. sort them. sort them. give them.", "." * 900, "list x." * 140],
)  # fmt: skip
def test_what_is_no_description(text: str) -> None:
    with pytest.raises(NoDescription):
        read_description(text)


def test_descriptions_that_are_drawn_can_be_read() -> None:
    rng = Random(0)
    for n_steps in ENV.levels:
        for _ in range(200):
            function, n_read = read_description(draw_description(rng, n_steps))
            assert n_read == n_steps
            assert size(function) <= MAX_SIZE
            total, _ = read_description(draw_sum(rng, n_steps))
            assert len(set(compute(total, inputs("int")))) == 40
            assert "!OverflowError" not in compute(total, inputs("int"))


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        ("", "not a start"),
        (TASK.split("\n")[0], "not the first 3 tests"),
        (TASK + "\n", "not the first 3 tests"),
        (TASK.replace("==14", "==15"), "not the first 3 tests"),
        (TASK.replace("f([])==0\n", ""), "not the first 3 tests"),
        (TASK.replace("add 3", "add 4"), "not the first 3 tests"),
        ("list x. keep the even. keep the odd. give the sum.", "the same on most"),
        ("integer x. raise it to at least 9. say whether it is above 1.", "the same on most"),
        ("string x. " + "write it twice. " * 4 + "give it.", "a test of more than 40"),
        ("x" * 10**6, "longer"),
    ],
)
def test_ill_posed_prompts(prompt: str, why: str) -> None:
    with pytest.raises(MalformedTask, match=why):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("def f(x:list):\n a=0\n for b in x:\n  if b%2==0:\n   a=a+b+3\n return a", Outcome.CORRECT),
        ("def f(x:list):\n a=[]\n for b in x:\n  if b%2<1:\n   a.append(3+b)\n return sum(a)", Outcome.CORRECT),
        ("def f(x:list):\n a=0\n for b in x:\n  if b%2==0:\n   a=a+b\n return a+3", Outcome.INCORRECT),
        ("def f(x:list):\n return 5 if x==[3,1,2] else 14 if len(x)>0 else 0", Outcome.INCORRECT),
        ("def f(x:list):\n for b in x:\n  x.append(b)\n return 0", Outcome.INCORRECT),
        ("def f(x:list):\n return x[0]", Outcome.INCORRECT),
        ("def f(x:int):\n return x", Outcome.MALFORMED),
        ("def f(x:list):\n return sum([b+3 for b in x if b%2==0])", Outcome.MALFORMED),
        ("def f(x:list):\n return sum(x)\nprint(1)", Outcome.MALFORMED),
        ("keep the even", Outcome.MALFORMED),
        ("", Outcome.MALFORMED),
        ("def f(x:list):\n return \0", Outcome.MALFORMED),
        ("\u0661" * 10**6, Outcome.MALFORMED),
    ],
)
def test_answers(answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(TASK), answer).outcome is outcome


def test_pose_adds_the_tests() -> None:
    posed = ENV.pose(TASK.split("\n")[0])
    assert posed.task.prompt == TASK
    assert posed.task.level == 2
    assert posed.answer == write(read_description(posed.task.canonical)[0])
    for solution in ("list x. give them.", "list x. keep the even. keep the odd. give them.", TASK, "sort"):
        with pytest.raises(MalformedTask):
            ENV.pose(solution)


def test_capacity_counts_sums_and_products() -> None:
    rng = Random(0)
    assert len({draw_sum(rng, 1) for _ in range(1_000)}) == ENV.capacity(1) == 17
    assert len({draw_sum(rng, 2) for _ in range(20_000)}) == ENV.capacity(2) == 17**2


@pytest.mark.parametrize("max_steps", [0, 5])
def test_steps_beyond_the_bounds_are_refused(max_steps: int) -> None:
    with pytest.raises(ValueError, match="max_steps"):
        Synthesis(max_steps=max_steps)
