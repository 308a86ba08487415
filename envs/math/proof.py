"""Proofs in propositional logic: a formula is given, any proof that the kernel accepts answers it.

Two tasks, at levels 2 and 1:

    Cpp             answer DD211
    CpCqCrq         answer D11

Formulas are in Polish notation, `Cab` for "a implies b" and `Na` for "not a"; proofs are condensed detachments of
three axioms; `envs.kernel` has both. A proof answers every substitution instance of its most general theorem, so
there are always many right answers. Stating theorems and proving them as the only source of training is after
Poesia et al. 2024, "Learning Formal Mathematics From Intrinsic Motivation".

Cost: there are Catalan(k) * 3**(k+1) proofs with k detachments (288,684 for 6), and a prover must find one of a few
among them; checking one is k unifications, about 20 microseconds each. Prompts that are no tautology have no proof and
are refused, by a truth table. The easier thing to propose is a proof (`DD211`): it states its own theorem.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.core import Env, MalformedTask, Outcome, SolutionFirst, Solved, Task, Verdict
from envs.kernel import AXIOMS, Misfit, ProofError, TooLarge, canonical, ends, is_tautology, matches, theorem
from envs.theorems import MOST_DETACHMENTS, images, library, n_instances, tasks

_VARIABLES = "pqrs"
_LONGEST_PROOF = 99  # 49 detachments
_IDENTITY = "DD211"  # proves Cpp; detaching it from a proof gives the same theorem again

_RIGHT = Verdict(Outcome.CORRECT, tier="exact")
_ANOTHER = Verdict(Outcome.INCORRECT, "proves another formula", tier="exact")
_MISFIT = Verdict(Outcome.INCORRECT, "a detachment does not fit", tier="exact")
_NO_PROOF = Verdict(Outcome.MALFORMED, "not a proof made of D, 1, 2 and 3")
_TOO_LARGE = Verdict(Outcome.UNDECIDED, "a formula in the proof is too large to check")
_NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


@dataclass(frozen=True)
class Proof(Env, SolutionFirst):
    """Prove a tautology.

    A task's level is the least number of detachments that prove it, known exactly up to `max_detachments` because all
    most general theorems of so many are at hand. Formulas a model writes may need more: their level is one above.

    Attributes:
        max_detachments: Most detachments that a sampled task needs.
        max_symbols: Longest formula.
    """

    max_detachments: int = 6
    max_symbols: int = 40

    name: ClassVar[str] = "math/proof"
    version: ClassVar[int] = 1
    alphabet: ClassVar[str] = "CNpqrsD123:"
    tiers: ClassVar[tuple[str, ...]] = ("exact",)
    asymmetry: ClassVar[str] = "solving: a search among Catalan(k)*3^(k+1) proofs of k steps; checking: k unifications"

    def __post_init__(self) -> None:
        if not 1 <= self.max_detachments <= MOST_DETACHMENTS:
            raise ValueError(f"max_detachments={self.max_detachments}: use 1 to {MOST_DETACHMENTS}")
        if not 20 <= self.max_symbols <= 100:
            raise ValueError(f"max_symbols={self.max_symbols}: use 20 to 100")

    @property
    def levels(self) -> range:
        """Detachments of a shortest proof; the axioms themselves, of none, are too few to sample."""
        return range(1, self.max_detachments + 1)

    def capacity(self, level: int) -> int:
        """Exact below 20,000 tasks; where there are more, 20,000 of them have been counted."""
        self.check_level(level)
        return n_instances(self.max_detachments, level, self.max_symbols, len(_VARIABLES))

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a most general theorem that takes `level` detachments, and an instance of it that takes no fewer."""
        self.check_level(level)
        general, proof = rng.choice(tasks(self.max_detachments, level, self.max_symbols, len(_VARIABLES)))
        letters = sorted(set(general) - {"C", "N"})
        substitution = {ord(letter): rng.choice(images(letter, letters)) for letter in letters}
        formula = canonical(general.translate(substitution))
        if len(formula) > self.max_symbols or library(self.max_detachments).least(formula) != level:
            formula = general
        return Solved(Task(self.name, formula, level, canonical=formula), proof)

    def parse(self, prompt: str) -> Task:
        """Read a tautology in at most four variables p, q, r, s."""
        formula = canonical(self._read(prompt))
        return Task(self.name, prompt, library(self.max_detachments).least(formula), canonical=formula)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Find what the answer proves and compare; every proof of the formula or of a more general one counts."""
        try:
            formula = self._read(task.prompt)
        except MalformedTask:
            return _NO_TASK
        if len(answer) > _LONGEST_PROOF:
            return _NO_PROOF
        try:
            proved = theorem(answer)
        except Misfit:
            return _MISFIT
        except ProofError:
            return _NO_PROOF
        except TooLarge:
            return _TOO_LARGE
        return _RIGHT if matches(proved, formula) else _ANOTHER

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The proof with a detour over `Cpp`."""
        detour = f"D{_IDENTITY}{solved.answer}"
        return detour if len(detour) <= _LONGEST_PROOF else solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The proof with another axiom in one place, or with its two last parts exchanged, or one step short."""
        proof = solved.answer
        places = [place for place, symbol in enumerate(proof) if symbol != "D"]
        altered = [f"{proof[:p]}{axiom}{proof[p + 1 :]}" for p in places for axiom in AXIOMS if axiom != proof[p]]
        rng.shuffle(altered)
        candidates = [*altered[:3], "D" + proof]  # the last is no proof at all, so that there always is one
        return next(c for c in candidates if self.verify(solved.task, c).outcome is not Outcome.CORRECT)

    def solution(self, solved: Solved) -> str:
        """The proof; after a colon the formula, where it is less general than what the proof proves."""
        if theorem(solved.answer) == solved.task.canonical:
            return solved.answer
        return f"{solved.answer}:{solved.task.canonical}"

    def pose(self, solution: str) -> Solved:
        """The theorem of `DD211`, or the instance `DD211:CNpNp` of it."""
        proof, colon, instance = solution.partition(":")
        if len(proof) > _LONGEST_PROOF:
            raise MalformedTask(f"a proof of more than {_LONGEST_PROOF} symbols")
        try:
            formula = theorem(proof)
        except (ProofError, TooLarge) as problem:
            raise MalformedTask(str(problem)) from None
        task = self.parse(instance if colon else formula)
        if not matches(formula, task.canonical):
            raise MalformedTask("the proof proves another formula")
        return Solved(task, proof)

    def _read(self, prompt: str) -> str:
        if len(prompt) > self.max_symbols:
            raise MalformedTask(f"more than {self.max_symbols} symbols")
        if not set(prompt) <= {"C", "N", *_VARIABLES} or ends(prompt) is None:
            raise MalformedTask(f"not a formula of C, N and {', '.join(_VARIABLES)} in Polish notation")
        if not is_tautology(prompt):
            raise MalformedTask("not a tautology")
        return prompt
