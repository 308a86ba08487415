from contextlib import suppress
from itertools import product
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.kernel import AXIOMS, Misfit, ProofError, TooLarge, canonical, detach, ends, is_tautology, matches, theorem
from envs.math.proof import Proof
from envs.theorems import library

ENV = Proof()


@pytest.mark.parametrize(
    ("proof", "formula"),
    [
        ("1", "CpCqp"),
        ("DD211", "Cpp"),
        ("D11", "CpCqCrq"),
        ("DD2D121", "CCpqCCrpCrq"),
        ("D3DD211", "Cpp"),
        ("D3D11", None),
        ("D33", None),
        ("DD221", None),
    ],
)
def test_theorems(proof: str, formula: str | None) -> None:
    if formula is None:
        with pytest.raises(ProofError):
            theorem(proof)
    else:
        assert theorem(proof) == formula


@pytest.mark.parametrize("proof", ["", "D", "D1", "11", "1D1", "DD11", "D12 ", "4", "d11", "\u0661", "D" * 50 + "1"])
def test_no_proofs(proof: str) -> None:
    with pytest.raises(ProofError):
        theorem(proof)


def test_a_circle_is_refused_though_the_conclusion_lacks_it() -> None:
    with pytest.raises(Misfit, match="inside itself"):
        detach("CCppCqr", "CpCqp")


def test_theorems_are_tautologies() -> None:
    rng, n_theorems = Random(5), 0
    for _ in range(4_000):
        proof = _random_proof(rng, rng.randint(1, 7))
        try:
            formula = theorem(proof)
        except (ProofError, TooLarge):
            continue
        n_theorems += 1
        assert len(set(formula)) > 8 or is_tautology(formula), proof
    assert n_theorems > 300


def _random_proof(rng: Random, n_detachments: int) -> str:
    if n_detachments == 0:
        return rng.choice("123")
    n_major = rng.randrange(n_detachments)
    return f"D{_random_proof(rng, n_major)}{_random_proof(rng, n_detachments - 1 - n_major)}"


def test_growth_is_refused_not_followed() -> None:
    doubling = "DD2D22D2" * 12
    for proof in (f"{doubling}1", "D2" * 40 + "2", "DD22" * 20 + "2"):
        with suppress(ProofError, TooLarge):
            assert len(theorem(proof)) <= 400


@pytest.mark.parametrize(
    ("formula", "true"),
    [("Cpp", True), ("CpCqp", True), ("Cpq", False), ("CCCpqpp", True), ("CNNpp", True), ("CCpqCqp", False),
     ("CCpqCNqNp", True), ("CCpqCNpNq", False), ("CCpCqrCqCpr", True), ("CCCpqrCCrpCsp", True), ("p", False)],
)  # fmt: skip
def test_tautologies(formula: str, true: bool) -> None:
    assert is_tautology(formula) is true


def test_instances() -> None:
    assert matches("Cpp", "CNqNq")
    assert matches("CpCqp", "CCrsCNtCrs")
    assert not matches("Cpp", "Cpq")
    assert not matches("CNpq", "Cpq")
    assert not matches("CpCqp", "p")
    assert canonical("CsCps") == "CpCqp"
    assert ends("CpCqp") == [5, 2, 5, 4, 5]
    assert ends("Cp") is None
    assert ends("pp") is None


@pytest.mark.parametrize(
    "prompt",
    ["", "p", "Cpq", "CCpqCqp", "C", "Cp", "Cppp", "Npp", "cpp", "Cp p", "Cpp\n", "CtCut", "K", "Cxx", "C\u0440\u0440",
     "CpCqCrCsCtp", "N" * 9_999, "C" * 9_999],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("Cpp", "DD211", Outcome.CORRECT),
        ("Cpp", "DD212", Outcome.INCORRECT),  # of CpCqr for p only
        ("CCpCqrCpCqr", "DD212", Outcome.CORRECT),
        ("CNpNp", "DD211", Outcome.CORRECT),
        ("Csp" + "p", "DD211", None),
        ("CpCqp", "1", Outcome.CORRECT),
        ("CpCpp", "1", Outcome.CORRECT),
        ("CpCpp", "D1DD211", Outcome.CORRECT),  # of the more general CpCqq
        ("CpCqp", "D1DD211", Outcome.INCORRECT),
        ("Cpp", "1", Outcome.INCORRECT),
        ("Cpp", "D31", Outcome.INCORRECT),
        ("Cpp", "D33", Outcome.INCORRECT),
        ("Cpp", "DD21", Outcome.MALFORMED),
        ("Cpp", "DD2111", Outcome.MALFORMED),
        ("Cpp", "Cpp", Outcome.MALFORMED),
        ("Cpp", "", Outcome.MALFORMED),
        ("Cpp", "D" * 9_999, Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome | None) -> None:
    if outcome is None:
        with pytest.raises(MalformedTask):
            ENV.parse(prompt)
    else:
        assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_pose() -> None:
    assert ENV.pose("DD211").task.prompt == "Cpp"
    assert ENV.pose("DD211:CNpNp").task.prompt == "CNpNp"
    assert ENV.pose("DD211:CNpNp").task.id != ENV.pose("DD211").task.id
    for solution in ("", "D", "D33", "DD211:Cpq", "DD211:CpCqp", "DD211:", "Cpp", ":Cpp", "D" * 9_999):
        with pytest.raises(MalformedTask):
            ENV.pose(solution)


def test_levels_are_the_least_detachments() -> None:
    """Against every proof of up to three detachments, formed here without the library."""
    proofs: list[list[str]] = [list(AXIOMS)]
    for cost in (1, 2, 3):
        proofs.append([f"D{x}{y}" for a in range(cost) for x, y in product(proofs[a], proofs[cost - 1 - a])])
    known: list[tuple[int, str]] = []
    for cost, texts in enumerate(proofs):
        for proof in texts:
            try:
                known.append((cost, theorem(proof)))
            except ProofError:
                continue
    rng = Random(3)
    for level in (1, 2, 3):
        for _ in range(60):
            formula = ENV.sample(rng, level).task.prompt
            assert min(cost for cost, general in known if matches(general, formula)) == level
    assert library(6).least("CpCpp") == 0
    assert ENV.parse("CCCpqpp").level == 7, "Peirce's law takes more than six detachments"


def test_capacity_counts_what_is_drawn() -> None:
    env = Proof(max_detachments=1, max_symbols=20)
    rng = Random(4)
    n_drawn = len({env.sample(rng, 1).task.id for _ in range(40_000)})
    assert 0.9 * env.capacity(1) < n_drawn <= env.capacity(1)
