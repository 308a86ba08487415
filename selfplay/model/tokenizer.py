"""What a run needs of a tokenizer, and the one of runs that start from nothing: a token a character.

The texts a model reads and writes:

    task:ENV  prompt  solve  answer  end        propose a task (up to `solve`), then solve it
    task:ENV  prompt  solve  work  solve  answer  end    the same with worked steps, where `data.work` asks for them
    compose:ENV  solution  end                  write a solution, from which the env poses a task
    task:ENV  prompt  solve  answer  judge      say whether the answer is right: `solve` if it is, `end` if not
    task:ENV  prompt  solve  answer  judge  check  solve  end    the same after a written check; without `solve` if not

One `task:` and one `compose:` token per env, so that a model of several envs is told which to write for.
`model.foreign` has the tokenizer of a Hugging Face checkpoint, with the same role tokens beside its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from envs.core import Env

PAD, END, SOLVE, JUDGE = 0, 1, 2, 3
"""`PAD` also fills rows for any other tokenizer: it is an id everywhere, and what fills a row is read by nobody."""

SHARED_ROLES = ("<pad>", "<end>", "<solve>", "<judge>")


class Vocabulary(Protocol):
    """Role tokens, and text to ids and back.

    Texts are encoded piece by piece (a task, an answer), each after a role token, so that a prompt is always the
    beginning of the whole.
    """

    @property
    def end(self) -> int:
        """The token that ends a text; as a verdict, `wrong`."""

    @property
    def solve(self) -> int:
        """The token between a task and its answer; as a verdict, `right`."""

    @property
    def judge(self) -> int:
        """The token after an answer to be judged."""

    def __len__(self) -> int:
        """Rows of the embedding, used or not."""

    def task_token(self, env: str) -> int:
        """The token before a task of the env."""

    def compose_token(self, env: str) -> int:
        """The token before a solution of the env."""

    def encode(self, text: str) -> list[int]:
        """Ids of a piece of text, which `decode` gives back exactly.

        Raises:
            ValueError: They would not.
        """

    def is_text(self, ids: Sequence[int]) -> bool:
        """Whether ids are text in the envs' alphabets and nothing else, which encodes to no more ids than these."""

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids; role tokens appear by name."""


@dataclass(frozen=True)
class Tokenizer:
    """One token a character of the envs' alphabets; role tokens have the lowest ids.

    Attributes:
        env_names: In the order of their role tokens.
        alphabet: Characters in the order of their ids.
    """

    env_names: tuple[str, ...]
    alphabet: str
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)
    end: ClassVar[int] = END
    solve: ClassVar[int] = SOLVE
    judge: ClassVar[int] = JUDGE

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ids", {c: i for i, c in enumerate(self.alphabet, self.n_roles)})

    @classmethod
    def of(cls, envs: Iterable[Env]) -> Tokenizer:
        """The tokenizer of a mixture of envs; ids do not depend on the order of an env's alphabet."""
        envs = list(envs)
        return cls(tuple(env.name for env in envs), "".join(sorted({c for env in envs for c in env.alphabet})))

    @property
    def n_roles(self) -> int:
        """Tokens that are not characters; they have the lowest ids."""
        return len(SHARED_ROLES) + 2 * len(self.env_names)

    def __len__(self) -> int:
        return self.n_roles + len(self.alphabet)

    def task_token(self, env: str) -> int:
        """The token before a task of the env."""
        return len(SHARED_ROLES) + self.env_names.index(env)

    def compose_token(self, env: str) -> int:
        """The token before a solution of the env."""
        return len(SHARED_ROLES) + len(self.env_names) + self.env_names.index(env)

    def encode(self, text: str) -> list[int]:
        """Ids of a text.

        Raises:
            ValueError: A character is in no env's alphabet.
        """
        try:
            return [self._ids[c] for c in text]
        except KeyError as missing:
            raise ValueError(
                f"character {missing.args[0]!r} of {text[:60]!r} is not in the alphabet of "
                f"{', '.join(self.env_names)}; add it to the env's alphabet"
            ) from None

    def is_text(self, ids: Sequence[int]) -> bool:
        """Whether all ids are characters, so that the decoded text encodes back to them."""
        return all(i >= self.n_roles for i in ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids; role tokens appear by name, as `<solve>`, for a reader: such text is never encoded again."""
        return "".join(self.alphabet[i - self.n_roles] if i >= self.n_roles else self._role_name(i) for i in ids)

    def _role_name(self, token: int) -> str:
        if token < len(SHARED_ROLES):
            return SHARED_ROLES[token]
        kind, env = divmod(token - len(SHARED_ROLES), len(self.env_names))
        return f"<{('task', 'compose')[kind]}:{self.env_names[env]}>"
