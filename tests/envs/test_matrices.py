from itertools import product as all_of
from random import Random

import pytest

from envs.matrices import adjugate, determinant, draw_nonsingular, n_nonsingular, product, read_matrix, write_matrix


@pytest.mark.parametrize("text", ["", ",", "1,", "1;", "1,2;3", "1 ,2", "01,2", "-0", "+1", "1,2\n", "1,x", "\u0663"])
def test_what_is_no_matrix(text: str) -> None:
    assert read_matrix(text) is None


def test_text_inverts() -> None:
    assert read_matrix("1,-2;30,4") == ((1, -2), (30, 4))
    assert write_matrix(((1, -2), (30, 4))) == "1,-2;30,4"


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_adjugate_is_the_inverse_times_the_determinant(size: int) -> None:
    rng = Random(size)
    for _ in range(100):
        rows = draw_nonsingular(rng, size, 3)
        scale = determinant(rows)
        assert scale
        identity = tuple(tuple(scale * (i == j) for j in range(size)) for i in range(size))
        assert product(rows, adjugate(rows)) == product(adjugate(rows), rows) == identity


def test_determinants() -> None:
    assert determinant(((2, 0, 1), (1, 3, 2), (0, 1, 1))) == 3
    assert determinant(((1, 2, 3), (4, 5, 6), (7, 8, 9))) == 0


def test_nonsingular_matrices_are_counted() -> None:
    for largest in (1, 2):
        entries = all_of(range(-largest, largest + 1), repeat=4)
        assert n_nonsingular(2, largest) == sum(a * d != b * c for a, b, c, d in entries)
    triples = all_of(all_of((-1, 0, 1), repeat=3), repeat=3)
    assert 0.5 < n_nonsingular(3, 1) / sum(determinant(rows) != 0 for rows in triples) <= 1


class Zeros(Random):
    """Always the middle entry, 0."""

    def choices(self, population, *_, k=1, **__):
        return [population[len(population) // 2]] * k


def test_a_singular_draw_is_mended() -> None:
    assert draw_nonsingular(Zeros(), 3, 2) == ((1, 0, 0), (0, 1, 0), (0, 0, 1))
