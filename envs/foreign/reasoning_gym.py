"""Any task of reasoning-gym as an env (extra `rg`; Stojanovski et al. 2025, 2505.24760).

    ReasoningGym("chain_sum"), level 1:

    1.0a3f7|State the final answer to the following arithmetic problem: 5 + 8 =        answer 13

A prompt begins with its level and a number of five hexadecimal digits. They fix the entry, so any process can make it
again and ask the library's scorer, and no answer is stored. A prompt whose number does not give its question is no
task: a model cannot write new ones, so `proposer: env` is how such tasks enter self-play.

A verdict is exact: the scorer's 1.0 is right, everything below is wrong, whatever partial credit it gives. Scorers run
in a worker process with a time and a memory limit, since some evaluate the answer as code. What they accept wrongly we
do not mend but name: `concerns`, and docs/foreign.md for all tasks.

Cost: as the library's tasks are; checking is a call into another process, 0.1 ms and more, many at once.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any, ClassVar

from envs.core import Env, Executed, MalformedTask, Outcome, Solved, Task, Verdict
from envs.foreign import gym
from envs.foreign.junk import concerns_of
from envs.foreign.scoring import entries, scores
from envs.pool import Failure

_PROMPT = re.compile(r"([1-9][0-9]?)\.([0-9a-f]{5})\|(.+)", re.DOTALL)
_NUMBERS = 16**5
_PROBED = 32
"""Numbers looked at for a level's alphabet and capacity."""

_MOST_SKIPPED = 1_000
_MISS_DRAWS = 8
_CODE = re.compile(r"__|\b(?:exec|eval|open|getattr|setattr|globals|vars|compile)\s*\(|\blambda\b.*:|\bimport\s+\w")
"""What an answer must not hold, unless the library's own does: some scorers evaluate the answer."""

_ASCII = string.digits + string.ascii_letters + string.punctuation + " \n\t"
_RIGHT = Verdict(Outcome.CORRECT, tier="scorer")
_NO_TASK = Verdict(Outcome.UNDECIDED, "the prompt is not a task of this env")


