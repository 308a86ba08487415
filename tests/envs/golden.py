"""Golden samples: fixed tasks of each family with the verdicts on right, wrong and malformed answers.

A difference from a stored file means that tasks or verdicts changed. If that is intended, raise the env's
`version`, then write a new file with `python -m tests.envs.golden` and leave the old one where it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from envs.code.abduction import Abduction
from envs.code.deduction import Deduction
from envs.code.distinction import Distinction
from envs.code.error_prediction import ErrorPrediction
from envs.code.induction import Induction
from envs.code.output import Output
from envs.code.repair import Repair
from envs.code.stack_machine import StackMachine
from envs.code.synthesis import Synthesis
from envs.core import Env, SolutionFirst
from envs.math.antiderivative import Antiderivative
from envs.math.arithmetic import Arithmetic
from envs.math.base_conversion import BaseConversion
from envs.math.chain import Chain
from envs.math.composed import Composed
from envs.math.countdown import Countdown
from envs.math.definite_integral import DefiniteIntegral
from envs.math.derivative import Derivative
from envs.math.differential_equation import DifferentialEquation
from envs.math.expansion import Expansion
from envs.math.factor_integer import FactorInteger
from envs.math.factoring import Factoring
from envs.math.fraction import Fraction
from envs.math.graph_coloring import GraphColoring
from envs.math.greatest_divisor import GreatestDivisor
from envs.math.horizon import Horizon
from envs.math.inequality import Inequality
from envs.math.limit import Limit
from envs.math.linear import Linear
from envs.math.linear_system import LinearSystem
from envs.math.matrix_inverse import MatrixInverse
from envs.math.matrix_product import MatrixProduct
from envs.math.modular import Modular
from envs.math.modular_inverse import ModularInverse
from envs.math.polynomial_roots import PolynomialRoots
from envs.math.polynomial_value import PolynomialValue
from envs.math.proof import Proof
from envs.math.quadratic import Quadratic
from envs.math.rational_simplification import RationalSimplification
from envs.math.satisfiability import Satisfiability
from envs.math.series_coefficient import SeriesCoefficient
from envs.math.sorting import Sorting, Swaps
from envs.math.subset_sum import SubsetSum
from envs.math.sudoku import Sudoku
from envs.math.trigonometric_simplification import TrigonometricSimplification

FOLDER = Path(__file__).parents[1] / "golden" / "envs"
FAMILIES: list[Env] = [
    Antiderivative(),
    DefiniteIntegral(),
    Derivative(),
    DifferentialEquation(),
    Limit(),
    SeriesCoefficient(),
    Arithmetic("+-*"),
    Deduction(),
    FactorInteger(),
    Linear(),
    Arithmetic("+-*", reverse=True),
    BaseConversion(),
    Chain(),
    Composed(),
    Fraction("+-*:"),
    GreatestDivisor(),
    Horizon(),
    LinearSystem(),
    MatrixInverse(),
    MatrixProduct(),
    Modular("+-*/o"),
    ModularInverse(),
    PolynomialValue(),
    Quadratic(),
    Countdown(),
    GraphColoring(),
    Proof(),
    Satisfiability(),
    Sorting(),
    StackMachine(),
    Abduction(),
    Distinction(),
    ErrorPrediction(),
    Induction(),
    Output(),
    Repair(),
    Synthesis(),
    SubsetSum(),
    Sudoku(),
    Swaps(),
    Expansion(),
    Factoring(),
    Inequality(),
    PolynomialRoots(),
    RationalSimplification(),
    TrigonometricSimplification(),
]
N_PER_LEVEL = 4


def path_of(env: Env) -> Path:
    return FOLDER / f"{env.name.replace('/', '_')}.v{env.version}.json"


def sample_of(env: Env) -> list[dict[str, Any]]:
    """Tasks drawn with a fixed seed, and what `verify` says of answers to them."""
    rng = Random(20_240_229)
    cases = []
    for level in env.levels:
        for _ in range(N_PER_LEVEL):
            solved = env.sample(rng, level)
            answers = [solved.answer, env.equivalent(solved, rng), env.near_miss(solved, rng), "", "1/", " 7"]
            case: dict[str, Any] = {
                "prompt": solved.task.prompt,
                "level": level,
                "canonical": solved.task.canonical,
                "id": solved.task.id,
                "verdicts": [[answer, str(env.verify(solved.task, answer).outcome)] for answer in answers],
            }
            if isinstance(env, SolutionFirst):
                case["solution"] = env.solution(solved)
            cases.append(case)
    return cases


def main() -> None:
    for env in FAMILIES:
        path_of(env).write_text(json.dumps(sample_of(env), indent=1) + "\n", encoding="utf-8")
        print(f"wrote {path_of(env)}")


if __name__ == "__main__":
    main()
