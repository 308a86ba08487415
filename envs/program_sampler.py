"""Random functions of the small Python, of a given level: a size in nodes, and runs that say something.

Trees are built from the types downwards within a budget of nodes, so every draw is a program that runs. What it does is
computed by `envs.program_interpreter` on the inputs of `envs.program_values`; a draw that raises or says too little
is drawn again, a few times, after which a *chain* is taken: `x`, times a digit, plus and minus digits. Chains are
right for every family, are drawn directly in one case of eight, and are what capacities are counted on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from envs.program_interpreter import compute
from envs.program_tree import (
    LOCALS,
    OPERATIONS,
    Append,
    Apply,
    Assign,
    Constant,
    Expression,
    For,
    Function,
    If,
    Items,
    Name,
    Operation,
    Return,
    Statement,
    Type,
    apply,
    size,
)
from envs.program_values import inputs

MAX_LEVEL = 6
_ATTEMPTS = 6
_FIRST_LOOK = 6
_TAKES: tuple[Type, ...] = ("int", "str", "list")
_GIVES: tuple[Type, ...] = ("int", "int", "int", "str", "list", "bool")
_TYPES: tuple[Type, ...] = ("int", "bool", "str", "list")

_PARAMETER = "x"


def level_of(n_nodes: int) -> int:
    """The level of a function of a size: 1 to 6 nodes, 7 to 10, 11 to 14, ..."""
    return max(1, (n_nodes + 1) // 4)


def largest_size(level: int) -> int:
    """Most nodes of a function of a level."""
    return 4 * level + 2


def draw_function(
    rng: Random, level: int, wanted: Callable[[Function, list[str]], bool], *, risky: bool = False
) -> tuple[Function, list[str]]:
    """A function of a level, and what it does with the inputs of its type.

    Args:
        rng: Consumed.
        level: See `level_of`.
        wanted: Whether a function that does so will do; not asked about chains, which have to.
        risky: Whether it may raise on some inputs; else it raises on none.
    """
    if rng.random() >= 1 / 8:
        for _ in range(_ATTEMPTS):
            function = _Drawing(rng, risky).function(level)
            known = inputs(function.takes)
            if risky or not any(done[0] == "!" for done in compute(function, known[:_FIRST_LOOK])):
                done = compute(function, known)
                if not _is_refused(done, risky=risky) and wanted(function, done):
                    return function, done
    function = draw_chain(rng, level)
    return function, compute(function, inputs(function.takes))


def draw_chain(rng: Random, level: int) -> Function:
    """`x*d+d-d...` with a digit from 2 first and digits from 1 then; at level 1 only `x+d` or `x-d`."""
    value: Expression = Name(_PARAMETER, "int")
    if level > 1:
        value = _digit("*", value, rng.randint(2, 9))
    for _ in range(2 * level - 1 - (level > 1)):
        value = _digit(rng.choice("+-"), value, rng.randint(1, 9))
    return Function(_PARAMETER, "int", "int", (Return(value),))


def draw_failing_chain(rng: Random, level: int, error: str) -> Function:
    """A chain on something that raises an error of `ERRORS` for some inputs and gives an integer for others."""
    text, items, x = Name(_PARAMETER, "str"), Name(_PARAMETER, "list"), Name(_PARAMETER, "int")
    digit = Constant(rng.randint(1, 9), "int")
    place = Constant(rng.randint(0, 3), "int")
    # No larger than four nodes: the smallest level has room for six, and steps of two follow.
    starts: dict[str, list[Apply | None]] = {
        "ZeroDivisionError": [apply("infix", "//", digit, x), apply("infix", "%", digit, x)],
        "IndexError": [apply("index", "", items, place)],
        "TypeError": [apply("call", "ord", text)],
        "ValueError": [apply("call", "int", text), apply("call", "max", items), apply("method", "index", items, place)],
    }
    start = rng.choice(starts[error])
    assert start is not None
    takes: Type = "str" if text in start.arguments else "list" if items in start.arguments else "int"
    value: Expression = start
    while size(value) < largest_size(level) - 3 - (level == 1):
        value = _digit(rng.choice("+-*"), value, rng.randint(1, 9))
    return Function(_PARAMETER, takes, "int", (Return(value),))


def n_chains(level: int) -> int:
    """Exact: chains of a level that differ as programs. Each gives different values for different inputs."""
    n_steps = 2 * level - 1 - (level > 1)
    return int((8 if level > 1 else 1) * 18**n_steps)


def n_chain_behaviours(level: int) -> int:
    """Exact: chains of a level that differ in what they do: in the factor, or in the sum of what is added."""
    n_steps = 2 * level - 1 - (level > 1)
    # Two steps or more reach every sum from -9 to 9 a step; one step leaves 0 out.
    return int((8 if level > 1 else 1) * (18 * n_steps + (n_steps > 1)))


def is_varied(done: Sequence[str]) -> bool:
    """Whether a function is far from a constant: no value on over half of the inputs, no bool on three quarters."""
    most = len(done) * 3 // 4 if done[0] in ("True", "False") else len(done) // 2
    return max(Counter(done).values()) <= most


def _is_refused(done: Sequence[str], *, risky: bool) -> bool:
    return "!OverflowError" in done or (not risky and any(text[0] == "!" for text in done))


def _digit(spelling: str, value: Expression, digit: int) -> Expression:
    return Apply(OPERATIONS["infix", spelling, ("int", "int")], (value, Constant(digit, "int")))


_DRAWN = [operation for operation in OPERATIONS.values() if operation.gives != "range"]
_BY_TYPE: dict[tuple[Type, bool], list[Operation]] = {
    (kind, risky): [
        operation
        for operation in _DRAWN
        if operation.gives == kind and (risky or not operation.fails or operation.spelling in ("//", "%"))
    ]
    for kind in _TYPES
    for risky in (False, True)
}
_RANGE = OPERATIONS["call", "range", ("int",)]


class _Drawing:
    """One function being drawn: the rng, and the names so far."""

    def __init__(self, rng: Random, risky: bool) -> None:
        self._rng = rng
        self._risky = risky
        self._names: list[Name] = []

    def function(self, level: int) -> Function:
        takes, gives = self._rng.choice(_TAKES), self._rng.choice(_GIVES)
        self._names = [Name(_PARAMETER, takes)]
        least = largest_size(level) - 3 if level > 1 else 2
        budget = self._rng.randint(least, largest_size(level))
        body = self._block(gives, max(budget, 1 + self._least(gives)))
        return Function(_PARAMETER, takes, gives, self._padded(body, least))

    def _block(self, gives: Type, budget: int) -> list[Statement]:
        """Statements of at most so many nodes, the last of them a return."""
        least = self._least(gives)
        kinds = ["return"]
        if budget >= (17 if gives == "bool" else 15):
            kinds += ["loop", "loop"]
        if budget >= 9 + 2 * least:
            kinds += ["branch", "assign"]
        match self._rng.choice(kinds):
            case "branch":
                # Both returns keep room for a value of the fewest nodes.
                test = self._expression("bool", self._rng.randint(3, min(max(3, budget // 3), budget - 3 - 2 * least)))
                room = budget - 3 - size(test) - least
                then = Return(self._expression(gives, self._rng.randint(least, max(least, room // 2))))
                rest = self._block(gives, budget - 1 - size(test) - size(then))
                return [If(test, (then,), ()), *rest]
            case "assign":
                kind = self._rng.choice(_GIVES[:5])
                value = self._expression(kind, self._rng.randint(2, max(2, budget // 2)))
                name = self._fresh(kind)
                return [Assign(name.name, value), *self._block(gives, budget - 2 - size(value))]
            case "loop":
                return self._loop(gives, budget)
        return [Return(self._expression(gives, budget - 1))]

    def _loop(self, gives: Type, budget: int) -> list[Statement]:
        """An accumulator, a loop that changes it, and a return of it."""
        rng, x = self._rng, self._names[0]
        kind: Type = "int" if gives == "bool" else gives
        start = Items(()) if kind == "list" else Constant(0 if kind == "int" else "", kind)
        items: Expression = x if x.type != "int" else Apply(_RANGE, (x,))
        total = self._fresh(kind)
        item = self._fresh("str" if x.type == "str" else "int")
        ending = self._ending(total, gives)
        # The assignment of the start, the loop, the change without its value.
        room = budget - 3 - 2 - size(items) - (2 if kind == "list" else 4) - size(ending)
        tested = room >= 5 and rng.random() < 0.5
        test = self._expression("bool", min(5, room - 2)) if tested else None
        value = self._expression("int" if kind == "list" else kind, max(1, room - (1 + size(test) if test else 0)))
        change: Statement = Append(total.name, value)
        if kind != "list":
            pair = (total, value) if kind == "int" or rng.random() < 0.5 else (value, total)
            change = Assign(total.name, Apply(OPERATIONS["infix", "+", (kind, kind)], pair))
        body = If(test, (change,), ()) if test else change
        return [Assign(total.name, start), For(item.name, items, (body,)), ending]

    def _ending(self, total: Name, gives: Type) -> Return:
        if gives != "bool":
            return Return(total)
        return Return(
            Apply(OPERATIONS["infix", ">", ("int", "int")], (total, Constant(self._rng.randint(0, 9), "int")))
        )

    def _fresh(self, kind: Type) -> Name:
        name = Name(LOCALS[len(self._names) - 1], kind)
        self._names.append(name)
        return name

    def _least(self, kind: Type) -> int:
        """Fewest nodes of an expression of a type: a name, a digit, a letter, a list of one item, or a comparison."""
        return 1 if kind == "int" or self._named(kind) else 3 if kind == "bool" else 2

    def _named(self, kind: Type) -> list[Name]:
        return [name for name in self._names if name.type == kind]

    def _expression(self, kind: Type, budget: int, *, first: bool = True) -> Expression:
        """An expression of at most so many nodes, and of its type's fewest where that is more."""
        # A list or string that an operation works on is one with a name, or the text of an integer.
        ready = {"int", "bool", *(name.type for name in self._names), *(["str"] if budget > 3 else [])}
        fitting = []
        if budget >= 2 and (kind == "bool" or self._rng.random() >= 0.1):
            for operation in _BY_TYPE[kind, self._risky]:
                if operation.takes[operation.form == "choice"] in ready:
                    cost = 1 + sum(map(self._least, operation.takes))
                    fitting += [(cost, operation)] if cost <= budget else []
        if not fitting:
            return self._leaf(kind, budget, first=first)
        cost, operation = self._rng.choice(fitting)
        spare = budget - cost
        arguments: list[Expression] = []
        for place, wanted in enumerate(operation.takes):
            last = place == len(operation.takes) - 1
            if last and operation.spelling in ("//", "%") and not self._risky:
                arguments.append(Constant(self._rng.randint(2, 9), "int"))
                continue
            least = self._least(wanted)
            given = spare if last else self._rng.randint(0, spare)
            argument = self._expression(wanted, least + given, first=first and place == 0)
            spare = max(0, spare - max(0, size(argument) - least))
            if wanted == "int" and arguments == [argument]:
                argument = Constant(self._rng.randint(1, 9), "int")  # x-x and x<x say nothing
            arguments.append(argument)
        match arguments:
            case [Apply(inner) as once] if inner == operation:
                return once  # twice says no more
        return Apply(operation, tuple(arguments))

    def _leaf(self, kind: Type, budget: int, *, first: bool) -> Expression:
        rng, named = self._rng, self._named(kind)
        if named and (budget < 2 or first or rng.random() < 0.6):
            return rng.choice(named) if rng.random() < 0.5 else named[-1]
        match kind:
            case "int":
                return Constant(rng.randint(0, 9), "int")
            case "str":
                return Constant("".join(rng.choice("abc1") for _ in range(max(1, min(budget - 1, 2)))), "str")
            case "list":
                items = range(max(1, min(budget - 1, 2)))
                return Items(tuple(self._leaf("int", 1, first=not place) for place in items))
        comparison = OPERATIONS["infix", rng.choice(("<", ">", "==")), ("int", "int")]
        return Apply(comparison, (self._leaf("int", 1, first=True), self._leaf("int", 2, first=False)))

    def _padded(self, body: list[Statement], least: int) -> tuple[Statement, ...]:
        """The statements, the value last returned changed until there are enough nodes; a step adds at most three."""
        *before, last = body
        assert isinstance(last, Return)
        value = last.value
        missing = least - sum(map(size, body))
        while missing > 0:
            larger = self._larger(value)
            missing -= size(larger) - size(value)
            value = larger
        return (*before, Return(value))

    def _larger(self, value: Expression) -> Expression:
        match value.type:
            case "int":
                return _digit("+", value, self._rng.randint(1, 9))
            case "bool":
                return Apply(OPERATIONS["prefix", "not", ("bool",)], (value,))
            case "str":
                more = Constant(self._rng.choice("abc"), "str")
                return Apply(OPERATIONS["infix", "+", ("str", "str")], (value, more))
        item = Items((Constant(self._rng.randint(0, 9), "int"),))
        return Apply(OPERATIONS["infix", "+", ("list", "list")], (value, item))
