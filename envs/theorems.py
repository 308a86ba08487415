"""All theorems of propositional logic with short proofs: what tasks are drawn from and measured by.

A most general theorem with a proof of k detachments is the condensed detachment of two with a and k-1-a of them, so
the list is built from below. Theorems that are instances of others with no longer proofs are left out: whatever
follows from them follows from the others. So `least` is exact: a formula has a proof of k detachments just if it is an
instance of some theorem in the list with at most k.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import NamedTuple

from envs.kernel import AXIOMS, VARIABLES, Misfit, canonical, detach, ends

MOST_DETACHMENTS = 7  # 1 s to list; every further one takes over three times longer
MOST_COUNTED = 20_000  # instances; half a second to find


class Theorem(NamedTuple):
    """A most general theorem and a shortest proof of it."""

    formula: str
    proof: str


class _Node:
    """Theorems that begin alike; `least` is the least cost of any of them."""

    __slots__ = ("children", "least")

    def __init__(self, least: int) -> None:
        self.children: dict[str, _Node] = {}
        self.least = least


class Library:
    """The most general theorems of at most so many detachments; treat as immutable, it is shared.

    Attributes:
        most: That many detachments.
        by_cost: The theorems, by the detachments of their shortest proof.
    """

    def __init__(self, most: int) -> None:
        assert 0 <= most <= MOST_DETACHMENTS
        self.most = most
        self.by_cost: list[list[Theorem]] = []
        self._tree = _Node(0)
        for cost in range(most + 1):
            self.by_cost.append([])
            for known in self._candidates(cost):
                if self.least(known.formula) > most:
                    self.by_cost[cost].append(known)
                    self._insert(known.formula, cost)

    def least(self, formula: str) -> int:
        """The detachments of a shortest proof of a well-formed formula, or `most + 1` if `most` are not enough."""
        stops = ends(formula)
        assert stops is not None, "the caller has read the formula"
        best = self.most + 1
        pending: list[tuple[_Node, int, tuple[str, ...]]] = [(self._tree, 0, ())]
        while pending:
            node, position, images = pending.pop()
            if node.least >= best:
                continue
            if position == len(formula):
                best = node.least
                continue
            # Theorems came in by cost, and what is pushed last is looked at first: the cheapest.
            for symbol, child in reversed(node.children.items()):
                if symbol in "CN":
                    if symbol == formula[position]:
                        pending.append((child, position + 1, images))
                    continue
                part = formula[position : stops[position]]
                number = _NUMBER[symbol]
                if number == len(images):
                    pending.append((child, stops[position], (*images, part)))
                elif images[number] == part:
                    pending.append((child, stops[position], images))
        return best

    def _candidates(self, cost: int) -> list[Theorem]:
        if cost == 0:
            return [Theorem(formula, axiom) for axiom, formula in AXIOMS.items()]
        found = []
        for first in range(cost):
            for major in self.by_cost[first]:
                for minor in self.by_cost[cost - 1 - first]:
                    try:
                        formula = detach(major.formula, minor.formula)
                    except Misfit:
                        continue
                    found.append(Theorem(formula, f"D{major.proof}{minor.proof}"))
        return found

    def _insert(self, formula: str, cost: int) -> None:
        node = self._tree
        for symbol in formula:
            node = node.children.setdefault(symbol, _Node(cost))


_NUMBER = {letter: number for number, letter in enumerate(VARIABLES)}


@lru_cache(maxsize=MOST_DETACHMENTS + 1)
def library(most: int) -> Library:
    """The library of so many detachments, listed once in a process."""
    return Library(most)


@lru_cache(maxsize=256)
def tasks(most: int, cost: int, max_symbols: int, max_variables: int) -> tuple[Theorem, ...]:
    """The theorems of a cost that are short and have few variables."""
    short = (known for known in library(most).by_cost[cost] if len(known.formula) <= max_symbols)
    return tuple(known for known in short if len(set(known.formula) - {"C", "N"}) <= max_variables)


def images(letter: str, letters: list[str]) -> list[str]:
    """What an instance may put for a variable: itself, another one, its negation, or an implication from it."""
    return [*letters, f"N{letter}", *(f"C{letter}{other}" for other in letters)]


@lru_cache(maxsize=256)
def n_instances(most: int, cost: int, max_symbols: int, max_variables: int) -> int:
    """How many formulas of exactly this cost are theorems with `images` for their variables.

    Counting stops at `MOST_COUNTED`, which is then a lower bound; fewer are exact.
    """
    known = library(most)
    found: set[str] = set()
    for general in tasks(most, cost, max_symbols, max_variables):
        letters = sorted(set(general.formula) - {"C", "N"})
        for chosen in product(*(images(letter, letters) for letter in letters)):
            substitution = {ord(letter): image for letter, image in zip(letters, chosen, strict=True)}
            formula = canonical(general.formula.translate(substitution))
            if len(formula) <= max_symbols and formula not in found and known.least(formula) == cost:
                found.add(formula)
                if len(found) == MOST_COUNTED:
                    return MOST_COUNTED
    return len(found)