@dataclass(frozen=True)
class ReasoningGym(Env, Executed):
    """One task of reasoning-gym.

    Entries longer than `max_chars`, or with characters that the first entries do not have, are passed over.

    Attributes:
        task: The library's name of the task.
        config: The library's own settings, which leave one level; without them, its curriculum gives the levels.
        max_level: Highest level, where the curriculum has more.
        max_chars: Longest prompt or answer.
    """

    task: str
    config: Mapping[str, Any] = field(default_factory=dict, hash=False)
    max_level: int = 3
    max_chars: int = 1_000

    version: ClassVar[int] = 1
    tiers: ClassVar[tuple[str, ...]] = ("scorer",)
    asymmetry: ClassVar[str] = "solving: as hard as the library's task; checking: its scorer, in another process"

    def __post_init__(self) -> None:
        known = gym.task_names()
        if self.task not in known:
            raise ValueError(f"task={self.task!r}: reasoning-gym has {', '.join(known)}")
        if not 1 <= self.max_level <= 99:
            raise ValueError(f"max_level={self.max_level}: use 1 to 99")
        if not 10 <= self.max_chars <= gym.MOST_CHARS:
            raise ValueError(f"max_chars={self.max_chars}: use 10 to {gym.MOST_CHARS}")
        try:
            gym.dataset(self.task, self._settings, 1)
        except Exception as fault:  # of the library, whose settings check themselves in many ways
            raise ValueError(f"task={self.task!r}, config={dict(self.config)}: {_line(fault)}") from None

    @property
    def name(self) -> str:
        """`rg/` and the library's name."""
        return f"rg/{self.task}"

    @property
    def levels(self) -> range:
        """Steps of the library's curriculum."""
        return range(1, 2 if self.config else 1 + min(self.max_level, gym.n_levels(self.task)))

    @property
    def alphabet(self) -> str:
        """ASCII, and what else the first entries of each level hold."""
        return self._probed[0]

    @property
    def concerns(self) -> tuple[str, ...]:
        """What the task's scorer accepts although it answers nothing; see `envs.foreign.junk`."""
        return concerns_of(self.task, self._settings)

    def capacity(self, level: int) -> int:
        """A lower bound: the different questions among the first entries."""
        self.check_level(level)
        return self._probed[1][level]

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a number; the first entry from it on whose text fits is the task.

        Raises:
            ValueError: No such level, or hundreds of entries in a row do not fit.
        """
        self.check_level(level)
        start = rng.randrange(_NUMBERS)
        reason = f"none of at most {self.max_chars} characters; raise max_chars"
        for offset in range(_MOST_SKIPPED):
            number = (start + offset) % _NUMBERS
            entry = self._entry(level, number)
            if isinstance(entry, Failure):
                reason = f"the last one's fault: {entry.detail}"
                if entry.kind != "error":  # an hour of timeouts helps nobody
                    break
            elif self._fits(entry):
                return Solved(self._task(level, number, entry.question), entry.answer)
        raise ValueError(f"{self.name} level {level}: no usable entry, {reason}")

    def parse(self, prompt: str) -> Task:
        """Read `1.0a3f7|...`: the question must be that of its number."""
        level, number, question = self._read(prompt)
        entry = self._entry(level, number)
        if isinstance(entry, Failure) or entry.question != question or not self._fits(entry):
            raise MalformedTask(f"not the question of number {number:05x} at level {level}")
        return self._task(level, number, question)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Ask the library's scorer, in a worker."""
        try:
            level, number, _ = self._read(self.parse(task.prompt).prompt)
        except MalformedTask:
            return _NO_TASK
        if not answer.strip():
            return Verdict(Outcome.MALFORMED, "empty")
        if len(answer) > self.max_chars:
            return Verdict(Outcome.MALFORMED, f"longer than {self.max_chars} characters")
        known = self._entry(level, number)
        if _CODE.search(answer) and (isinstance(known, Failure) or answer != known.answer):
            return Verdict(Outcome.MALFORMED, "looks like code, which some scorers would evaluate")
        return _verdict(*self._scored([(task.prompt, answer)]))

    def run_ahead(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Score all answers in one go; `verify` then answers from memory."""
        self._scored([(prompt, answer) for prompt, answer in pairs if answer.strip() and self._is_task(prompt)])

    def equivalent(self, solved: Solved, rng: Random) -> str:  # noqa: ARG002
        """The answer itself: what else a scorer takes, it alone knows."""
        return solved.answer

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The answer of another entry, or the answer cut short, whichever the scorer refuses first."""
        level, _, _ = self._read(solved.task.prompt)
        others = [self.sample(rng, level).answer for _ in range(_MISS_DRAWS)]
        for candidate in (*others, solved.answer[:-1], solved.answer + solved.answer):
            if self.verify(solved.task, candidate[: self.max_chars]).outcome is not Outcome.CORRECT:
                return candidate[: self.max_chars]
        return ""  # the scorer takes whatever it is given; `verify` refuses the empty text itself

    @cached_property
    def _settings(self) -> str:
        try:
            return json.dumps(dict(self.config), sort_keys=True)
        except TypeError as fault:
            raise ValueError(f"config={dict(self.config)}: {fault}; use numbers, text and lists") from None

    @cached_property
    def _probed(self) -> tuple[str, dict[int, int]]:
        """The alphabet and the capacities."""
        characters, capacities = set(_ASCII), {}
        for level in self.levels:
            found = entries([(self.task, self._settings, level, number) for number in range(_PROBED)])
            fitting = [entry for entry in found if not isinstance(entry, Failure) and self._is_short(entry)]
            characters.update(*(text for entry in fitting for text in entry))
            capacities[level] = max(1, len({entry.question for entry in fitting}))
        return "".join(sorted(characters)), capacities

    def _entry(self, level: int, number: int) -> gym.Entry | Failure:
        """The entry, or why the library makes none."""
        return entries([(self.task, self._settings, level, number)])[0]

    def _is_short(self, entry: gym.Entry) -> bool:
        return len(entry.question) + 9 <= self.max_chars and len(entry.answer) <= self.max_chars

    def _fits(self, entry: gym.Entry) -> bool:
        return self._is_short(entry) and {*entry.question, *entry.answer} <= set(self.alphabet)

    def _read(self, prompt: str) -> tuple[int, int, str]:
        match = _PROMPT.fullmatch(prompt) if len(prompt) <= self.max_chars else None
        if match is None:
            raise MalformedTask("not of the form LEVEL.NUMBER|QUESTION")
        level = int(match[1])
        if level not in self.levels:
            raise MalformedTask(f"no level {level}")
        return level, int(match[2], 16), match[3]

    def _is_task(self, prompt: str) -> bool:
        try:
            self.parse(prompt)
        except MalformedTask:
            return False
        return True

    def _task(self, level: int, number: int, question: str) -> Task:
        return Task(self.name, f"{level}.{number:05x}|{question}", level, canonical=question)

    def _scored(self, pairs: Sequence[tuple[str, str]]) -> list[Any]:
        items = []
        for prompt, answer in pairs:
            level, number, question = self._read(prompt)
            items.append((self.task, self._settings, level, number, question, answer))
        return scores(items)


def _verdict(result: Any) -> Verdict:
    if isinstance(result, Failure):
        return Verdict(Outcome.UNDECIDED, f"{result.kind}: {result.detail}", "none")
    try:
        same, value = bool(result[0]), float(result[1])
    except (TypeError, ValueError, IndexError):  # an answer that was run as code can make its worker say anything
        return Verdict(Outcome.UNDECIDED, "its process sent something other than a score", "none")
    if not same:
        return Verdict(Outcome.UNDECIDED, "the library made another question in its worker", "none")
    return _RIGHT if value == 1.0 else Verdict(Outcome.INCORRECT, f"score {value:.3g}", "scorer")


def _line(fault: Exception) -> str:
    return " ".join(str(fault).split()) or type(fault).__name__
