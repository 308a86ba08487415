from itertools import product
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.satisfiability import Satisfiability

ENV = Satisfiability()


@pytest.mark.parametrize(
    "prompt",
    ["", "a,A", "ab,aB,Ab,AB", "ac", "b", "abcd", "aa", "aA", "aab", "ab,ba", "ab,", ",ab", "ab, ac", "ab\n",
     "abh,cdef", "hij", "a1", "\u00e1b", "ab;", "abc," * 5_000 + "abc"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("aBc,Abd,bCD", "abCD", Outcome.CORRECT),
        ("aBc,Abd,bCD", "aBCd", Outcome.CORRECT),
        ("aBc,Abd,bCD", "aBcd", Outcome.INCORRECT),
        ("aBc,Abd,bCD", "ABcd", Outcome.INCORRECT),
        ("aBc,Abd,bCD", "abC", Outcome.MALFORMED),
        ("aBc,Abd,bCD", "abCDE", Outcome.MALFORMED),
        ("aBc,Abd,bCD", "baCD", Outcome.MALFORMED),
        ("aBc,Abd,bCD", "aAbCD", Outcome.MALFORMED),
        ("aBc,Abd,bCD", "1100", Outcome.MALFORMED),
        ("ab,Ace,BDE", "aBcde", Outcome.CORRECT),
        ("ab,Ace,BDE", "abcdE", Outcome.CORRECT),
        ("abcdefghk", "x", Outcome.UNDECIDED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    task = ENV.sample(Random(0), 4).task if outcome is Outcome.UNDECIDED else ENV.parse(prompt)
    if outcome is Outcome.UNDECIDED:
        task = type(task)(task.env, prompt, 4, prompt)
    assert ENV.verify(task, answer).outcome is outcome


def test_spellings_of_one_question() -> None:
    assert ENV.parse("aBc,Abd").id == ENV.parse("dAb,cBa").id != ENV.parse("aBc,ABd").id


def test_refused_solutions() -> None:
    assert ENV.pose("aBcd;aBc,Abd").answer == "aBcd"
    for solution in ("ABCD;aBc,abd", "aBc;aBc,Abd", "aBc,Abd", "aBcd;", ";a", "a;A"):
        with pytest.raises(MalformedTask):
            ENV.pose(solution)


def test_satisfiable_just_if_some_assignment_satisfies() -> None:
    rng, refused = Random(1), 0
    for _ in range(400):
        clauses = {"".join(rng.choice((v, v.upper())) for v in sorted(rng.sample("abc", 2))) for _ in range(9)}
        prompt = ",".join(sorted(clauses))
        rows = ["".join(row) for row in product("aA", "bB", "cC")]
        possible = any(all(set(row) & set(clause) for clause in clauses) for row in rows)
        try:
            ENV.parse(prompt)
            assert possible
        except MalformedTask:
            refused += 1
            assert not possible or not set("abc") <= set(prompt.lower())
    assert 20 < refused < 380


def test_samples_have_the_clauses_asked_for() -> None:
    dense = Satisfiability(clauses_per_variable=4.3)
    rng = Random(2)
    for level in dense.levels:
        for _ in range(50):
            clauses = dense.sample(rng, level).task.prompt.split(",")
            assert len(clauses) == int(4.3 * level)
