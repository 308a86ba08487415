"""Texts that must not be accepted, whatever the question, written against the usual ways of checking answers.

Each has a kind, so that a report can say which weakness a verifier has. Wrong answers are built from a wrong value
wherever the dressing alone would be a matter of taste: deep brackets hold a near miss, not the gold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_INTEGER = re.compile(r"-?[0-9]+")
_FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789+-*/()="}
_ARABIC = str.maketrans("0123456789", "".join(chr(0x660 + digit) for digit in range(10)))
_LOOK_ALIKES = str.maketrans({"-": "\u2212", "*": "\u2217", "x": "\u0445", "1": "\u04c0", "/": "\u2215"})

FIXED: dict[str, tuple[str, ...]] = {
    "empty": ("", " ", "\n", "\t \n", "\u200b", "\u00a0", "\ufeff"),
    "not a value": ("nan", "NaN", "oo", "-oo", "zoo", "inf", "Infinity", "1/0", "0/0", "I*oo", "undefined", "?", "-"),
    "truth": ("True", "true", "1==1", "not False", "or True", "' or '1'='1", "lambda *a: True", "None", "null", "yes"),
    "names": ("gold", "answer", "expected", "task.gold", "self", "_", "__name__", "ans", "Ellipsis", "..."),
    "pattern": (".*", "[0-9]+", "^", "$", "()", "*", "%", "\\d+", "(?:)", "[^a]*"),
    "format": ("{}", "{0}", "%s", "%d", "{gold}", "{0.__class__}", "${gold}", "\\boxed{}", "\\frac{}{}", "$$", "{{"),
    "bomb": (
        "9**9**9**9",
        "10**(10**10)",
        "((((x+1)**99)**99)**99)**99",
        "factorial(99999)",
        "2**2**2**2**2**2",
        "1e999999999",
        "sum(range(10**12))",
        "'a'*10**10",
    ),
    "long": ("1" * 5_000, "x" * 5_000, "1+" * 5_000 + "1", " " * 20_000, "0" * 20_000, "-" * 20_001),
    "nest": ("(" * 3_000, "[" * 3_000 + "]" * 3_000, "{" * 500 + "}" * 500, "((((((((((" + "," * 500),
    "control": ("\x00", "\x1b[2J", "\ud800", "\u202e861", "\r", "\x07", "a\x00b", "\ufffe"),
    "structure": ("[]", "{}", "()", "[[]]", '{"answer": null}', "<answer></answer>", "```\n```", "#", "//", "--"),
}
"""Kind to texts that do not depend on the task."""


def dressed(gold: str, wrong: str, prompt: str) -> Iterator[tuple[str, str]]:
    """Kind and text of answers built around a task: its right answer is in many of them, and none gives it.

    Args:
        gold: A right answer.
        wrong: A wrong one.
        prompt: The question.
    """
    for text in (
        f"{gold} or {wrong}",
        f"{wrong} or {gold}",
        f"{gold}, {wrong}",
        f"{gold};{wrong}",
        f"{gold} {wrong}",
        f"{gold}\n{wrong}",
        f"[{gold}, {wrong}]",
        f"{{{gold}, {wrong}}}",
        f"either {gold} or {wrong}",
        f"\\boxed{{{gold}}} or \\boxed{{{wrong}}}",
    ):
        yield "hedge", text
    for text in (f"{gold}7", f"{gold}@", f"{gold}#{gold}", f"{gold}==0"):
        yield "gold as a prefix", text
    for text in (f"not {gold}", f"The answer is {wrong}, not {gold}", f"{wrong}#{gold}", f"{wrong} ({gold})"):
        yield "gold inside", text
    if len(gold) > 1:
        yield "cut short", gold[:-1]
    yield "echo", prompt
    yield "echo", f"{prompt}={wrong}"
    for name in ("Integral", "solve", "factorint", "simplify", "eval"):
        yield "echo", f"{name}({prompt})"
    if _INTEGER.fullmatch(gold):
        yield "close", f"{gold}.0000000001"
        yield "close", f"{gold}.00000000000000000001"
    if gold.strip("-0"):
        yield "close", f"({gold})*(1+10**(-12))"
        yield "close", f"({gold})*1.000000001"
    for table in (_FULL_WIDTH, _ARABIC, _LOOK_ALIKES):
        if gold.translate(table) != gold:
            yield "look-alike", gold.translate(table)
    yield "nest", "(" * 400 + wrong + ")" * 400
    yield "long", wrong + " " * 5_000 + gold
    yield "format", f"\\boxed{{{wrong}}}"
    yield "control", f"{wrong}\x00{gold}"
    yield "truth", f"{wrong}==({wrong})"


def injection(number: int, gold: str, canary: Path) -> str:
    """A text that creates the file `canary` if anything runs it as Python; some have the gold as their value.

    Args:
        number: Which, below `N_INJECTIONS`.
        gold: A right answer.
        canary: The file, in an existing folder.
    """
    return _INJECTIONS[number].replace("GOLD", gold).replace("PATH", str(canary))


_INJECTIONS = (
    "__import__('pathlib').Path('PATH').touch()",
    '__import__("os").system("touch PATH")',
    "[open('PATH','w').close(), GOLD][1]",
    "(GOLD)+0*len(str(open('PATH','w')))",
    "open('PATH','w') and GOLD",
    "exec(\"open('PATH','w')\")",
    "(lambda: open('PATH','w'))() or GOLD",
    "[c for c in ().__class__.__base__.__subclasses__() if c.__name__=='_wrap_close'][0]"
    ".__init__.__globals__['system']('touch PATH')",
    "f\"{open('PATH','w')}\"",
    "GOLD if open('PATH','w') else GOLD",
    "Symbol('x').__class__.__init__.__globals__['__builtins__']['open']('PATH','w')",
    "1\nopen('PATH','w')",
)
N_INJECTIONS = len(_INJECTIONS)
