"""The tokenizer of a Hugging Face checkpoint (`tokenizer.json`, library `tokenizers`) with role tokens added.

Role tokens that the tokenizer does not have yet become special tokens behind its last id; where the embedding has rows
to spare there (Qwen3 has some 270), they take those, else it grows. A text ends with the tokenizer's own end-of-text
token, or with a new `<end>` where it has none. No begin-of-text token is written: a text begins with its role token.

A text is encoded without looking for special tokens in it, so a model cannot spell its way out of an answer. A model
may spell a text otherwise than the tokenizer does; that is a text like any other, and is learnt in the tokenizer's own
spelling.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from envs.core import Env
from selfplay.files import replacing
from selfplay.model.architecture import CONFIG, read_architecture, read_json
from selfplay.model.tokenizer import SHARED_ROLES

TOKENIZER, SETTINGS = "tokenizer.json", "tokenizer_config.json"

COPY = "hf"
"""Folder in a run's folder with what later commands need of the checkpoint, so that they need not have it."""


def missing_extra(error: ImportError) -> ValueError:
    """What to tell a user without the extra."""
    return ValueError(f"Hugging Face checkpoints need {error.name}: pip install 'selfplay-testbed[hf]'")


def copy_description(source: Path, run: Path) -> None:
    """Copy the checkpoint's configuration and tokenizer into the folder of a run that begins.

    Raises:
        ValueError: One of them is missing.
    """
    read_json(source / CONFIG, "the shape of the model")
    read_json(source / TOKENIZER, "its tokenizer")
    for name in (CONFIG, TOKENIZER, SETTINGS):
        if (source / name).is_file():
            with replacing(run / COPY / name) as temporary:
                shutil.copyfile(source / name, temporary)


class ForeignTokenizer:
    """See the module.

    Attributes:
        fast: The tokenizer with its role tokens, as `tokenizers` has it.
        n_known: Ids the checkpoint has, up to the last.
        new: Ids of the role tokens it does not have.
        end: See `Vocabulary`.
        solve: Likewise.
        judge: Likewise.
    """

    def __init__(self, folder: Path, envs: Iterable[Env]) -> None:
        """Read the tokenizer of a checkpoint and add the roles of some envs.

        Raises:
            ValueError: The extra `hf` is not installed, a file is missing or damaged, or the tokenizer does not give
                back the envs' characters.
        """
        envs = list(envs)
        self._folder = folder
        self._alphabet = frozenset(character for env in envs for character in env.alphabet)
        self.fast = _read_tokenizer(folder)
        self.n_known = max(self.fast.get_vocab(with_added_tokens=True).values(), default=-1) + 1
        end = _end_of_text(folder, self.fast) or SHARED_ROLES[1]
        names = [end, *SHARED_ROLES[2:], *(f"<{kind}:{env.name}>" for kind in ("task", "compose") for env in envs)]
        unknown = [name for name in names if self.fast.token_to_id(name) is None]
        self._roles = _add_special(self.fast, names)
        self.new = tuple(self._roles[name] for name in unknown)
        self.end, self.solve, self.judge = (self._roles[name] for name in names[:3])
        self._special = {id for id, token in self.fast.get_added_tokens_decoder().items() if token.special}
        self._special |= {*self._roles.values()}
        self._size = max(int(read_architecture(folder)["vocab_size"]), *(id + 1 for id in self._roles.values()))
        self._check("".join(sorted(self._alphabet)))

    def __len__(self) -> int:
        return self._size

    def task_token(self, env: str) -> int:
        """The token before a task of the env."""
        return self._roles[f"<task:{env}>"]

    def compose_token(self, env: str) -> int:
        """The token before a solution of the env."""
        return self._roles[f"<compose:{env}>"]

    def encode(self, text: str) -> list[int]:
        """Ids of a piece of text.

        Raises:
            ValueError: A character is in no env's alphabet, or the ids do not give the text back.
        """
        for character in text:
            if character not in self._alphabet:
                raise ValueError(
                    f"character {character!r} of {text[:60]!r} is in no env's alphabet; add it to the env's alphabet"
                )
        ids = self._spell(text)
        if (back := self.decode(ids)) != text or not self._special.isdisjoint(ids):
            raise ValueError(
                f"{self._folder}: its tokenizer reads {text[:60]!r} as {back[:60]!r}; use a checkpoint whose tokenizer"
                " is lossless, or envs without these characters"
            )
        return ids

    def is_text(self, ids: Sequence[int]) -> bool:
        """Whether ids are text in the envs' alphabets and nothing else, which encodes to no more ids than these."""
        if not self._special.isdisjoint(ids) or any(self.fast.id_to_token(id) is None for id in ids):
            return False
        text = self.decode(ids)
        if not self._alphabet.issuperset(text):
            return False
        spelled = self._spell(text)
        return len(spelled) <= len(ids) and self._special.isdisjoint(spelled) and self.decode(spelled) == text

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids; special tokens appear by name."""
        text: str = self.fast.decode(list(ids), skip_special_tokens=False)
        return text

    def _spell(self, text: str) -> list[int]:
        ids: list[int] = self.fast.encode(text, add_special_tokens=False).ids
        return ids

    def _check(self, characters: str) -> None:
        """Refuse a tokenizer that loses a character, or reads a text after a special token otherwise than alone."""
        whole = self._spell(f"{SHARED_ROLES[2]}{characters}")
        self.fast.encode_special_tokens = True  # from here on, names of special tokens in a text are characters
        for text in (*characters, characters):
            self.encode(text)
        if whole != [self.solve, *self._spell(characters)]:
            raise ValueError(
                f"{self._folder}: its tokenizer reads a text after a special token otherwise than alone, so that an"
                " exported model would read other tokens; set prepend_scheme to never in its tokenizer.json"
            )


def _read_tokenizer(folder: Path) -> Any:
    path = folder / TOKENIZER
    read_json(path, "its tokenizer")
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise missing_extra(error) from None
    try:
        fast = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise ValueError(f"{path}: no tokenizer ({error}); download or save it again") from None
    fast.no_padding()
    fast.no_truncation()
    return fast


def _add_special(fast: Any, names: Sequence[str]) -> dict[str, int]:
    """Make the names special tokens; their ids."""
    from tokenizers import AddedToken

    fast.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    return {name: fast.token_to_id(name) for name in names}


def _end_of_text(folder: Path, fast: Any) -> str | None:
    """The name of the checkpoint's own end-of-text token, by the tokenizer's settings or else by the model's."""
    path = folder / SETTINGS
    said = read_json(path, "its settings").get("eos_token") if path.is_file() else None
    if isinstance(said, dict):
        said = said.get("content")
    if said is None:
        number = read_architecture(folder).get("eos_token_id")
        number = number[0] if isinstance(number, list) and number else number
        said = fast.id_to_token(number) if isinstance(number, int) else None
    return said if isinstance(said, str) and fast.token_to_id(said) is not None else None
