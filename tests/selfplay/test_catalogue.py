"""The table of envs: every class once, what it says of itself, rates of this machine."""

import pytest

from envs.code.deduction import Deduction
from envs.core import Env, Executed
from envs.math.chain import Chain
from selfplay.catalogue import _short, env_classes, list_envs, rates


def test_the_table_has_a_line_per_env():
    header, *lines = list_envs(sample_s=0.001)
    assert header.split() == ["CLASS", "CAN", "LEVELS", "TASKS", "TIERS", "DRAWN/S", "READ/S", "CHECKED/S", "COST"]
    classes = [f"{found.__module__}.{found.__qualname__}" for found in env_classes()]
    assert [line.split()[0] for line in lines] == classes
    assert len(classes) > 15
    chain = lines[classes.index("envs.math.chain.Chain")]
    assert chain.endswith(Chain.asymmetry)
    assert "  1-8  " in chain
    assert "  exact  " in chain
    assert f"  {_short(sum(map(Chain().capacity, Chain().levels)))}  " in chain


def test_a_class_that_needs_arguments_is_listed_without_rates():
    lines = list_envs(sample_s=0.001)
    corpus = next(line for line in lines if line.startswith("envs.corpus.jsonl.Jsonl"))
    assert corpus.split()[1:9] == ["solution-first,", "corpus", *"------"]


@pytest.mark.parametrize("env", [Chain(), Deduction()])
def test_rates_are_of_work_done(env: Env):
    """Programs too are drawn, read and checked, none of the three from memory alone."""
    measured = rates(env, 0.01)
    assert measured.drawn > 0
    assert measured.read > 0
    assert measured.checked > 0
    assert not isinstance(env, Executed) or max(measured.read, measured.checked) < measured.drawn


@pytest.mark.parametrize(
    ("count", "text"),
    [(45, "45"), (1_000, "1k"), (5_115, "5.12k"), (1_280_000, "1.28M"), (3 * 10**10, "30G"), (2 * 10**17, "2e+17")],
)
def test_short_numbers(count: int, text: str):
    assert _short(count) == text
