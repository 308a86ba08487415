"""The usual check of symbolic answers: `simplify(gold - answer) == 0`, as a verifier to audit.

    selfplay audit --config configs/audit/simplify.yaml

Text goes through our bounded grammar and reaches sympy node by node, so that what is measured is the comparison and
not the evaluation of text. A gold with the variable x is an antiderivative and is compared up to a constant.
"""

from __future__ import annotations

import sympy

from envs.expression import GrammarError
from envs.grammar import parse
from envs.symbolic import to_sympy

_X = sympy.Symbol("x")


def check(gold: str, answer: str) -> bool:
    """Whether sympy simplifies the difference to 0."""
    try:
        difference = to_sympy(parse(gold)) - to_sympy(parse(answer))
    except GrammarError:
        return False
    if "x" in gold:
        difference = sympy.diff(difference, _X)
    return bool(sympy.simplify(difference) == 0)
