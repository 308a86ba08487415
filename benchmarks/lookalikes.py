"""Look-alikes: pairs that differ by a trifle or not at all, judged by `envs.rules.check` and by mpmath apart from it.

Kinds: tiny mutations of random expressions, true identities and the same with one slip, constants that agree to many
digits, branches that part on one side, offsets far below any float, rewritten golds (equal), sets, and integrals. The
reference evaluates Python closures built beside the text, at 120 digits and several points; it never reads the text by
our parser. A verdict is wrong if it says equal or different against the reference; undecided is counted apart. Where
we say different and the reference saw no difference, it looks again at 6,000 points and 400 digits; if it still sees
none, the verdict counts as wrong.

    python benchmarks/lookalikes.py --n 100000 --seed 1
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Any

import mpmath

from envs.rules import check

_digits = mpmath.MPContext()
_DIGITS = 120
_digits.dps = _DIGITS
_AGREE = _digits.mpf(10) ** -68  # relative
_N_POINTS = 25
_N_SECOND_POINTS = 6_000
_LARGEST_ARGUMENT = 10**6
_FAST = {"sin", "cos", "tan", "exp", "sinh", "cosh"}
_TINY = _digits.mpf(10) ** -40


@dataclass(frozen=True)
class Node:
    """An expression as text beside a function of x that mpmath evaluates.

    Attributes:
        text: In the grammar; safe to use as a factor.
        value: Its value at x.
    """

    text: str
    value: Callable[[Any], Any]


@dataclass(frozen=True)
class Case:
    """One pair.

    Attributes:
        kind: How it was made.
        gold: The reference.
        answer: The look-alike.
        equal: The truth, None where the reference could not tell.
        domain: Where x lives.
        task: As for `check`.
        nodes: Gold and answer as closures, for a second look of the reference.
    """

    kind: str
    gold: str
    answer: str
    equal: bool | None
    domain: str = "real"
    task: dict[str, str] | None = None
    nodes: tuple[Node, Node] | None = None

    def line(self) -> str:
        """For a reader."""
        return json.dumps({name: getattr(self, name) for name in ("kind", "gold", "answer", "equal", "domain", "task")})


X = Node("x", lambda x: x)
_UNARY: dict[str, Callable[[Any], Any]] = {
    "sin": _digits.sin, "cos": _digits.cos, "exp": _digits.exp, "sqrt": _digits.sqrt, "log": _digits.log,
    "tan": _digits.tan, "atan": _digits.atan, "sinh": _digits.sinh, "cosh": _digits.cosh, "tanh": _digits.tanh,
    "Abs": abs, "asinh": _digits.asinh,
}  # fmt: skip


def constant(n: int, d: int = 1) -> Node:
    """The number n/d."""
    return Node(f"({n}/{d})" if d > 1 else f"({n})" if n < 0 else str(n), lambda _: _digits.mpf(n) / d)


def combine(a: Node, operator: str, b: Node) -> Node:
    """Two nodes joined."""
    functions: dict[str, Callable[[Any], Any]] = {
        "+": lambda x: a.value(x) + b.value(x),
        "-": lambda x: a.value(x) - b.value(x),
        "*": lambda x: a.value(x) * b.value(x),
        "/": lambda x: a.value(x) / b.value(x),
    }
    return Node(f"({a.text}{operator}{b.text})", functions[operator])


def call(name: str, a: Node) -> Node:
    """A function of a node; where it grows or turns too fast to be worth its cost, the point is left out."""

    def value(x: Any) -> Any:
        argument = a.value(x)
        if name in _FAST and abs(argument) > _LARGEST_ARGUMENT:
            raise ValueError("too large an argument")
        return _UNARY[name](argument)

    return Node(f"{name}({a.text})", value)


def raised(a: Node, n: int) -> Node:
    """A node to an integer power."""
    return Node(f"({a.text})**{n}" if n >= 0 else f"(1/({a.text})**{-n})", lambda x: a.value(x) ** n)


def random_node(rng: Random, depth: int) -> Node:
    """A random expression in x."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice([X, X, constant(rng.randint(-9, 9) or 1), constant(rng.randint(1, 9), rng.randint(2, 9))])
    match rng.randrange(5):
        case 0 | 1 | 2:
            return combine(random_node(rng, depth - 1), rng.choice("+-*/+*"), random_node(rng, depth - 1))
        case 3:
            return call(rng.choice(sorted(_UNARY)), random_node(rng, depth - 1))
        case _:
            return raised(random_node(rng, depth - 1), rng.choice((2, 3, 2, -1)))


