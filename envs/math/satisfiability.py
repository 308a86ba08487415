"""Find an assignment that satisfies every clause.

Two tasks, at levels 4 and 5 (sampled ones have more clauses):

    aBc,Abd,bCD         answer abCD, or aBCd, ...
    ab,Ace,BDE          answer aBcde, or abcdE, ...

A small letter is a variable, a capital its negation; a clause holds if one of its letters does. The answer writes
each variable once, in order, as it is to be read: `aB` for a true and b false.

Cost: a solver searches 2**n assignments, checking looks each clause up once. Unsatisfiable prompts have no answer and
are refused: with so few variables a truth table decides, one integer of 2**n bits per literal. Sampled clauses are
drawn to fit an assignment drawn before them, so no solver is needed; `solution` texts (`aBcd;aBc,Abd`) do the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict

_LETTERS = "abcdefghij"
_PROMPT = re.compile(r"[A-Ja-j]{1,3}(?:,[A-Ja-j]{1,3})*")
_MOST_PER_VARIABLE = 6.0
_SLACK = 12  # clauses that a model's task may have beyond the densest sampled one

_RIGHT = Verdict(Outcome.CORRECT, tier="exact")
_WRONG = Verdict(Outcome.INCORRECT, "a clause is false", tier="exact")
_NO_ASSIGNMENT = Verdict(Outcome.MALFORMED, "not each variable once, in order, small or capital")
_NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


@dataclass(frozen=True)
class Satisfiability(Env, SolutionFirst):
    """Satisfy a formula in conjunctive form, with at most three literals a clause.

    A task's level is its number of variables. Sampled clauses have three literals each.

    Attributes:
        max_variables: Most variables.
        clauses_per_variable: Clauses of a sampled task for each of its variables. More leave fewer right answers:
            about 4.3 are known to make random tasks hardest.
    """

    max_variables: int = 7
    clauses_per_variable: float = 2.5

    name: ClassVar[str] = "math/satisfiability"
    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: a search among 2^n assignments; checking: one look at each clause"

    def __post_init__(self) -> None:
        if not 4 <= self.max_variables <= len(_LETTERS):
            raise ValueError(f"max_variables={self.max_variables}: use 4 to {len(_LETTERS)}")
        if not 1.0 <= self.clauses_per_variable <= _MOST_PER_VARIABLE:
            raise ValueError(f"clauses_per_variable={self.clauses_per_variable}: use 1 to {_MOST_PER_VARIABLE:.0f}")

    @property
    def alphabet(self) -> str:
        """The variables, small and capital, and what stands between clauses."""
        letters = _LETTERS[: self.max_variables]
        return f"{letters}{letters.upper()},;"

    @property
    def levels(self) -> range:
        """Number of variables; with fewer than four, there are too few clauses to choose from."""
        return range(4, self.max_variables + 1)

    def capacity(self, level: int) -> int:
        """A lower bound: the clause sets that `abc`, `def`, ... begin and that hold where every variable is true."""
        self.check_level(level)
        n_fixed = -(-level // 3)
        return comb(7 * comb(level, 3) - n_fixed, self._n_clauses(level) - n_fixed)

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw an assignment, then clauses that it makes true: first some that name every variable, then any."""
        self.check_level(level)
        truth = [letter if rng.random() < 0.5 else letter.upper() for letter in _LETTERS[:level]]
        order = list(range(level))
        rng.shuffle(order)
        n_clauses, triples = self._n_clauses(level), _triples(level)
        drawn: dict[int, None] = {}
        for start in range(0, level, 3):
            first, second, third = sorted(order[min(start, level - 3) :][:3])
            drawn[_places(level)[first, second, third] * 7 + rng.randrange(7)] = None
        for number in rng.sample(range(7 * len(triples)), n_clauses):
            drawn.setdefault(number)
        literals = [(letter.swapcase(), letter) for letter in truth]
        clauses = [_clause(number, triples, literals) for number in list(drawn)[:n_clauses]]
        rng.shuffle(clauses)
        return Solved(self._task(clauses, level), "".join(truth))

    def parse(self, prompt: str) -> Task:
        """Read `aBc,Abd`; refused where a clause repeats or no assignment satisfies all."""
        clauses, n_variables = self._read(prompt)
        if not _satisfying(clauses, n_variables):
            raise MalformedTask("no assignment satisfies it")
        return self._task(clauses, n_variables)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Look for a clause of which no literal is in the answer."""
        try:
            clauses, n_variables = self._read(task.prompt)
        except MalformedTask:
            return _NO_TASK
        # An unsatisfiable prompt is no task, whatever the answer; an answer that satisfies it settles that at once.
        if answer.lower() != _LETTERS[:n_variables] or not answer.isascii():
            return _NO_ASSIGNMENT if _satisfying(clauses, n_variables) else _NO_TASK
        true = set(answer)
        if not any(true.isdisjoint(clause) for clause in clauses):
            return _RIGHT
        return _WRONG if _satisfying(clauses, n_variables) else _NO_TASK

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """Any assignment that satisfies all clauses, by the truth table."""
        clauses, n_variables = self._read(solved.task.prompt)
        table = _satisfying(clauses, n_variables)
        row = rng.choice([row for row in range(1 << n_variables) if table >> row & 1])
        return "".join(s if row >> i & 1 else s.upper() for i, s in enumerate(_LETTERS[:n_variables]))

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The answer changed until one clause is false."""
        clauses, _ = self._read(solved.task.prompt)
        false = rng.choice(clauses).swapcase()
        return solved.answer.translate({ord(literal.swapcase()): literal for literal in false})

    def solution(self, solved: Solved) -> str:
        """`aBcd;aBc,Abd`: the assignment, then the clauses."""
        return f"{solved.answer};{solved.task.prompt}"

    def pose(self, solution: str) -> Solved:
        """The task of the clauses; refused unless the assignment satisfies it."""
        answer, _, prompt = solution.partition(";")
        task = self.parse(prompt)
        if self.verify(task, answer).outcome is not Outcome.CORRECT:
            raise MalformedTask("the assignment before ; does not satisfy the clauses after it")
        return Solved(task, answer)

    def _n_clauses(self, n_variables: int) -> int:
        # Not all that fit one assignment: then there would be one task to each.
        return min(int(self.clauses_per_variable * n_variables), 7 * comb(n_variables, 3) - 2)

    def _read(self, prompt: str) -> tuple[list[str], int]:
        most = int(_MOST_PER_VARIABLE * self.max_variables) + _SLACK
        if len(prompt) >= 4 * most or not _PROMPT.fullmatch(prompt):
            raise MalformedTask(f"not at most {most} clauses of one to three letters")
        clauses = prompt.split(",")
        used = sorted(set(prompt.lower()) - {","})
        n_variables = len(used)
        if n_variables > self.max_variables or "".join(used) != _LETTERS[:n_variables]:
            raise MalformedTask(f"the variables are not the first letters, or more than {self.max_variables}")
        if any(len(set(clause.lower())) < len(clause) for clause in clauses):
            raise MalformedTask("a clause names a variable twice")
        if len({frozenset(clause) for clause in clauses}) < len(clauses):
            raise MalformedTask("a clause is given twice")
        return clauses, n_variables

    def _task(self, clauses: list[str], n_variables: int) -> Task:
        canonical = ",".join(sorted("".join(sorted(clause, key=str.lower)) for clause in clauses))
        return Task(self.name, ",".join(clauses), n_variables, canonical)


