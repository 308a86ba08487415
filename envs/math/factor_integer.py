"""Factorisation of composite integers into primes.

Two tasks at levels 3 and 2:

    391     answer 17*23, or 23*17
    84      answer 2*2*3*7

Cost: factoring is a search that gets harder with the smallest prime; checking is a product and a few primality
tests, microseconds. Prime prompts are refused: their answer would be the prompt itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict

_INTEGER = re.compile(r"[1-9][0-9]*")
_FACTORS = re.compile(r"[1-9][0-9]*(?:\*[1-9][0-9]*)*")
_MOST_DIGITS = 12  # sampling divides by everything up to the square root, checking only tests for primes
# Strong-probable-prime tests to these bases are a proof below 3.3e24 (Sorenson and Webster 2015, "Strong
# pseudoprimes to twelve prime bases"), and to the first four of them below 3.2e9 (Jaeschke 1993).
_BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
_FEW_BASES_BELOW = 3_215_031_751

# Primes below 10**k (OEIS A006880).
_N_PRIMES_BELOW = (
    0, 4, 25, 168, 1_229, 9_592, 78_498, 664_579, 5_761_455, 50_847_534, 455_052_511, 4_118_054_813, 37_607_912_018,
)  # fmt: skip

_RIGHT = Verdict(Outcome.CORRECT, tier="exact")
_WRONG_PRODUCT = Verdict(Outcome.INCORRECT, "another product", tier="exact")
_NOT_PRIME = Verdict(Outcome.INCORRECT, "a factor is not prime", tier="exact")
_NO_PRODUCT = Verdict(Outcome.MALFORMED, "not integers above 0 joined by *")
_NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


@dataclass(frozen=True)
class FactorInteger(Env, SolutionFirst):
    """Write a composite number as a product of primes, in any order.

    A task's level is the number's digits. There are 69 tasks with two digits, 757 with three, 7,939 with four and
    81,637 with five.

    Attributes:
        max_digits: Most digits of the number.
    """

    max_digits: int = 5

    name: ClassVar[str] = "math/factor_integer"
    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = (
        "solving: trial division, up to 10**(d/2) steps; checking: a product and at most log2(n) primality tests"
    )
    alphabet: ClassVar[str] = "0123456789*"

    def __post_init__(self) -> None:
        if not 2 <= self.max_digits <= _MOST_DIGITS:
            raise ValueError(f"max_digits={self.max_digits}: use 2 to {_MOST_DIGITS}")

    @property
    def levels(self) -> range:
        """Digits of the number; those with a single digit are too few to sample, though `parse` admits them."""
        return range(2, self.max_digits + 1)

    def capacity(self, level: int) -> int:
        """Exact: the numbers of `level` digits that are not prime."""
        self.check_level(level)
        return int(9 * 10 ** (level - 1) - (_N_PRIMES_BELOW[level] - _N_PRIMES_BELOW[level - 1]))

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a composite number of `level` digits, all about equally often."""
        self.check_level(level)
        n = rng.randrange(10 ** (level - 1), 10**level)
        n += _is_prime(n)  # the number after a prime above 2 is even, and never has a digit more
        return self._solved(_prime_factors(n))

    def parse(self, prompt: str) -> Task:
        """Read a composite number without leading zeros."""
        n = self._read(prompt)
        return Task(self.name, prompt, level=len(prompt), canonical=str(n))

    def verify(self, task: Task, answer: str) -> Verdict:
        """Multiply the factors and test each for primality."""
        try:
            n = self._read(task.prompt)
        except MalformedTask:
            return _NO_TASK
        # No right answer is longer than the one with most factors, a power of 2: n.bit_length() of them.
        if len(answer) > 2 * n.bit_length() or not _FACTORS.fullmatch(answer):
            return _NO_PRODUCT
        factors = [int(factor) for factor in answer.split("*")]
        if prod(factors) != n:
            return _WRONG_PRODUCT
        return _RIGHT if all(map(_is_prime, factors)) else _NOT_PRIME

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The factors in another order."""
        factors = solved.answer.split("*")
        rng.shuffle(factors)
        return "*".join(factors)

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """One factor off by one, or two factors left unsplit."""
        factors = [int(factor) for factor in solved.answer.split("*")]
        rng.shuffle(factors)
        if rng.random() < 0.5:
            factors[0] += 1
        else:
            factors[:2] = [factors[0] * factors[1]]
        return "*".join(map(str, sorted(factors)))

    def solution(self, solved: Solved) -> str:
        """The product of primes in ascending order."""
        return "*".join(sorted(solved.answer.split("*"), key=int))

    def pose(self, solution: str) -> Solved:
        """Multiply primes, `17*23`; refused where one is not prime or the product has too many digits."""
        if len(solution) > 8 * self.max_digits or not _FACTORS.fullmatch(solution):
            raise MalformedTask("not primes joined by *")
        factors = [int(factor) for factor in solution.split("*")]
        if len(factors) < 2 or prod(factors) >= 10**self.max_digits:
            raise MalformedTask(f"not two or more primes with a product of at most {self.max_digits} digits")
        if not all(map(_is_prime, factors)):
            raise MalformedTask("a factor is not prime")
        return self._solved(sorted(factors))

    def _read(self, prompt: str) -> int:
        if len(prompt) > self.max_digits or not _INTEGER.fullmatch(prompt):
            raise MalformedTask(f"not an integer of at most {self.max_digits} digits")
        n = int(prompt)
        if n < 4 or _is_prime(n):
            raise MalformedTask("not composite")
        return n

    def _solved(self, factors: list[int]) -> Solved:
        text = str(prod(factors))
        return Solved(Task(self.name, text, len(text), canonical=text), "*".join(map(str, factors)))


def _is_prime(n: int) -> bool:
    """Deterministic Miller-Rabin test; exact for every integer this env can meet."""
    if n < 2:
        return False
    bases = _BASES[:4] if n < _FEW_BASES_BELOW else _BASES
    if any(n % base == 0 for base in bases):
        return n in bases
    odd, n_halvings = n - 1, 0
    while odd % 2 == 0:
        odd, n_halvings = odd // 2, n_halvings + 1
    return all(_passes(n, base, odd, n_halvings) for base in bases)


def _passes(n: int, base: int, odd: int, n_halvings: int) -> bool:
    power = pow(base, odd, n)
    if power in (1, n - 1):
        return True
    for _ in range(n_halvings - 1):
        power = power * power % n
        if power == n - 1:
            return True
    return False


def _prime_factors(n: int) -> list[int]:
    """Ascending prime factors by trial division."""
    factors, divisor = [], 2
    while divisor * divisor <= n:
        while n % divisor == 0:
            factors.append(divisor)
            n //= divisor
        divisor += 1 if divisor == 2 else 2
    return [*factors, n] if n > 1 else factors
