from itertools import combinations, product
from math import comb
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.math.graph_coloring import GraphColoring

ENV = GraphColoring()


@pytest.mark.parametrize(
    "prompt",
    ["", "a", "aa", "ab,ba", "ab,ab", "ab,", "ab, bc", "AB", "a1", "ab\n", "abc", "ab,ac,ad,bc,bd,cd", "ab,cd,ef,gh",
     "\u00e9b", "ab," * 9_999 + "cd"],
)  # fmt: skip
def test_ill_posed_prompts(prompt: str) -> None:
    with pytest.raises(MalformedTask):
        ENV.parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "answer", "outcome"),
    [
        ("dk,dt,kt,tx", "d1k2t3x1", Outcome.CORRECT),
        ("dk,dt,kt,tx", "x2d1t3k2", Outcome.CORRECT),
        ("ab,bm,ms,as", "a1b2m1s2", Outcome.CORRECT),
        ("ab,bm,ms,as", "a1b2m1s1", Outcome.INCORRECT),
        ("ab,bm,ms,as", "a1b1m1s1", Outcome.INCORRECT),
        ("ab,bm,ms,as", "a1b2m1", Outcome.MALFORMED),
        ("ab,bm,ms,as", "a1b2m1m1", Outcome.MALFORMED),
        ("ab,bm,ms,as", "a1b2m1s4", Outcome.MALFORMED),
        ("ab,bm,ms,as", "a1b2m1s2x3", Outcome.MALFORMED),
        ("ab,bm,ms,as", "1212", Outcome.MALFORMED),
        ("ab,bm,ms,as", "a1b2m1x2", Outcome.MALFORMED),
        ("ab,bm,ms,as", "a1" * 9_999, Outcome.MALFORMED),
    ],
)
def test_tricky_answers(prompt: str, answer: str, outcome: Outcome) -> None:
    assert ENV.verify(ENV.parse(prompt), answer).outcome is outcome


def test_spellings_of_one_question() -> None:
    assert ENV.parse("ab,bc").id == ENV.parse("cb,ba").id != ENV.parse("ab,ac").id


def test_pose() -> None:
    assert ENV.pose("a1b2c1;ab,bc").task == ENV.parse("ab,bc")
    for solution in ("a1b1c1;ab,bc", "a1b2;ab,bc", "ab,bc", "a1b2c1", ";", "a1b2c3d1;ab,ac,ad,bc,bd,cd"):
        with pytest.raises(MalformedTask):
            ENV.pose(solution)


def test_well_posed_just_if_three_colours_do() -> None:
    rng, refused = Random(1), 0
    pairs = ["".join(pair) for pair in combinations("abcde", 2)]
    for _ in range(300):
        edges = rng.sample(pairs, rng.randint(6, 10))
        vertices = sorted(set("".join(edges)))
        possible = False
        for colours in product("123", repeat=len(vertices)):
            colour = dict(zip(vertices, colours, strict=True))
            possible = possible or all(colour[one] != colour[other] for one, other in edges)
        try:
            ENV.parse(",".join(edges))
            assert possible
        except MalformedTask:
            refused += 1
            assert not possible
    assert 20 < refused < 280


def shapes(n_vertices: int) -> int:
    """Connected graphs with three colours, and as many edges as `sample` draws, on given vertices."""
    pairs = list(combinations(range(n_vertices), 2))
    clashes = {
        sum(1 << k for k, (i, j) in enumerate(pairs) if colours[i] == colours[j])
        for colours in product(range(3), repeat=n_vertices)
    }
    found = 0
    for graph in range(1 << len(pairs)):
        edges = [pair for k, pair in enumerate(pairs) if graph >> k & 1]
        degrees = [sum(i in edge for edge in edges) for i in range(n_vertices)]
        star = len(edges) == n_vertices - 1 == max(degrees)
        if not (star or n_vertices <= len(edges) <= 2 * n_vertices) or all(graph & clash for clash in clashes):
            continue
        reached = {0}
        for _ in range(n_vertices):
            reached |= {j for edge in edges if reached & set(edge) for j in edge}
        found += len(reached) == n_vertices
    return found


@pytest.mark.parametrize("n_vertices", [4, 5])
def test_capacity_counts_the_graphs(n_vertices: int) -> None:
    assert ENV.capacity(n_vertices) == comb(26, n_vertices) * shapes(n_vertices)


def test_all_shapes_are_drawn() -> None:
    rng, drawn = Random(2), set()
    for _ in range(5_000):
        prompt = ENV.sample(rng, 4).task.prompt
        letters = sorted(set(prompt) - {","})
        names = str.maketrans("".join(letters), "abcd")
        drawn.add(ENV.parse(prompt.translate(names)).canonical)
    assert len(drawn) == shapes(4)