@lru_cache(maxsize=16)
def _triples(n_variables: int) -> list[tuple[int, int, int]]:
    return list(combinations(range(n_variables), 3))


@lru_cache(maxsize=16)
def _places(n_variables: int) -> dict[tuple[int, int, int], int]:
    return {triple: place for place, triple in enumerate(_triples(n_variables))}


def _clause(number: int, triples: list[tuple[int, int, int]], literals: list[tuple[str, str]]) -> str:
    """One of the clauses that an assignment makes true.

    Args:
        number: The clause's triple of variables, and which of its literals hold: one or more.
        triples: All triples.
        literals: For each variable the literal that is false, then the one that is true.
    """
    (first, second, third), holding = triples[number // 7], number % 7 + 1
    return literals[first][holding & 1] + literals[second][holding >> 1 & 1] + literals[third][holding >> 2]


@lru_cache(maxsize=16)
def _tables(n_variables: int) -> dict[str, int]:
    """The rows of a truth table in which each literal holds, a bit per row."""
    every = (1 << (1 << n_variables)) - 1
    tables = {}
    for i, letter in enumerate(_LETTERS[:n_variables]):
        false = every // ((1 << (1 << i)) + 1)
        tables[letter], tables[letter.upper()] = every ^ false, false
    return tables


def _satisfying(clauses: list[str], n_variables: int) -> int:
    """The rows that satisfy every clause; 0 if there are none."""
    tables = _tables(n_variables)
    rows = (1 << (1 << n_variables)) - 1
    for clause in clauses:
        table = 0
        for literal in clause:
            table |= tables[literal]
        rows &= table
    return rows