_IDENTITIES: list[tuple[str, str, str, str]] = [
    # domain, left, right, a slip of the right
    ("real", "sin(2*{u})", "2*sin({u})*cos({u})", "2*sin({u})*cos({u})**2"),
    ("real", "cos({u})**2", "(1+cos(2*{u}))/2", "(1-cos(2*{u}))/2"),
    ("real", "tan({u})**2+1", "1/cos({u})**2", "1/sin({u})**2"),
    ("real", "sin(3*{u})", "3*sin({u})-4*sin({u})**3", "3*sin({u})+4*sin({u})**3"),
    ("real", "cosh({u})**2-sinh({u})**2", "1", "1+tanh({u})*10**-30"),
    ("real", "sinh(2*{u})", "2*sinh({u})*cosh({u})", "2*sinh({u})*sinh({u})"),
    ("real", "exp(3*{u})", "exp({u})**3", "exp({u}**3)"),
    ("real", "9**{u}", "3**(2*{u})", "3**({u}**2)"),
    ("real", "log(exp({u}))", "{u}", "{u}+10**-40"),
    ("real", "sqrt({u}**2)", "Abs({u})", "-{u}-1"),
    ("real", "log({u}**2)", "2*log(Abs({u}))", "log(Abs({u}))**2"),
    ("real", "asinh({u})", "log({u}+sqrt({u}**2+1))", "log({u}+sqrt({u}**2-1))"),
    ("real", "tan(atan({u}))", "{u}", "-{u}"),
    ("real", "atan({u})", "asin({u}/sqrt(1+{u}**2))", "acos({u}/sqrt(1+{u}**2))"),
    ("real", "Abs({u})**3", "{u}**2*Abs({u})", "{u}**2-Abs({u})**3"),
    ("real", "1/(1+exp(-{u}))", "exp({u})/(1+exp({u}))", "exp({u})/(1-exp({u}))"),
    ("real", "tanh({u})", "(exp(2*{u})-1)/(exp(2*{u})+1)", "(exp(2*{u})+1)/(exp(2*{u})-1)"),
    ("positive", "log({u}*x)", "log({u})+log(x)", "log({u})*log(x)"),
    ("positive", "sqrt(x**3)", "x*sqrt(x)", "x*x"),
    ("positive", "(x**3)**(1/3)", "x", "x**(1/3)"),
    ("positive", "x**(1/2)*x**(1/3)", "x**(5/6)", "x**(1/6)"),
    ("positive", "sqrt(50*x)", "5*sqrt(2)*sqrt(x)", "5*sqrt(2)*x"),
    ("positive", "exp(2*log(x))", "x**2", "2*x"),
    ("positive", "1/(sqrt(x+1)-sqrt(x))", "sqrt(x+1)+sqrt(x)", "sqrt(x+1)-sqrt(x)"),
    ("positive", "atan(x)+atan(1/x)", "pi/2", "pi/2+10**-30"),
    ("real", "atan(x)+atan(1/x)", "pi/2*sign(x)", "pi/2"),
    ("real", "acos(cos(x))", "acos(cos(-x))", "x"),
    ("real", "sqrt(x**2+2*x+1)", "Abs(x+1)", "x+1"),
    ("real", "(Abs(x)+x)/2", "x*(1+sign(x))/2", "x"),
    ("complex", "exp(I*x)", "cos(x)+I*sin(x)", "cos(x)-I*sin(x)"),
    ("complex", "sqrt(x)**2", "x", "sqrt(x**2)"),
    ("complex", "sin(I*x)", "I*sinh(x)", "sinh(x)"),
]
_INNER = {
    "real": ("x", "(x+{a})", "({a}*x)", "(x/{b})", "(x**2+{a})", "sin(x)", "({a}*x-{b})", "(x/3+{b})"),
    "positive": ("x", "(x+{a})", "({a}*x)", "(x**2+{b})"),
    "complex": ("x",),
}

