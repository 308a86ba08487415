"""The one text of a value, so that a parent compares strings and never the values of strangers.

Exact builtin types only: a subclass could bring its own `__eq__`. `True`, `1` and `1.0` have different texts. Floats
are written in hexadecimal, without loss; integers in decimal up to 13,000 bits and in hexadecimal above, as decimal
takes quadratic time; strings in ASCII. Sets are sorted by their items' texts, dicts by their keys', as neither's order
counts when values are compared.

Runs inside the sandbox too, so it imports nothing of ours.
"""

from __future__ import annotations

MAX_DEPTH = 50
_MOST_DECIMAL_BITS = 13_000


class NotCanonical(ValueError):
    """The value holds another type, itself, or too many levels; the message says which."""


class TooLong(ValueError):
    """The text would exceed the limit."""


def canonical(value: object, max_chars: int = 300_000) -> str:
    """The text of a value.

    Raises:
        NotCanonical: It is no tree of exact builtin types.
        TooLong: Its text has more than `max_chars` characters.
    """
    text, _ = _text(value, max_chars, MAX_DEPTH)
    return text


def _text(value: object, room: int, depth: int) -> tuple[str, int]:
    """The text and the room left after it; recursion is bounded by `depth`, work by `room`."""
    kind = type(value)
    if kind in (list, tuple, set, dict):
        if not depth:
            raise NotCanonical(f"more than {MAX_DEPTH} levels")
        return _container(value, kind, room, depth - 1)
    text = _scalar(value, kind, room)
    if len(text) > room:
        raise TooLong
    return text, room - len(text)


def _scalar(value: object, kind: type, room: int) -> str:
    if kind is str:
        if len(value) > room:  # type: ignore[arg-type]
            raise TooLong
        return ascii(value)
    if kind is int:
        bits = value.bit_length()  # type: ignore[attr-defined]
        if bits > 4 * room + 4:
            raise TooLong
        return str(value) if bits <= _MOST_DECIMAL_BITS else hex(value)  # type: ignore[arg-type]
    if kind is bool or value is None:
        return str(value)
    if kind is float:
        return value.hex()  # type: ignore[attr-defined, no-any-return]
    name = type.__dict__["__name__"].__get__(kind)
    raise NotCanonical(f"type {ascii(name)[1:-1][:60]}")


def _container(value: object, kind: type, room: int, depth: int) -> tuple[str, int]:
    if 2 * len(value) > room:  # type: ignore[arg-type]
        raise TooLong
    room -= 2
    parts = []
    if kind is dict:
        pairs = []
        for key, item in value.items():  # type: ignore[attr-defined]
            key_text, room = _text(key, room - 2, depth)
            item_text, room = _text(item, room - 2, depth)
            pairs.append((key_text, item_text))
        parts = [f"{key_text}: {item_text}" for key_text, item_text in sorted(pairs)]
    else:
        for item in value:  # type: ignore[attr-defined]
            text, room = _text(item, room - 2, depth)
            parts.append(text)
    if kind is list:
        return f"[{', '.join(parts)}]", room
    if kind is tuple:
        return f"({', '.join(parts)}{',' * (len(parts) == 1)})", room
    if kind is set:
        return f"{{{', '.join(sorted(parts))}}}" if parts else "set()", room
    return f"{{{', '.join(parts)}}}", room
