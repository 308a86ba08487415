"""Colour the vertices of a graph with three colours so that no edge joins two of the same colour.

Two tasks, at level 4 (edges, vertices named by letters; the answer gives each vertex its colour):

    dk,dt,kt,tx         answer d1k2t3x1, or x2d1t3k2, ...
    ab,bm,ms,as         answer a1b2m1s2

Cost: a solver searches 3**n colourings; checking compares the two ends of each edge. Graphs that need a fourth colour
have no answer and are refused: with so few vertices one integer of 3**n bits per edge decides. Sampled graphs are
drawn to fit a colouring drawn before them; `solution` texts (`a1b2c1;ab,bc`) do the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, permutations
from math import comb
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_PROMPT = re.compile(r"[a-z]{2}(?:,[a-z]{2})*")
_ANSWER = re.compile(r"(?:[a-z][123])+")

_N_GRAPHS = {4: 21, 5: 542, 6: 20_590}
"""Connected graphs on n given vertices that can be coloured and have n to 2n edges; all were listed and counted."""

_RIGHT = Verdict(Outcome.CORRECT, tier="exact")
_WRONG = Verdict(Outcome.INCORRECT, "an edge joins two vertices of one colour", tier="exact")
_NO_COLOURING = Verdict(Outcome.MALFORMED, "not each vertex once, with a colour from 1 to 3")
_NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


@dataclass(frozen=True)
class GraphColoring(Env, SolutionFirst):
    """Colour a graph with three colours.

    A task's level is its number of vertices. Sampled graphs are connected.

    Attributes:
        max_vertices: Most vertices.
    """

    max_vertices: int = 7

    name: ClassVar[str] = "math/graph_coloring"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = f"{_LETTERS}123,;"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: a search among 3^n colourings; checking: one compare for each edge"

    def __post_init__(self) -> None:
        if not 4 <= self.max_vertices <= 9:
            raise ValueError(f"max_vertices={self.max_vertices}: use 4 to 9")

    @property
    def levels(self) -> range:
        """Number of vertices."""
        return range(4, self.max_vertices + 1)

    def capacity(self, level: int) -> int:
        """Exact up to 6 vertices; above, a lower bound.

        Only stars have fewer edges than vertices: all vertices but one were drawn in one colour. The bound joins each
        further vertex to one or two of a graph on the others, which three colours still suffice for.
        """
        self.check_level(level)
        n_graphs = _N_GRAPHS[min(level, 6)] + (level if level <= 6 else 0)
        for n_others in range(6, level):
            n_graphs *= n_others + comb(n_others, 2)
        return comb(len(_LETTERS), level) * n_graphs

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a colouring, join each vertex to an earlier one of another colour, and add edges that fit."""
        self.check_level(level)
        vertices = rng.sample(_LETTERS, level)
        first = rng.choice("123")
        colours = [first, rng.choice("123".replace(first, "")), *(rng.choice("123") for _ in vertices[2:])]
        fitting = [(i, j) for i, j in combinations(range(level), 2) if colours[i] != colours[j]]
        edges: dict[tuple[int, int], None] = {}
        for j in range(1, level):
            edges[rng.choice([i for i in range(j) if colours[i] != colours[j]]), j] = None
        n_edges = min(rng.randint(level, 2 * level), len(fitting))
        for edge in rng.sample(fitting, n_edges):
            if len(edges) >= n_edges:
                break
            edges.setdefault(edge)
        names = ["".join(sorted(vertices[i] + vertices[j])) for i, j in edges]
        rng.shuffle(names)
        answer = "".join(sorted(vertex + colour for vertex, colour in zip(vertices, colours, strict=True)))
        return Solved(self._task(names, level), answer)

    def parse(self, prompt: str) -> Task:
        """Read `ab,bc`; refused where an edge repeats, is a loop, or three colours are too few."""
        edges, vertices = self._read(prompt)
        return self._task(edges, len(vertices))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Compare the colours at the ends of each edge."""
        try:
            edges, vertices = self._read(task.prompt)
        except MalformedTask:
            return _NO_TASK
        if len(answer) != 2 * len(vertices) or not _ANSWER.fullmatch(answer):
            return _NO_COLOURING
        colours = dict(zip(answer[::2], answer[1::2], strict=True))
        if "".join(sorted(colours)) != vertices:
            return _NO_COLOURING
        return _WRONG if any(colours[edge[0]] == colours[edge[1]] for edge in edges) else _RIGHT

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The colours exchanged, and the vertices in another order."""
        renamed = solved.answer.translate(str.maketrans("123", "".join(rng.choice(list(permutations("123"))))))
        pairs = [renamed[place : place + 2] for place in range(0, len(renamed), 2)]
        rng.shuffle(pairs)
        return "".join(pairs)

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """One end of an edge in the colour of the other."""
        edge = rng.choice(solved.task.prompt.split(","))
        colours = dict(zip(solved.answer[::2], solved.answer[1::2], strict=True))
        colours[edge[0]] = colours[edge[1]]
        return "".join(vertex + colour for vertex, colour in colours.items())

    def solution(self, solved: Solved) -> str:
        """`a1b2c1;ab,bc`: the colouring, then the edges."""
        return f"{solved.answer};{solved.task.prompt}"

    def pose(self, solution: str) -> Solved:
        """The task of the edges; refused unless the colouring fits."""
        answer, _, prompt = solution.partition(";")
        task = self.parse(prompt)
        if self.verify(task, answer).outcome is not Outcome.CORRECT:
            raise MalformedTask("the colouring before ; does not fit the edges after it")
        return Solved(task, answer)

    def _read(self, prompt: str) -> tuple[list[str], str]:
        """The edges, and the vertices in order."""
        if len(prompt) >= 3 * comb(self.max_vertices, 2) or not _PROMPT.fullmatch(prompt):
            raise MalformedTask("not pairs of letters joined by commas, or too many")
        edges = prompt.split(",")
        vertices = "".join(sorted(set(prompt) - {","}))
        if not 2 <= len(vertices) <= self.max_vertices:
            raise MalformedTask(f"not two to {self.max_vertices} vertices")
        if len({frozenset(edge) for edge in edges}) < len(edges) or any(edge[0] == edge[1] for edge in edges):
            raise MalformedTask("an edge is given twice, or joins a vertex to itself")
        number = {vertex: i for i, vertex in enumerate(vertices)}
        apart = _apart(len(vertices))
        colourings = -1
        for edge in edges:
            colourings &= apart[number[edge[0]], number[edge[1]]]
        if not colourings:
            raise MalformedTask("three colours are too few")
        return edges, vertices

    def _task(self, edges: list[str], n_vertices: int) -> Task:
        canonical = ",".join(sorted("".join(sorted(edge)) for edge in edges))
        return Task(self.name, ",".join(edges), n_vertices, canonical)


@lru_cache(maxsize=16)
def _apart(n_vertices: int) -> dict[tuple[int, int], int]:
    """The colourings that give two vertices different colours, a bit each of 3**n."""
    digits = [[number // 3**i % 3 for number in range(3**n_vertices)] for i in range(n_vertices)]
    table = {}
    for i, j in combinations(range(n_vertices), 2):
        bits = "".join("1" if a != b else "0" for a, b in zip(digits[i], digits[j], strict=True))
        table[i, j] = table[j, i] = int(bits[::-1], 2)
    return table
