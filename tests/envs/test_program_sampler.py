from random import Random

import pytest

from envs.program_interpreter import compute
from envs.program_mutants import mutants, twin
from envs.program_reader import read
from envs.program_sampler import (
    MAX_LEVEL,
    draw_chain,
    draw_failing_chain,
    draw_function,
    is_varied,
    largest_size,
    level_of,
    n_chain_behaviours,
    n_chains,
)
from envs.program_seal import holds, is_sealed, seal
from envs.program_tree import ERRORS, PROGRAM_ALPHABET, size
from envs.program_values import N_INPUTS, inputs
from envs.program_writer import write

LEVELS = range(1, MAX_LEVEL + 1)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("risky", [False, True])
def test_functions_are_of_their_level_and_can_be_read(level: int, risky: bool) -> None:
    rng = Random(level)
    for _ in range(400):
        function, done = draw_function(rng, level, lambda *_: True, risky=risky)
        text = write(function)
        assert level_of(size(function)) == level
        assert size(function) <= largest_size(level)
        assert write(read(text)) == text
        assert set(text) <= set(PROGRAM_ALPHABET)
        assert "!OverflowError" not in done
        assert risky or not any(output[0] == "!" for output in done)


def test_what_is_wanted_is_drawn_or_a_chain() -> None:
    rng = Random(1)
    for _ in range(100):
        function, done = draw_function(rng, 3, lambda _, done: is_varied(done))
        assert is_varied(done)
        assert done == compute(function, inputs(function.takes))
    chain, done = draw_function(rng, 2, lambda *_: False)
    assert (chain.takes, len(set(done))) == ("int", N_INPUTS)


@pytest.mark.parametrize("level", LEVELS)
def test_chains_give_all_different_values_within_the_bounds(level: int) -> None:
    rng = Random(level)
    for _ in range(50):
        chain = draw_chain(rng, level)
        done = compute(chain, inputs("int"))
        assert len(set(done)) == N_INPUTS
        assert not any(output[0] == "!" for output in done)
        assert level_of(size(chain)) == level


def test_chains_are_counted() -> None:
    rng = Random(0)
    first = [write(draw_chain(rng, 1)) for _ in range(1_000)]
    assert len(set(first)) == n_chains(1) == n_chain_behaviours(1) == 18
    second = [draw_chain(rng, 2) for _ in range(30_000)]
    assert len({write(chain) for chain in second}) == n_chains(2) == 8 * 18**2
    done = {tuple(compute(chain, ("0", "1"))) for chain in second}
    assert len(done) == n_chain_behaviours(2) == 8 * 37


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("error", ERRORS)
def test_failing_chains_fail_on_some_inputs(level: int, error: str) -> None:
    rng = Random(level)
    for _ in range(20):
        function = draw_failing_chain(rng, level, error)
        assert level_of(size(function)) == level
        assert f"!{error}" in compute(function, inputs(function.takes))


def test_mutants_differ_in_one_place_and_twins_not_at_all() -> None:
    rng = Random(2)
    texts = {write(mutant) for mutant in mutants(read("def f(x:int):\n return min(x,3)<=9"))}
    bodies = {text.split("return ")[1] for text in texts}
    assert {"max(x,3)<=9", "min(x,2)<=9", "min(x,4)<=9", "min(x,3)<=8", "min(x,3)<9", "min(3,x)<=9"} <= bodies
    assert "min(x,3)<=9" not in bodies
    assert not any("10" in body for body in bodies), "digits keep their number"
    for _ in range(200):
        function, done = draw_function(rng, 3, lambda *_: True)
        for mutant in mutants(function):
            assert (size(mutant), mutant.takes, mutant.gives) == (size(function), function.takes, function.gives)
            assert write(read(write(mutant))) == write(mutant)
        other = read(twin(function, rng))
        assert compute(other, inputs(function.takes)) == done


def test_a_chain_has_a_mutant_with_another_last_digit() -> None:
    rng = Random(3)
    for level in LEVELS:
        chain = draw_chain(rng, level)
        last = mutants(chain)[-1]
        pairs = zip(compute(chain, inputs("int")), compute(last, inputs("int")), strict=True)
        assert all(one != other for one, other in pairs)


def test_seals() -> None:
    tag = seal("f(1)==2", ["3", "4"])
    assert is_sealed("f(1)==2", tag)
    assert holds("f(1)==2", tag, ["3", "4"])
    assert not holds("f(1)==2", tag, ["3", "5"])
    assert not holds("f(1)==2", tag, ["3"])
    assert not holds("f(1)==3", tag, ["3", "4"]), "the shown part is hashed along"
    assert not is_sealed("f(1)==3", tag)
    forged = sum(is_sealed("f(1)==2", f"{number:08x}") for number in range(0, 2**32, 2**32 // 50_000 + 1))
    assert forged <= 6, "one invented tag in 65,536"
