"""A search for an answer that the verifier gets wrong, shrunk to a small one.

Hypothesis draws a task of an env and edits of its gold: rewritings that keep it right, near misses, and edits of the
text. An answer is known to be right or wrong by construction or by the reference; where neither tells, it is passed
over. An edit that only changes the spelling of the gold (spaces, a plus sign, leading zeros, brackets, `.0`) is passed
over too: whether to accept it is a matter of form.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Literal

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, FlakyFailure

from envs.core import Env, Solved
from selfplay.data.sources import draw_task
from selfplay.measure.cases import Ruling
from selfplay.measure.config import AuditConfig
from selfplay.measure.draw import Reference, reference_of
from selfplay.measure.subject import Subject, build_subject
from selfplay.streams import derive

Aim = Literal["false accept", "false reject"]

_EDITS = (
    "insert", "delete", "replace", "repeat", "append", "prepend", "either", "cut", "swap", "near miss", "blank",
)  # fmt: skip
_MOST_EDITS, _MOST_REWRITES = 4, 3
_CHARACTERS = "0123456789+-*/=.,;()[]{}<>^!%_~#'\" xyzabceE\n\t\x00\u00bd\u00b2\u2212\u0661\uff17"


@dataclass(frozen=True)
class Found:
    """What one search came to.

    Attributes:
        aim: Which error was looked for.
        n_tried: Answers judged, shrinking included.
        seconds: Wall-clock seconds.
        cut_short: Whether the time limit ended the search.
        family: Name of the env; empty where nothing was found, as the fields below.
        prompt: Task.
        gold: A right answer.
        answer: The answer that was judged wrongly, as small as it could be made.
        ruling: What the verifier said of it; None where nothing was found.
    """

    aim: Aim
    n_tried: int
    seconds: float
    cut_short: bool
    family: str = ""
    prompt: str = ""
    gold: str = ""
    answer: str = ""
    ruling: Ruling | None = None

    @property
    def found(self) -> bool:
        """Whether there is such an error."""
        return self.ruling is not None


class _Wrong(Exception):
    """The verifier erred; hypothesis shrinks towards the smallest answer that raises this."""


def fuzz(config: AuditConfig, *, say: Callable[[str], object] = lambda _: None) -> list[Found]:
    """Search for an accepted wrong answer, then for a rejected right one.

    Args:
        config: From `load_audit`; its limits are `config.fuzz`.
        say: Called with a line of progress now and then.

    Raises:
        ValueError: The verifier cannot be used.
    """
    envs = {task.env.name: task.env for task in config.tasks}
    subject = build_subject(config, envs)
    try:
        _, reference = reference_of(config, envs, env_on_trial=subject.is_env)
        return [_Search(config, envs, subject, reference, aim, say).run() for aim in ("false accept", "false reject")]
    finally:
        subject.close()


class _Search:
    """One search: state that hypothesis's many calls share."""

    def __init__(
        self,
        config: AuditConfig,
        envs: Mapping[str, Env],
        subject: Subject,
        reference: Reference,
        aim: Aim,
        say: Callable[[str], object],
    ) -> None:
        self._config, self._envs, self._subject, self._reference = config, envs, subject, reference
        self._aim, self._say = aim, say
        self._start, self._n, self._cut = 0.0, 0, False
        self._memory: dict[tuple[str, str], Ruling] = {}
        self._best: tuple[Solved, str, Ruling] | None = None

    def run(self) -> Found:
        """Search until something is found and shrunk, or a limit is reached."""
        self._start = time.perf_counter()

        @seed(derive(self._config.seed, "fuzz", self._aim))
        @settings(
            max_examples=self._config.fuzz.n_examples,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
        )
        @given(st.data())
        def search(data: st.DataObject) -> None:
            self._try(data)

        # flaky: the verifier changed its mind about an answer; what it did the first time stands
        with suppress(_Wrong, Flaky, FlakyFailure):
            search()
        seconds = time.perf_counter() - self._start
        if self._best is None:
            return Found(self._aim, self._n, seconds, self._cut)
        solved, answer, ruling = self._best
        task = solved.task
        return Found(self._aim, self._n, seconds, self._cut, task.env, task.prompt, solved.answer, answer, ruling)

    def _try(self, data: st.DataObject) -> None:
        if time.perf_counter() - self._start > self._config.fuzz.seconds:
            self._cut = True
            return  # the remaining examples cost nothing, and shrinking ends here too
        task = data.draw(st.sampled_from(self._config.tasks))
        # A seed and not hypothesis's own choices: an env may draw thousands of numbers for a task.
        rng = Random(data.draw(st.integers(0, 2**16)))
        solved = draw_task([task], rng)
        answer = self._answer(data, task.env, solved, rng)
        if not self._is_wanted(solved, answer):
            return
        ruling = self._ruling(solved, answer)
        if ruling.accepted is (self._aim == "false accept"):
            self._keep(solved, answer, ruling)
            raise _Wrong(answer)

    def _answer(self, data: st.DataObject, env: Env, solved: Solved, rng: Random) -> str:
        answer = solved.answer
        for _ in range(data.draw(st.integers(0, _MOST_REWRITES))):
            answer = _rewritten(env, solved, answer, rng)
        if self._aim == "false reject":
            return answer
        wrong = env.near_miss(solved, rng)
        for edit in data.draw(st.lists(st.sampled_from(_EDITS), min_size=1, max_size=_MOST_EDITS)):
            at = data.draw(st.integers(0, len(answer)))
            text = data.draw(st.text(_CHARACTERS, min_size=1, max_size=3))
            answer = _edited(edit, answer, at, text, wrong)
        return answer

    def _is_wanted(self, solved: Solved, answer: str) -> bool:
        """Whether the answer is known to be wrong (for a false accept) or right (for a false reject)."""
        if self._aim == "false reject":
            return self._reference(solved.task, answer) is not False  # right by construction
        if _spelling(answer) == _spelling(solved.answer):
            return False
        return self._reference(solved.task, answer) is False

    def _ruling(self, solved: Solved, answer: str) -> Ruling:
        key = (solved.task.id, answer)
        if key not in self._memory:
            self._n += 1
            if self._n % 500 == 0:
                self._say(f"fuzz, {self._aim}: {self._n:,} answers tried")
            (self._memory[key],) = self._subject.rule([(solved.task, solved.answer, answer)])
        return self._memory[key]

    def _keep(self, solved: Solved, answer: str, ruling: Ruling) -> None:
        """Remember the smallest error: by length of answer and prompt together."""
        size = (len(answer) + len(solved.task.prompt), answer)
        if self._best is None or size < (len(self._best[1]) + len(self._best[0].task.prompt), self._best[1]):
            self._best = solved, answer, ruling


