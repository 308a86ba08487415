"""Formats of data sets as data: which fields of a row are prompt and answer, and who marks an answer.

A format is a YAML file; `envs/corpus/formats/` has those of well-known data sets, and a path names one of your own:

    prompt: "{question}"          text with fields of the row in braces
    answer: "{answer}"
    final: '####\\s*(.+?)\\s*$'    optional: the last match in the answer is the answer, what is before it the work;
                                  `boxed` finds the last \\boxed{...}
    level: "{level}"              optional: the first number in it, from 1
    program: "{ANSWER}\\n{test}"   what is run, for marks that run something
    wanted: "{output}"            the value that `arguments` must give
    marking: number               number, latex, expression, text, tests, value or arguments

A field that is a list is joined by lines; `{field:items}` joins it by commas, `{field:calls}` writes each entry as the
tuple of a call's arguments, and `{field?}` may be absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

FOLDER = Path(__file__).parent / "formats"

Marking = Literal["number", "latex", "expression", "text", "tests", "value", "arguments"]
RUNS: tuple[Marking, ...] = ("tests", "value", "arguments")
"""Marks that run a program."""

_FIELD = re.compile(r"\{(\w+)(:items|:calls)?(\?)?\}")
_ANSWER = "ANSWER"


@dataclass(frozen=True)
class Form:
    """One format; see the module for its fields."""

    prompt: str
    answer: str
    marking: Marking
    final: str = ""
    level: str = ""
    program: str = ""
    wanted: str = ""

    def __post_init__(self) -> None:
        if self.marking not in get_args(Marking):
            raise ValueError(f"marking: {self.marking}: use {', '.join(get_args(Marking))}")
        if bool(self.program) != (self.marking in RUNS):
            raise ValueError(f"marking: {self.marking}: {'needs' if not self.program else 'has no use for'} a program")
        if (n_places := self.program.count("{ANSWER}")) != (self.marking in ("tests", "arguments")):
            raise ValueError(
                f"program: has {n_places} places for the {{ANSWER}}, of which marking: {self.marking} "
                f"needs {int(self.marking in ('tests', 'arguments'))}"
            )
        if bool(self.wanted) != (self.marking == "arguments"):
            raise ValueError(f"marking: {self.marking}: `wanted` belongs to marking: arguments")
        if self.final and self.final != "boxed":
            try:
                n_groups = re.compile(self.final).groups
            except re.error as fault:
                raise ValueError(f"final: {self.final}: no regular expression ({fault})") from None
            if n_groups != 1:
                raise ValueError(f"final: {self.final}: needs one group, which is the answer")

    def split(self, answer: str) -> tuple[str, str]:
        """The answer proper, and the work before it.

        Raises:
            ValueError: There is no answer in it.
        """
        if not self.final:
            return answer, ""
        if self.final == "boxed":
            return _boxed(answer), answer
        found = list(re.finditer(self.final, answer, re.MULTILINE))
        if not found:
            raise ValueError(f"no answer: nothing matches {self.final}")
        return found[-1][1], answer[: found[-1].start()].strip()


def load_form(name: str) -> Form:
    """A format that comes with the package, or a YAML file's.

    Raises:
        ValueError: There is no such format, or it is not one.
    """
    known = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    path = FOLDER / f"{name}.yaml" if name in known else Path(name)
    if not path.is_file():
        raise ValueError(f"form={name!r}: use {', '.join(known)}, or the path of a YAML file")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise ValueError(f"{path}: not a YAML file: {' '.join(str(fault).split())}") from None
    allowed = {field.name for field in fields(Form)}
    if not isinstance(content, dict) or not {"prompt", "answer", "marking"} <= set(content) <= allowed:
        raise ValueError(f"{path}: a format has prompt, answer and marking, and may have {', '.join(sorted(allowed))}")
    for key, value in content.items():
        if not isinstance(value, str):
            raise ValueError(f"{path}: {key}: not text")
    try:
        return Form(**content)
    except ValueError as fault:
        raise ValueError(f"{path}: {fault}") from None


def fill(template: str, row: Mapping[str, Any], answer: str = "") -> str:
    """A template with a row's fields, and with an answer for `{ANSWER}`, in their places.

    Raises:
        ValueError: A field is missing, or of the wrong type.
    """

    def value(match: re.Match[str]) -> str:
        name, how, optional = match.groups()
        if name == _ANSWER:
            return answer
        content = row.get(name)
        if content is None:
            if optional:
                return ""
            raise ValueError(f"field {name!r} is missing")
        if isinstance(content, list | tuple) or how:
            if not isinstance(content, list | tuple):
                raise ValueError(f"field {name!r} is not a list")
            entries = [str(entry) for entry in content]
            if how is None:
                return "\n".join(entries)
            return ", ".join(f"({entry},)" for entry in entries) if how == ":calls" else ", ".join(entries)
        if isinstance(content, bool) or not isinstance(content, str | int | float):
            raise ValueError(f"field {name!r} is neither text nor a number")
        return str(content)

    return _FIELD.sub(value, template)


def _boxed(text: str) -> str:
    r"""The content of the last \boxed{...}, braces matched.

    Raises:
        ValueError: There is none.
    """
    start = max(text.rfind("\\boxed{"), text.rfind("\\fbox{"))
    if start < 0:
        raise ValueError("no answer: no \\boxed{}")
    begin = text.index("{", start) + 1
    depth = 1
    for place in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[begin:place]
    raise ValueError("no answer: \\boxed{ is not closed")
