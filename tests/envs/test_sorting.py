from itertools import permutations, product
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.sorting import Sorting, Swaps

ENV, SWAPS = Sorting(), Swaps()


@pytest.mark.parametrize(
    "prompt",
    ["", "5", "3,5", "5,5,3", "05,3", "5,3,", "100,3", "-1,-3", "5, 3", "7,6,5,4,3,2,1", "5,3\n", "\u0665,3",
     "9," * 9_999],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("3,12,57", Outcome.CORRECT),
        ("57,12,3", Outcome.INCORRECT),
        ("3,57,12", Outcome.INCORRECT),
        ("3,12", Outcome.INCORRECT),
        ("3,12,57,57", Outcome.INCORRECT),
        ("3,12,57,", Outcome.MALFORMED),
        ("3<12<57", Outcome.MALFORMED),
        ("03,12,57", Outcome.MALFORMED),
        ("", Outcome.MALFORMED),
        ("3," * 9_999 + "3", Outcome.MALFORMED),
    ],
)
def test_tricky_answers(answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse("57,3,12"), answer).outcome is outcome


@pytest.mark.parametrize(
    "prompt",
    ["", "qdb", "qdb:", ":1", "qdb:0", "bdq:1", "qqb:2", "qdb:01", "dqb:1", "gfedcba:3", "Qdb:1", "qdb:1 ", "qdb:100",
     "q:1", "\u00e9db:1", "q" * 9_999],
)  # fmt: skip
def test_ill_posed_rows(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        SWAPS.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("qdb:1", "qb", Outcome.CORRECT),
        ("qdb:1", "bq", Outcome.CORRECT),
        ("qdb:3", "qd,qb,bd", Outcome.CORRECT),
        ("qdb:3", "qd,bd,qb", Outcome.INCORRECT),
        ("qdb:3", "qd,qd,qb", Outcome.CORRECT),
        ("qdb:1", "qd,qd,qb", Outcome.INCORRECT),
        ("tmca:2", "ta,mc", Outcome.CORRECT),
        ("tmca:2", "cm,at", Outcome.CORRECT),
        ("tmca:2", "ta", Outcome.INCORRECT),
        ("qdb:3", "qq,qb", Outcome.INCORRECT),
        ("qdb:3", "xy,qb", Outcome.INCORRECT),
        ("qdb:1", "bdq", Outcome.MALFORMED),
        ("qdb:1", "q b", Outcome.MALFORMED),
        ("qdb:1", "13", Outcome.MALFORMED),
        ("qdb:1", "", Outcome.MALFORMED),
        ("qdb:1", "qb," * 9_999 + "qb", Outcome.MALFORMED),
    ],
)
def test_tricky_exchanges(prompt: str, answer: str, outcome: Outcome) -> None:
    assert SWAPS.verify(SWAPS.parse(prompt), answer).outcome is outcome


def test_sampled_rows_allow_the_least_that_can_do() -> None:
    """Against all sequences of exchanges, for every row of four letters."""
    pairs = ["ab", "ac", "ad", "bc", "bd", "cd"]
    for row in permutations("abcd"):
        if row == ("a", "b", "c", "d"):
            continue
        text = "".join(row)
        possible = [n for n in (1, 2, 3) if _sorts(text, n, pairs)]
        for n in (1, 2, 3):
            if n < min(possible):
                with pytest.raises(MalformedTask):
                    SWAPS.parse(f"{text}:{n}")
            else:
                assert SWAPS.parse(f"{text}:{n}").level == 4


def _sorts(row: str, n_exchanges: int, pairs: list[str]) -> bool:
    for chosen in product(pairs, repeat=n_exchanges):
        now = row
        for pair in chosen:
            now = now.translate(str.maketrans(pair, pair[::-1]))
        if now == "abcd":
            return True
    return False


def test_capacities_are_exact() -> None:
    rng = Random(1)
    assert len({ENV.sample(rng, 2).task.id for _ in range(60_000)}) == ENV.capacity(2) == 4_950
    assert SWAPS.capacity(3) == 2_600 * 5
