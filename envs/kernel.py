"""A proof kernel for propositional logic: three axioms, one rule, proofs as strings of `D123`.

Formulas are text in Polish notation: `Cab` is "a implies b", `Na` is "not a", small letters are variables. The
axioms (J. Lukasiewicz's) are

    1   CpCqp
    2   CCpCqrCCpqCpr
    3   CCNpNqCqp

and `Dxy` is C. A. Meredith's condensed detachment: from a proof x of `Cab` and a proof y of c, where b follows once
a and c are made equal by the least possible substitution, the b that this leaves. So a proof has one most general
theorem, and it proves exactly the substitution instances of that. The system is complete: the formulas that have a
proof are the tautologies. `DD211` proves `Cpp`.

Formulas can double in size with every step, so sizes and steps are bounded. What would go beyond is refused with
`TooLarge`, never cut short. Nothing here recurses.
"""

from __future__ import annotations

from typing import TypeAlias

VARIABLES = "pqrstuvwxyzabcdefghijklmno"
"""Names in the order in which `canonical` gives them."""

MOST_SYMBOLS = 400
"""Longest formula a proof may pass through."""

MOST_STEPS = 4_000
"""Most comparisons of one detachment."""

AXIOMS = {"1": "CpCqp", "2": "CCpCqrCCpqCpr", "3": "CCNpNqCqp"}

_Tree: TypeAlias = "int | tuple[_Tree, ...]"  # a variable's number, (a,) for Na, (a, b) for Cab


class ProofError(ValueError):
    """Text that is no proof; the message says why."""


class Misfit(ProofError):
    """A proof in form, in which a detachment does not fit."""


class TooLarge(ValueError):
    """A proof whose check would leave the kernel's bounds; nothing is known of it."""


def ends(text: str) -> list[int] | None:
    """Where each subformula ends, by the position where it starts; None if the text is not one formula."""
    stops = [0] * len(text)
    stack: list[int] = []
    for start in range(len(text) - 1, -1, -1):
        symbol = text[start]
        if symbol == "C":
            if len(stack) < 2:
                return None
            stack.pop()
        elif symbol == "N":
            if not stack:
                return None
        elif symbol in VARIABLES:
            stack.append(start + 1)
        else:
            return None
        stops[start] = stack[-1]
    return stops if len(stack) == 1 else None


def canonical(text: str) -> str:
    """The formula with its variables renamed p, q, r, ... in order of appearance."""
    letters = dict.fromkeys(text)
    letters.pop("C", None)
    letters.pop("N", None)
    return text.translate({ord(letter): VARIABLES[number] for number, letter in enumerate(letters)})


