r"""LaTeX of answers as text of the grammar: `\frac{1}{2}\sqrt{3}` becomes `((1)/(2))*sqrt(3)`.

Reads what final answers are made of: fractions, roots, powers, products, pi, functions, sets and tuples. Words, units,
matrices and everything else have no reading; such answers are compared as text by the caller.
"""

from __future__ import annotations

import re

MOST_CHARS = 300

_DROPPED = re.compile(r"\\(?:left|right|displaystyle|,|;|!|:| |quad|qquad)|\\\$|\$|\s+|\^\{?\\circ\}?|\\%|%")
_WORDS = {
    "\\pi": "pi", "\\cdot": "*", "\\times": "*", "\\div": "/", "\\infty": "oo", "\\cup": "U", "\\{": "{", "\\}": "}",
    "\\sin": "sin", "\\cos": "cos", "\\tan": "tan", "\\ln": "log", "\\log": "log", "\\exp": "exp",
}  # fmt: skip
_TOKEN = re.compile(r"\\[a-zA-Z]+|\\[{}]|[0-9]+(?:,[0-9]{3})+(?![0-9])|[0-9]*\.?[0-9]+|[a-zA-Z]|[-+*/^(){}\[\],=]")
_ENDS_VALUE = re.compile(r"[0-9a-zA-Z)}\]]$")
_FUNCTIONS = frozenset({"sin", "cos", "tan", "log", "exp", "sqrt"})


class _Unreadable(Exception):
    """The text has something that the grammar lacks."""


def plain(latex: str) -> str | None:
    """The expression, or None where it cannot be read."""
    if len(latex) > MOST_CHARS:
        return None
    text = _DROPPED.sub(" ", latex.replace("dfrac", "frac").replace("tfrac", "frac").replace("{,}", ",")).strip()
    try:
        tokens = _tokens(text)
        if len(tokens) > 2 and tokens[1] == "=" and tokens[0].isalpha():
            tokens = tokens[2:]  # x = 5 answers "what is x"
        out, rest = _expression(tokens, 0, len(tokens))
    except _Unreadable:
        return None
    return out if rest == len(tokens) and out else None


def _tokens(text: str) -> list[str]:
    tokens, place = [], 0
    while place < len(text):
        if text[place] == " ":
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if match is None:
            raise _Unreadable
        tokens.append(match[0])
        place = match.end()
    return tokens


def _expression(tokens: list[str], start: int, end: int) -> tuple[str, int]:
    out, place = "", start
    while place < end:
        piece, place = _piece(tokens, place, end)
        starts_value = bool(re.match(r"[0-9a-zA-Z({]", piece)) and piece not in ("U",)
        named = re.search(r"[a-z]{2,}$", out)
        after_function = named is not None and named[0] in _FUNCTIONS
        if out and starts_value and _ENDS_VALUE.search(out) and out[-1] != "U" and not after_function:
            out += "*"
        if after_function and not piece.startswith("("):
            piece = f"({piece})"
        out += piece
    return out, place


def _piece(tokens: list[str], place: int, end: int) -> tuple[str, int]:
    token = tokens[place]
    if token == "\\frac":
        top, place = _argument(tokens, place + 1, end)
        bottom, place = _argument(tokens, place, end)
        return f"(({top})/({bottom}))", place
    if token == "\\sqrt":
        if place + 1 < end and tokens[place + 1] == "[":
            raise _Unreadable
        inner, place = _argument(tokens, place + 1, end)
        return f"sqrt({inner})", place
    if token == "^":
        inner, place = _argument(tokens, place + 1, end)
        return f"**({inner})", place
    if token == "{":
        inner, place = _argument(tokens, place, end)
        return f"({inner})", place
    if token in ("}", "="):
        raise _Unreadable
    if token.startswith("\\"):
        if token not in _WORDS:
            raise _Unreadable
        return _WORDS[token], place + 1
    return (token.replace(",", "") if len(token) > 1 else token), place + 1


def _argument(tokens: list[str], place: int, end: int) -> tuple[str, int]:
    """What is in the braces at `place`, or the one digit or letter there."""
    if place >= end:
        raise _Unreadable
    if tokens[place] != "{":
        if len(tokens[place]) != 1 or not tokens[place].isalnum():
            raise _Unreadable
        return tokens[place], place + 1
    depth = 0
    for close in range(place, end):
        depth += {"{": 1, "}": -1}.get(tokens[close], 0)
        if depth == 0:
            inner, _ = _expression(tokens, place + 1, close)
            if not inner:
                raise _Unreadable
            return inner, close + 1
    raise _Unreadable