def _rewritten(env: Env, solved: Solved, answer: str, rng: Random) -> str:
    try:
        return env.equivalent(Solved(solved.task, answer), rng)
    except (ValueError, IndexError, KeyError):
        return answer  # nothing promises that an env rewrites its own rewritings


def _edited(edit: str, answer: str, at: int, text: str, wrong: str) -> str:
    match edit:
        case "insert":
            return answer[:at] + text + answer[at:]
        case "delete":
            return answer[:at] + answer[at + 1 :]
        case "replace":
            return answer[:at] + text + answer[at + 1 :]
        case "repeat":
            return answer + answer
        case "append":
            return answer + text
        case "prepend":
            return text + answer
        case "either":
            return f"{answer} or {wrong}"
        case "cut":
            return answer[:at]
        case "swap":
            return answer[at:] + answer[:at]
        case "near miss":
            return wrong
        case _:
            return ""


def _spelling(text: str) -> str:
    """The text without what is a matter of form."""
    plain = "".join(text.split()).strip("$").casefold()
    while plain.startswith("(") and plain.endswith(")"):
        plain = plain[1:-1]
    plain = re.sub(r"(?<![0-9.])0+(?=[0-9])|(?<=[0-9])\.0*(?![0-9])", "", plain.removeprefix("+"))
    return plain.removesuffix("+c").removesuffix("*1").removesuffix("+0")
