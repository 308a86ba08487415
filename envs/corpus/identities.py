"""Human-written identities: what sympy's own tests and docstrings say an expression becomes.

    trigsimp:1-sin(x)**2            answer cos(x)**2
    diff x:log(x)**2                answer 2*log(x)/x

A prompt names what is to be done, and the expression. `selfplay corpus build sympy` reads the pairs from sympy's
source (BSD 3-clause licence), where `assert trigsimp(1 - sin(x)**2) == cos(x)**2` is one, and confirms each by
`envs.equality`. An answer is right if it equals the expression and is not the expression itself; whether it is simpler
nobody can say. So this is a held-out set for losses, and a test of the verifier, rather than a thing to train on.

Cost: the tests are what sympy's rewriting rules were written for; checking is one comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from envs.calculus import derivative
from envs.core import Outcome, Solved, Verdict
from envs.corpus.listed import Listed
from envs.corpus.provenance import Row
from envs.equality import compare_derivative, compare_trees, verdict_of
from envs.equality.comparison import TIERS, Domain
from envs.expression import GrammarError, Tree, ordered, symbols_of, text_of
from envs.grammar import parse


@dataclass(frozen=True)
class Identities(Listed):
    """Pairs of equal expressions out of sympy's tests and docstrings."""

    name: ClassVar[str] = "corpus/identities"
    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = TIERS
    asymmetry: ClassVar[str] = "solving: choosing among sympy's rewriting rules; checking: one comparison"
    shipped: ClassVar[str] = "sympy.jsonl.xz"

    def judge(self, row: Row, answer: str) -> Verdict:
        """Equal to what is asked for, and not a restatement of it."""
        return confirm(row.prompt, answer, "positive" if row.context == "positive" else "real")

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer in parentheses."""
        return f"({solved.answer})"

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The answer with a term too many."""
        extra = solved.task.prompt.partition(":")[0].partition(" ")[2] or rng.choice(["1", "11"])
        return f"{solved.answer}+{extra}"


def confirm(prompt: str, answer: str, domain: Domain) -> Verdict:
    """Whether an answer equals what a prompt asks for, and is not the prompt itself.

    Args:
        prompt: An operation and an expression, `expand:(x+1)**2`.
        answer: Any text.
        domain: Where all symbols live.
    """
    operation, _, text = prompt.partition(":")
    word, _, variable = operation.partition(" ")
    try:
        given = parse(text)
        wanted = derivative(given, variable) if word == "diff" else given
    except GrammarError as problem:
        return Verdict(Outcome.UNDECIDED, f"prompt: {problem}")
    try:
        found = parse(answer)
    except GrammarError as problem:
        return Verdict(Outcome.MALFORMED, str(problem))
    if not variable and ordered(found) == ordered(given):
        return Verdict(Outcome.MALFORMED, "restated, nothing done", "structural")
    if foreign := symbols_of(found) - symbols_of(given) - {variable}:
        return Verdict(Outcome.MALFORMED, f"symbol {min(foreign)} is not in the prompt")
    domains = dict.fromkeys(symbols_of(given) | {variable} - {""}, domain)
    if word == "integrate":
        return verdict_of(compare_derivative(found, given, variable, domains=domains))
    return verdict_of(compare_trees(wanted, found, domains=domains))


def spelled(tree: Tree) -> str:
    """A tree in the spelling of the corpus: terms and factors in the order of their text."""
    return text_of(ordered(tree))
