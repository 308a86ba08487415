"""What a function of the small Python should do, in sentences of a closed grammar, and the function they describe.

    description = start { step } ending           "list x. keep the even. add 3 to each. give the sum."

A start names the parameter's type. Each step changes what there is, and the ending says what to give. A slot holds
one digit or letter. Reading builds a tree, so what a description means is what Python does with that tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from envs.program_tree import (
    LOCALS,
    Append,
    Assign,
    Constant,
    Expression,
    For,
    Form,
    Function,
    If,
    Items,
    Name,
    Return,
    Statement,
    Type,
    apply,
)

MAX_STEPS = 4
"""Most steps of a description; the product of four factors and the largest input stays within the bounds."""

_STARTS: dict[str, Type] = {"integer x.": "int", "string x.": "str", "list x.": "list"}
_SLOTS = {"digit": "123456789", "factor": "23456789", "letter": "abc1"}


class NoDescription(ValueError):
    """Text that is no description; the message says why."""


@dataclass
class _Builder:
    """A function being built: statements so far, and what there is after them."""

    value: Expression
    statements: list[Statement] = field(default_factory=list)
    n_names: int = 0

    def change(self, form: Form, spelling: str, *more: Expression, first: Expression | None = None) -> None:
        self.value = _applied(form, spelling, *([first] if first else []), self.value, *more)

    def name(self, kind: Type) -> Name:
        self.n_names += 1
        return Name(LOCALS[self.n_names - 1], kind)

    def loop(
        self,
        change: Callable[[Expression], Expression] = lambda item: item,
        test: Callable[[Expression], Expression] | None = None,
    ) -> None:
        """Collect what a change makes of the items of a list that pass a test."""
        kept, item = self.name("list"), self.name("int")
        append = Append(kept.name, change(item))
        body: Statement = If(test(item), (append,), ()) if test else append
        self.statements += [Assign(kept.name, Items(())), For(item.name, self.value, (body,))]
        self.value = kept


@dataclass(frozen=True, slots=True)
class _Phrase:
    """One sentence.

    Attributes:
        text: The sentence, `{}` where its slot is.
        slot: What the slot holds.
        kind: Type of what there is before it; a step leaves the type as it is.
        build: Adds it to a function.
    """

    text: str
    slot: Literal["", "digit", "factor", "letter"]
    kind: Type
    build: Callable[[_Builder, Constant], None]

    def fill(self, rng: Random) -> str:
        return self.text.format(rng.choice(_SLOTS[self.slot])) if self.slot else self.text


def _applied(form: Form, spelling: str, *arguments: Expression) -> Expression:
    applied = apply(form, spelling, *arguments)
    assert applied is not None, f"{spelling} of {arguments}"
    return applied


def _infix(spelling: str, *arguments: Expression) -> Expression:
    return _applied("infix", spelling, *arguments)


_ZERO, _ONE, _TWO = (Constant(number, "int") for number in range(3))
_MINUS_ONE = _applied("prefix", "-", _ONE)
_NOTHING = Constant("", "str")


def _parity(remainder: Constant) -> Callable[[Expression], Expression]:
    return lambda item: _infix("==", _infix("%", item, _TWO), remainder)


_STEPS = (
    _Phrase("add {}.", "digit", "int", lambda b, slot: b.change("infix", "+", slot)),
    _Phrase("multiply by {}.", "factor", "int", lambda b, slot: b.change("infix", "*", slot)),
    _Phrase("take the remainder by {}.", "factor", "int", lambda b, slot: b.change("infix", "%", slot)),
    _Phrase("negate it.", "", "int", lambda b, _: b.change("prefix", "-")),
    _Phrase("drop its sign.", "", "int", lambda b, _: b.change("call", "abs")),
    _Phrase("raise it to at least {}.", "digit", "int", lambda b, slot: b.change("call", "max", slot)),
    _Phrase("reverse it.", "", "str", lambda b, _: b.change("back", "")),
    _Phrase("write it twice.", "", "str", lambda b, _: b.change("infix", "+", b.value)),
    _Phrase("remove every {}.", "letter", "str", lambda b, slot: b.change("method", "replace", slot, _NOTHING)),
    _Phrase("append {}.", "letter", "str", lambda b, slot: b.change("infix", "+", slot)),
    _Phrase("drop the first letter.", "", "str", lambda b, _: b.change("from", "", _ONE)),
    _Phrase("drop the last letter.", "", "str", lambda b, _: b.change("to", "", _MINUS_ONE)),
    _Phrase("keep the even.", "", "list", lambda b, _: b.loop(test=_parity(_ZERO))),
    _Phrase("keep the odd.", "", "list", lambda b, _: b.loop(test=_parity(_ONE))),
    _Phrase("keep those above {}.", "digit", "list", lambda b, k: b.loop(test=lambda item: _infix(">", item, k))),
    _Phrase("keep those below {}.", "digit", "list", lambda b, k: b.loop(test=lambda item: _infix("<", item, k))),
    _Phrase("add {} to each.", "digit", "list", lambda b, k: b.loop(lambda item: _infix("+", item, k))),
    _Phrase("multiply each by {}.", "factor", "list", lambda b, k: b.loop(lambda item: _infix("*", item, k))),
    _Phrase("sort them.", "", "list", lambda b, _: b.change("call", "sorted")),
    _Phrase("reverse them.", "", "list", lambda b, _: b.change("back", "")),
    _Phrase("drop the first.", "", "list", lambda b, _: b.change("from", "", _ONE)),
    _Phrase("drop the last.", "", "list", lambda b, _: b.change("to", "", _MINUS_ONE)),
)
_ENDINGS = (
    _Phrase("give it.", "", "int", lambda *_: None),
    _Phrase("give it as text.", "", "int", lambda b, _: b.change("call", "str")),
    _Phrase("say whether it is above {}.", "digit", "int", lambda b, slot: b.change("infix", ">", slot)),
    _Phrase("give it.", "", "str", lambda *_: None),
    _Phrase("give its length.", "", "str", lambda b, _: b.change("call", "len")),
    _Phrase("count the {}.", "letter", "str", lambda b, slot: b.change("method", "count", slot)),
    _Phrase("say whether it holds {}.", "letter", "str", lambda b, slot: b.change("infix", "in", first=slot)),
    _Phrase("give them.", "", "list", lambda *_: None),
    _Phrase("give the sum.", "", "list", lambda b, _: b.change("call", "sum")),
    _Phrase("give how many.", "", "list", lambda b, _: b.change("call", "len")),
    _Phrase("give the largest of them and {}.", "digit", "list", lambda b, k: _largest(b, k)),
    _Phrase("say whether {} is there.", "digit", "list", lambda b, slot: b.change("infix", "in", first=slot)),
)


def _largest(builder: _Builder, slot: Constant) -> None:
    builder.change("infix", "+", Items((slot,)))
    builder.change("call", "max")


def _by_type(phrases: tuple[_Phrase, ...]) -> dict[Type, list[_Phrase]]:
    return {kind: [phrase for phrase in phrases if phrase.kind == kind] for kind in _STARTS.values()}


_STEPS_OF, _ENDINGS_OF = _by_type(_STEPS), _by_type(_ENDINGS)
_SENTENCE = re.compile(r"[a-z0-9 ]+\.")


def draw_description(rng: Random, n_steps: int) -> str:
    """A description of so many steps; it may describe a constant."""
    start = rng.choice(list(_STARTS))
    kind = _STARTS[start]
    steps = [rng.choice(_STEPS_OF[kind]).fill(rng) for _ in range(n_steps)]
    return " ".join([start, *steps, rng.choice(_ENDINGS_OF[kind]).fill(rng)])


def draw_sum(rng: Random, n_steps: int) -> str:
    """A description of additions and multiplications of an integer: never a constant, and 17 ways a step."""
    adding, multiplying = _STEPS_OF["int"][:2]
    steps = [(adding if rng.random() < 0.5 else multiplying).fill(rng) for _ in range(n_steps)]
    return " ".join(["integer x.", *steps, "give it."])


def read_description(text: str) -> tuple[Function, int]:
    """The function that a description describes, and its number of steps.

    Raises:
        NoDescription: The text is none, or has no step or more than `MAX_STEPS`.
    """
    sentences = _SENTENCE.findall(text)
    if [sentence.strip() for sentence in sentences] != re.split(r"(?<=\.) ", text) or len(sentences) < 3:
        raise NoDescription("not a start, steps and an ending, each with a full stop and one space between them")
    start, *steps, ending = (sentence.strip() for sentence in sentences)
    if start not in _STARTS:
        raise NoDescription(f"not a start: {start[:40]!r}")
    if len(steps) > MAX_STEPS:
        raise NoDescription(f"more than {MAX_STEPS} steps")
    kind = _STARTS[start]
    builder = _Builder(Name("x", kind))
    for sentence in steps:
        _add(builder, sentence, _STEPS_OF[kind])
    _add(builder, ending, _ENDINGS_OF[kind])
    gives = builder.value.type
    return Function("x", kind, gives, (*builder.statements, Return(builder.value))), len(steps)


def _add(builder: _Builder, sentence: str, phrases: list[_Phrase]) -> None:
    for phrase in phrases:
        before, _, after = phrase.text.partition("{}")
        slot = sentence[len(before) : len(sentence) - len(after)]
        if phrase.slot and sentence == f"{before}{slot}{after}" and len(slot) == 1 and slot in _SLOTS[phrase.slot]:
            value: Any = slot if phrase.slot == "letter" else int(slot)
            phrase.build(builder, Constant(value, "str" if phrase.slot == "letter" else "int"))
            return
        if not phrase.slot and sentence == phrase.text:
            phrase.build(builder, _ZERO)
            return
    raise NoDescription(f"not a step or ending for this type: {sentence[:40]!r}")