_NEAR_CONSTANTS = [
    ("pi", "355/113"), ("pi", "3.14159265358979323846264338327950288419716939937510"), ("exp(pi)-pi", "20"),
    ("exp(pi*sqrt(163))", "262537412640768744"), ("sqrt(2)+sqrt(3)", "pi"), ("E", "2.718281828459045"),
    ("sqrt(2)", "1.41421356237309504880168872420969807856967187537694"), ("sin(11)", "-1"),
    ("log(2)", "0.6931471805599"),
    ("sqrt(10)+sqrt(11)", "sqrt(5)+sqrt(18)"), ("(1+sqrt(5))/2", "1.6180339887498948482"),
    ("10**1/3", "3.3333333333333333"),
    ("sqrt(1000001)+sqrt(1000025)+sqrt(1000031)+sqrt(1000084)+sqrt(1000087)+sqrt(1000134)+sqrt(1000158)+sqrt(1000182)"
     "+sqrt(1000198)", "sqrt(1000002)+sqrt(1000018)+sqrt(1000042)+sqrt(1000066)+sqrt(1000113)+sqrt(1000116)"
     "+sqrt(1000169)+sqrt(1000175)+sqrt(1000199)"), ("cos(1)", "0.540302305868139717400936607442976603732310420617923"),
]  # fmt: skip
_EQUAL_CONSTANTS = [
    ("sqrt({n})*sqrt({m})", "sqrt({nm})"), ("sqrt({n}+{m}+2*sqrt({nm}))", "sqrt({n})+sqrt({m})"),
    ("1/(sqrt({n})+{m})", "(sqrt({n})-{m})/({n}-{mm})"), ("log({nm})", "log({n})+log({m})"), ("exp(log({n}))", "{n}"),
    ("cos(pi/5)", "(1+sqrt(5))/4"), ("sin(pi/{m})**2+cos(pi/{m})**2", "1"), ("atan(1)*4", "pi"),
    ("{n}**(1/2)", "sqrt({n})"),
    ("({n}+sqrt({m}))**2", "{nn}+{m}+2*{n}*sqrt({m})"), ("(7+5*sqrt(2))**(1/3)", "1+sqrt(2)"), ("asin(1)", "pi/2"),
]  # fmt: skip


def mutated(rng: Random) -> Case:
    """A random expression and itself with one small change, or rewritten."""
    gold = random_node(rng, 3)
    n, k = rng.randint(2, 9), rng.randint(5, 60)
    tiny = Node(f"10**-{k}", lambda _: _digits.mpf(10) ** -k)
    answer = rng.choice([
        lambda: combine(gold, "+", tiny),
        lambda: combine(gold, "*", combine(constant(1), "+", tiny)),
        lambda: combine(gold, "+", combine(tiny, "*", X)),
        lambda: combine(constant(1, n), "*", combine(constant(n), "*", gold)),
        lambda: combine(combine(gold, "+", X), "-", X),
        lambda: combine(combine(gold, "*", raised(constant(n), 2)), "/", constant(n * n)),
        lambda: call("Abs", gold),
        lambda: call("sqrt", raised(gold, 2)),
        lambda: Node(gold.text.replace("+", "-", 1), random_replacement),
        lambda: combine(gold, "+", combine(combine(raised(call("sin", X), 2), "+", raised(call("cos", X), 2)), "-",
                                           constant(1))),
        lambda: combine(gold, "+", call("exp", constant(-rng.randint(20, 140)))),
        lambda: combine(gold, "/", call("tanh", constant(rng.randint(20, 60)))),
    ])()  # fmt: skip
    if answer.value is random_replacement:
        return mutated(rng)
    return Case("mutation", gold.text, answer.text, truth(gold, answer, rng), nodes=(gold, answer))


def random_replacement(_: Any) -> Any:
    """Marks a change of text that has no closure."""
    raise NotImplementedError