def is_tautology(text: str) -> bool:
    """Whether a formula is true under every assignment.

    A truth table: with v variables, one integer of 2**v bits per subformula. Few variables are the caller's duty.
    """
    letters = set(text) - {"C", "N"}
    every = (1 << (1 << len(letters))) - 1
    tables = {letter: every // ((1 << (1 << number)) + 1) for number, letter in enumerate(letters)}
    stack: list[int] = []
    for symbol in reversed(text):
        if symbol == "C":
            premise = stack.pop()
            stack[-1] |= every ^ premise
        elif symbol == "N":
            stack[-1] ^= every
        else:
            stack.append(tables[symbol])
    return stack[0] == every


def theorem(proof: str) -> str:
    """The most general formula that a proof proves, in the spelling of `canonical`.

    Args:
        proof: Prefix text of `D` and axiom numbers.

    Raises:
        ProofError: The text is not one proof.
        Misfit: A detachment does not fit.
        TooLarge: A formula on the way has more than `MOST_SYMBOLS` symbols or more variables than there are names,
            or a detachment takes more than `MOST_STEPS` comparisons.
    """
    # The form first: a text that is no proof is refused before any detachment.
    n_proofs = 0
    for symbol in reversed(proof):
        n_proofs += 1 if symbol in AXIOMS else -1
        if n_proofs < 1 or symbol not in "D123":
            raise ProofError("not a proof made of D, 1, 2 and 3")
    if n_proofs != 1:
        raise ProofError("not one proof")
    stack: list[str] = []
    for symbol in reversed(proof):
        stack.append(AXIOMS[symbol] if symbol in AXIOMS else detach(stack.pop(), stack.pop()))
    return stack[0]


def detach(major: str, minor: str) -> str:
    """Condensed detachment of two formulas in the spelling of `canonical`.

    Raises:
        Misfit: The major premise is no implication, or its premise and the minor one cannot be made equal.
        TooLarge: See `theorem`.
    """
    implication = _tree(major, 0)
    if isinstance(implication, int) or len(implication) == 1:
        raise Misfit("a detachment from a formula that is no implication")
    premise, conclusion = implication
    return _written(conclusion, _unifier(premise, _tree(minor, len(VARIABLES))))


def matches(pattern: str, formula: str) -> bool:
    """Whether a formula is a substitution instance of a pattern; both well-formed."""
    stops = ends(formula)
    assert stops is not None, "the caller has read the formula"
    images: dict[str, str] = {}
    position = 0
    for symbol in pattern:
        if position == len(formula):
            return False
        if symbol in "CN":
            if formula[position] != symbol:
                return False
            position += 1
        else:
            part = formula[position : stops[position]]
            if images.setdefault(symbol, part) != part:
                return False
            position = stops[position]
    return True


def _tree(text: str, shift: int) -> _Tree:
    stack: list[_Tree] = []
    for symbol in reversed(text):
        if symbol == "C":
            stack.append((stack.pop(), stack.pop()))
        elif symbol == "N":
            stack.append((stack.pop(),))
        else:
            stack.append(VARIABLES.index(symbol) + shift)
    return stack[0]


def _unifier(left: _Tree, right: _Tree) -> dict[int, _Tree]:
    """A most general unifier, as bindings that refer to each other without circles."""
    bindings: dict[int, _Tree] = {}
    pending, n_steps = [(left, right)], 0
    while pending:
        n_steps += 1
        if n_steps > MOST_STEPS:
            raise TooLarge(f"a detachment of more than {MOST_STEPS} steps")
        one, other = pending.pop()
        while isinstance(one, int) and one in bindings:
            one = bindings[one]
        while isinstance(other, int) and other in bindings:
            other = bindings[other]
        if not isinstance(one, int):
            one, other = other, one
        if isinstance(one, int):
            if one != other:
                if _occurs(one, other, bindings):
                    raise Misfit("a detachment that would put a formula inside itself")
                bindings[one] = other
        elif isinstance(other, int) or len(one) != len(other):
            raise Misfit("a detachment whose premises cannot be made equal")
        else:
            pending += zip(one, other, strict=True)
    return bindings


def _occurs(variable: int, tree: _Tree, bindings: dict[int, _Tree]) -> bool:
    pending, seen = [tree], set()
    while pending:
        part = pending.pop()
        if not isinstance(part, int):
            pending += part
        elif part == variable:
            return True
        elif part in bindings and part not in seen:
            seen.add(part)
            pending.append(bindings[part])
    return False


def _written(tree: _Tree, bindings: dict[int, _Tree]) -> str:
    """The formula of a tree after substitution, in canonical spelling."""
    names: dict[int, str] = {}
    symbols: list[str] = []
    pending = [tree]
    while pending:
        part = pending.pop()
        while isinstance(part, int) and part in bindings:
            part = bindings[part]
        if not isinstance(part, int):
            symbols.append("NC"[len(part) - 1])
            pending += part[::-1]
        else:
            if part not in names:
                if len(names) == len(VARIABLES):
                    raise TooLarge(f"a formula with more than {len(VARIABLES)} variables")
                names[part] = VARIABLES[len(names)]
            symbols.append(names[part])
        if len(symbols) > MOST_SYMBOLS:
            raise TooLarge(f"a formula of more than {MOST_SYMBOLS} symbols")
    return "".join(symbols)
