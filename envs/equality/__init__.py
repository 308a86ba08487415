"""Are two answers equal? Tiers of evidence, cheapest first, each bounded in time.

    structural    the trees are the same                                                        proof
    exact         equal residues at random points modulo a prime, functions and roots as        proof
                  unknowns; unequal ones prove a difference where none occurs (`residues`)
    balls         rigorous balls around the two values are disjoint at a random point of the    proof
                  domain: different (`balls`)
    homomorphism  equal images in random prime fields under laws of exp, log, trigonometry      proof
                  and roots, and agreement at 8 points (`homomorphism`)
    separation    algebraic constants closer than any two different ones (`separation`)         proof
    numeric       agreement at 12 points, once at a precision beyond the size of all numbers    evidence
                  involved, and on every branch that roots, logarithms and Abs may take (`branches`)
    float         agreement or difference by floats of 60 digits, without python-flint          evidence

Proofs by residues and images err with a probability below 10**-15, over random numbers from the operating system.

A verdict is "equal", "different", "undecided" (no tier could tell; never to be read as wrong) or "reject" (the
answer is not in the grammar, has a symbol it must not have, or has no value anywhere).

Values are compared where the gold is defined. On the domains "real" and "positive" symbols are real and so must
the gold be: `log(x**2)` equals `2*log(x)` there, as the latter is real for positive x only. Points where the
answer has a pole are skipped. Sets, tuples, intervals and relations are compared part by part (`matching`).
"""

from envs.equality.comparison import BUDGET_S, Comparison, Domain, Label, verdict_of
from envs.equality.forms import Form
from envs.equality.tiers import compare, compare_derivative, compare_trees, compare_values, is_somewhere_nonzero

__all__ = [
    "BUDGET_S",
    "Comparison",
    "Domain",
    "Form",
    "Label",
    "compare",
    "compare_derivative",
    "compare_trees",
    "compare_values",
    "is_somewhere_nonzero",
    "verdict_of",
]