def truth(gold: Node, answer: Node, rng: Random) -> bool | None:
    """Equal at all of several points where the gold is real; None where there are too few."""
    n_seen = n_answer = 0
    for index in range(6 * _N_POINTS):
        x = _digits.mpf(rng.randrange(1, 10**9)) / 10**9 * (1, 4, 30, 400, 10)[index % 5] * (1, -1)[index // 5 % 2]
        try:
            wanted = _digits.mpmathify(gold.value(x))
            if abs(_digits.im(wanted)) > _AGREE * abs(wanted) or not _digits.isfinite(wanted) or abs(wanted) > 1e30:
                continue
            n_seen += 1
            found = _digits.mpmathify(answer.value(x))
        except (ValueError, ArithmeticError, MemoryError):
            continue
        if not _digits.isfinite(found):
            continue
        size = max(abs(wanted), abs(found))
        if 0 < size < _TINY:  # what cancellation left, or really that small: not for this reference to say
            continue
        n_answer += 1
        if abs(wanted - found) > _AGREE * size:
            return False
        if n_answer >= _N_POINTS:
            return True
    return None


def differ_somewhere(gold: Node, answer: Node, rng: Random) -> bool:
    """The reference's second look, at more points and digits, also close to the numbers in the text: a region of
    `Abs(50+1/x)` is narrow, and `log(x+2)+20` is negative close to -2 only.
    """
    _digits.dps = 400
    numbers = [_digits.mpf(n) / int(d or 1) for n, d in re.findall(r"([0-9]+)(?:/([0-9]+))?", gold.text) if d != "0"]
    centers = [_digits.mpf(0), *(sign * number for number in numbers for sign in (1, -1))]
    try:
        for index in range(_N_SECOND_POINTS):
            scale = _digits.mpf(2) ** rng.randrange(-70, 50)
            x = scale * (1 + _digits.mpf(rng.randrange(1, 10**9)) / 10**9) * (1, -1)[index % 2] + rng.choice(centers)
            try:
                wanted, found = _digits.mpmathify(gold.value(x)), _digits.mpmathify(answer.value(x))
            except (ValueError, ArithmeticError, MemoryError):
                continue
            size = max(abs(wanted), abs(found))
            if not _digits.isfinite(size) or abs(_digits.im(wanted)) > _digits.mpf(10) ** -200 * size:
                continue
            if abs(wanted - found) > _digits.mpf(10) ** -200 * size > 0:
                return True
        return False
    finally:
        _digits.dps = _DIGITS


def identity(rng: Random) -> Case:
    """A true identity, or one with a slip; its inner expression is random."""
    domain, left, right, slip = rng.choice(_IDENTITIES)
    inner = rng.choice(_INNER[domain]).format(a=rng.randint(1, 9), b=rng.randint(2, 9))
    equal = rng.random() < 0.5
    gold, answer = (text.replace("{u}", inner) for text in (left, right if equal else slip))
    n = rng.randint(2, 30)
    gold, answer = rng.choice([
        (gold, answer), (f"{n}*({gold})", f"({answer})*{n}"), (f"({gold})+{n}/7", f"{n}/7+({answer})"),
        (f"({gold})-x", f"-x+{answer}"),
    ])  # fmt: skip
    return Case("identity", gold, answer, equal, domain)


def constants(rng: Random) -> Case:
    """Two numbers: the same in another spelling, or the same to many digits."""
    if rng.random() < 0.4:
        gold, answer = rng.choice(_NEAR_CONSTANTS)
        shift = rng.randint(-50, 50)
        return Case("near constants", f"{gold}+({shift})", f"{answer}+({shift})", False)
    n, m = rng.sample((2, 3, 5, 6, 7, 10, 11, 13, 14, 15, 17), 2)
    numbers = {"n": n, "m": m, "nm": n * m, "mm": m * m, "nn": n * n}
    gold, answer = (text.format(**numbers) for text in rng.choice(_EQUAL_CONSTANTS))
    equal = rng.random() < 0.5
    offset = "" if equal else rng.choice(["+", "-"]) + f"10**-{rng.randint(10, 150)}"
    return Case("constants", gold, answer + offset, equal)


def sets(rng: Random) -> Case:
    """Finite sets of distinct numbers, shuffled and respelled, or with one element off."""
    values = rng.sample(range(-9, 10), rng.randint(1, 5))
    spelled = [rng.choice([f"{v}", f"{2 * v}/2", f"{v - 1}+1", f"{v}*cos(0)", f"{'-' * (v < 0)}sqrt({v * v})"])
               for v in values]  # fmt: skip
    rng.shuffle(spelled)
    equal = rng.random() < 0.5
    if not equal:
        spelled[0] = rng.choice([f"{spelled[0]}+10**-30", "11", f"{spelled[0]}/7+12"])
    elif rng.random() < 0.3:
        spelled.append(spelled[0])
    return Case("sets", "{" + ",".join(map(str, values)) + "}", "{" + ",".join(spelled) + "}", equal)


_ANTIDERIVATIVES = [
    ("cos({a}*x)", "sin({a}*x)/{a}"), ("exp({a}*x)", "exp({a}*x)/{a}"), ("1/(x+{a})", "log(Abs(x+{a}))"),
    ("x*exp(x)", "(x-1)*exp(x)"), ("log(x)", "x*log(x)-x"), ("1/(x**2+{a}**2)", "atan(x/{a})/{a}"),
    ("x**{a}", "x**({a}+1)/({a}+1)"), ("1/sqrt(x)", "2*sqrt(x)"), ("sin(x)**2", "x/2-sin(2*x)/4"),
]  # fmt: skip


def integrals(rng: Random) -> Case:
    """An antiderivative plus a constant, or plus something that is none."""
    a = str(rng.randint(2, 9))
    integrand, gold = (text.replace("{a}", a) for text in rng.choice(_ANTIDERIVATIVES))
    equal = rng.random() < 0.5
    added = rng.choice(
        ["+C", "+5", "-7/3", "+pi", ""] if equal else ["+C*x", "+x", "+10**-30*x", "+x**2/10**40", "+sin(x)"]
    )
    task = {"kind": "integrate", "f": integrand, "var": "x"}
    return Case("integrals", gold, gold + added, equal, "positive", task)


def cases(n: int, rng: Random) -> list[Case]:
    """n cases whose truth is known, of all kinds."""
    makers = (mutated, mutated, mutated, identity, identity, constants, sets, integrals)
    found: list[Case] = []
    while len(found) < n:
        case = rng.choice(makers)(rng)
        if case.equal is not None and len(case.gold) < 1_000 and len(case.answer) < 1_000:
            found.append(case)
    return found


@dataclass
class Tally:
    """What came out.

    Attributes:
        n: Cases judged.
        seconds: Cost of each, in seconds.
        outcomes: How many had each truth and label.
        tiers: How many equal verdicts had each tier.
        wrong: The cases judged against the truth.
        undecided: The cases of no verdict.
        n_second_looks: Verdicts of "different" that the reference confirmed at its second look only.
    """

    n: int
    seconds: list[float]
    outcomes: Counter[tuple[str, bool, str]]
    tiers: Counter[str]
    wrong: list[Case]
    undecided: list[Case]
    n_second_looks: int = 0


def judged(some: list[Case]) -> Tally:
    """Check every case."""
    tally = Tally(0, [], Counter(), Counter(), [], [])
    for case in some:
        start = time.perf_counter()
        result = check(case.gold, case.answer, domain=case.domain, task=case.task)  # type: ignore[arg-type]
        tally.seconds.append(time.perf_counter() - start)
        tally.n += 1
        tally.outcomes[case.kind, bool(case.equal), result.label] += 1
        if result.label == "equal":
            tally.tiers[result.tier] += 1
        if result.label == "undecided":
            tally.undecided.append(case)
        elif (result.label == "equal") != case.equal:
            if result.label == "different" and case.nodes and differ_somewhere(*case.nodes, Random(tally.n)):
                tally.n_second_looks += 1
            else:
                tally.wrong.append(case)
    return tally


def main() -> None:
    """Run, and print one table."""
    parser = argparse.ArgumentParser(description="look-alike pairs against an independent reference")
    parser.add_argument("--n", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    rng, n_left, total = Random(arguments.seed), arguments.n, Tally(0, [], Counter(), Counter(), [], [])
    while n_left:
        part = judged(cases(min(n_left, 2_000), rng))
        n_left -= part.n
        total = Tally(total.n + part.n, total.seconds + part.seconds, total.outcomes + part.outcomes,
                      total.tiers + part.tiers, total.wrong + part.wrong, total.undecided + part.undecided,
                      total.n_second_looks + part.n_second_looks)  # fmt: skip
    seconds = sorted(total.seconds)
    for key, count in sorted(total.outcomes.items()):
        print(f"{key[0]:<16}{'equal' if key[1] else 'different':<12}{key[2]:<12}{count:>8}")
    for case in total.wrong[:20] + total.undecided[:20]:
        print(case.line())
    print("tiers of equal:", dict(total.tiers))
    print(f"seed {arguments.seed}: n {total.n}, wrong {len(total.wrong)}, undecided {len(total.undecided)}, "
          f"second looks {total.n_second_looks}, p99 {seconds[int(0.99 * total.n)] * 1e3:.1f} ms, "
          f"max {seconds[-1] * 1e3:.1f} ms, {total.n / sum(seconds):.0f} checks/s")  # fmt: skip


if __name__ == "__main__":
    main()
