"""Configuration files: YAML to the dataclasses of `selfplay.config` and back.

Whatever is wrong with a file becomes one line that names the file, the key or value, and where there is one, a
remedy.
"""

from __future__ import annotations

import difflib
import re
from argparse import ArgumentError
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from jsonargparse import ArgumentParser, Namespace, set_parsing_settings

from envs.core import Env
from selfplay.config import (
    ArmConfig,
    CurriculumConfig,
    DataConfig,
    DeviceConfig,
    JudgeConfig,
    LearnerConfig,
    ModelConfig,
    OptimConfig,
    PlayConfig,
    RewardConfig,
    RopeScaling,
    RunConfig,
    StudyConfig,
    TaskConfig,
)
from selfplay.scaling.claim import Rule

PARTS = (
    ModelConfig,
    RopeScaling,
    OptimConfig,
    TaskConfig,
    DataConfig,
    JudgeConfig,
    LearnerConfig,
    RewardConfig,
    CurriculumConfig,
    ArmConfig,
    PlayConfig,
    DeviceConfig,
    Rule,
)
Config = TypeVar("Config", RunConfig, StudyConfig)

CONFIG = "config.yaml"
"""The resolved configuration in a run folder."""


def as_plain(value: Any) -> Any:
    """A configuration as dicts, lists and scalars, the form its YAML file has."""
    if isinstance(value, Env):
        path = f"{type(value).__module__}.{type(value).__qualname__}"
        return {"class_path": path, "init_args": {name: as_plain(getattr(value, name)) for name in _names(value)}}
    if is_dataclass(value):
        return {name: as_plain(getattr(value, name)) for name in _names(value)}
    if isinstance(value, list | tuple):
        return [as_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: as_plain(item) for key, item in value.items()}
    return value


def _names(kind: Any) -> list[str]:
    return [f.name for f in fields(kind) if f.init]


def to_yaml(config: RunConfig | StudyConfig) -> str:
    """A resolved configuration as YAML that `load_config` reads back to an equal one."""
    text: str = yaml.safe_dump(as_plain(config), sort_keys=False, allow_unicode=True)
    return text


def load_config(kind: type[Config], path: Path | str, overrides: Sequence[str] = ()) -> Config:
    """Read a configuration file.

    Args:
        kind: `RunConfig` or `StudyConfig`.
        path: The YAML file.
        overrides: Dotted options over it, as on the command line: `["--optim.lr", "1e-3"]`.

    Raises:
        ValueError: The file is missing, or a key, type or value is wrong; one line that says which.
    """
    parser = _config_parser(kind)
    try:
        _check_file(kind, Path(path))
        parsed = parser.parse_args(["--config", str(path), *overrides])
        _check_groups(kind, parsed)
        parts = parser.instantiate(parsed)  # once: a corpus reads and verifies its file when it is built
        built: Config = kind(**{name: getattr(parts, name) for name in _names(kind)})
    except ArgumentError as error:
        raise ValueError(f"{path}: {_one_line(str(error))}{_hint(kind, str(error))}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {_one_line(str(error))}") from None
    return built


def given_keys(kind: type[Config], path: Path | str, overrides: Sequence[str], group: str) -> frozenset[str]:
    """Names of the keys of a group that a file or its overrides state; the others are at their defaults.

    Args:
        kind: As for `load_config`, which has read the same file and overrides without an error.
        path: Likewise.
        overrides: Likewise.
        group: Such as `model`.
    """
    stated = _config_parser(kind).parse_args(["--config", str(path), *overrides], defaults=False)
    return frozenset(vars(stated.get(group)) if group in stated else ())


def _config_parser(kind: type[Config]) -> ArgumentParser:
    set_parsing_settings(subclasses_enabled=[Env])
    parser = ArgumentParser(exit_on_error=False, allow_abbrev=False)
    parser.add_class_arguments(kind)
    parser.add_argument("--config", action="config")
    return parser


def holds_run(folder: Path, config: RunConfig) -> bool:
    """Whether a run folder belongs to this run already.

    Raises:
        ValueError: It belongs to a run of another configuration.
    """
    path, text = folder / CONFIG, to_yaml(config)
    if not path.exists():
        return False
    if (held := path.read_text()) != text:
        pairs = zip(text.splitlines(), [*held.splitlines(), ""], strict=False)
        changed = next((new.strip() for new, old in pairs if new != old), "shorter")
        raise ValueError(
            f"{folder}: holds a run of another configuration (now: {changed}); choose another --out or delete it"
        )
    return True


def _check_file(kind: type[Config], path: Path) -> None:
    """Refuse what is no configuration at all, or of the other kind."""
    if not path.is_file():
        raise ValueError("no such configuration file")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"not a YAML file: line {line}: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"not a YAML file: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"holds {'nothing' if content is None else repr(content)[:60]}, expected keys with values")
    if kind is RunConfig and "arms" in content:
        raise ValueError("is the configuration of a study, this command wants that of one run (arm instead of arms)")
    if kind is StudyConfig and "arms" not in content and "arm" in content:
        raise ValueError("is the configuration of one run, this command wants that of a study (arms instead of arm)")


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key given twice, where the specification is silent and the first would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} is given twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _check_groups(kind: type[Config], parsed: Namespace) -> None:
    """Refuse `optim: 3`, which the parser would let through."""
    for name in _names(kind):
        value = getattr(parsed, name)
        if name in {"data", "arm", "model", "optim", "play", "device"} and not isinstance(value, Namespace):
            raise ValueError(f"{name} = {value!r}: expected keys with values below it")


def _one_line(text: str) -> str:
    """A parser's nested message on one line, in words for users of YAML instead of for programmers."""
    for pattern, words in (
        (r"Problem with given class_path '([^']*)':", r"\1:"),
        (r"selfplay\.config\.\w+:\s*|Parser key |Problems parsing config: ", ""),
        (r"Expected a <class '(\w+)'>\. Got value: (.*)", r"expected \1, got '\2'"),
        (r"Expected a typing\.Literal\[(.*?)\]\. Got value: (.*)", r"expected one of \1, got '\2'"),
        (r"the following arguments are required:", "these keys are required:"),
    ):
        text = re.sub(pattern, words, text)
    return " ".join(text.split())


def _hint(kind: type[Config], message: str) -> str:
    """What was probably meant, when the parser refused a key or a class."""
    if re.search(r"has no attribute|No module named|subclass of Env|is abstract", message):
        return " (`selfplay tasks list` names the envs)"
    refused = re.search(r"(?:[Oo]ption|[Kk]ey) '([\w.]+)'|arguments: --([\w.]+)", message)
    if refused is None:
        return ""
    known = {*_names(kind), *(name for part in PARTS for name in _names(part)), *_env_fields()}
    for word in (refused.group(1) or refused.group(2)).split("."):
        longer = [name for name in sorted(known) if name.startswith(word + "_")]
        close = longer or difflib.get_close_matches(word, known, n=1, cutoff=0.7)
        if word not in known and close:
            return f" (did you mean {close[0]!r}?)"
    return ""


def _env_fields() -> Iterator[str]:
    """Options of the env classes that have been imported, those of the refused file among them."""
    for found in Env.__subclasses__():
        if is_dataclass(found):
            yield from _names(found)
