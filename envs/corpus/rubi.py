"""Human-written integrals: the test problems of Rubi, the rule-based integrator of Albert Rich and others.

    x/(a+b*x)        answer x/b-a*log(a+b*x)/b**2     (as in the corpus: log(x)*sin(x), sqrt(a+b*x**4)/x, ...)

The problems (MIT licence) were shipped inside sympy 1.10.1 (BSD 3-clause licence). `selfplay corpus build rubi` reads
them there, confirms every antiderivative by differentiating, and writes the file that lies beside this module; both
licences lie beside it. Rows that could not be read, or whose answer was not confirmed, stay in the file and are not
served.

Both sides are in one spelling: polynomials in x with falling powers, everything else with the terms of a sum and the
factors of a product in the order of their text. One function has many antiderivatives, so a model is judged by
`verify`, which differentiates, and not by the text.

Cost: the rules that solve these are about 7,000; checking is one derivative.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import ClassVar, Literal, NamedTuple

from envs.core import Corpus, Env, SolutionFirst, Solved, Task, Verdict
from envs.corpus.provenance import Origin, Row, read
from envs.equality.residues import degree_bound
from envs.expression import MAX_EXPONENT, Tree, ordered, text_of
from envs.grammar import parse
from envs.math.antiderivative import Antiderivative
from envs.polynomial import polynomial_of, tree_of

SHIPPED = Path(__file__).parent / "data" / "rubi.jsonl.xz"

LEVEL_CHARS = (32, 64, 96, 128, 192, 256, 384)
"""Most characters of prompt and answer together at levels 1 to 7; level 8 holds what is longer."""

_VARIABLE = "x"
_MOST_DEGREE = 2 * MAX_EXPONENT  # expanding takes time quadratic in the degree


class _Content(NamedTuple):
    """What a file holds, read once."""

    origin: Origin
    all_rows: tuple[Row, ...]
    rows: tuple[Solved, ...]
    by_canonical: dict[str, Solved]
    by_answer: dict[str, Solved]
    by_level: dict[int, list[Solved]]
    sources: dict[str, Row]


@dataclass(frozen=True)
class Rubi(Env, Corpus, SolutionFirst):
    """Integrals of the Rubi suite, with antiderivatives that were confirmed when the corpus was built.

    A task's level is the length of prompt and answer together, see `LEVEL_CHARS`; a run that keeps to some levels
    knows how long its texts get. A prompt that is not in the corpus has the level its checker gives it.

    Attributes:
        path: A corpus file of your own making; the one that comes with the package when empty.
        split: What may not be on two sides of a split: a template, which is an integrand with its numbers and
            parameters left open, or a topic, which is one of the suite's 14 chapters.
    """

    path: str = ""
    split: Literal["template", "topic"] = "template"
    _checker: Antiderivative = field(default_factory=Antiderivative, init=False, repr=False, compare=False)

    name: ClassVar[str] = "corpus/rubi"
    version: ClassVar[int] = 1
    asymmetry: ClassVar[str] = "solving: a search among thousands of rules; checking: one derivative"

    def __post_init__(self) -> None:
        if self.path and not Path(self.path).is_file():
            raise ValueError(f"path={self.path!r}: no such file; build it with selfplay corpus build rubi")
        if self.split not in ("template", "topic"):
            raise ValueError(f"split={self.split!r}: use 'template' or 'topic'")

    @property
    def alphabet(self) -> str:
        """That of the checker."""
        return self._checker.alphabet

    @property
    def levels(self) -> range:
        """By length, see `LEVEL_CHARS`."""
        return range(min(self._content.by_level), max(self._content.by_level) + 1)

    @property
    def tiers(self) -> tuple[str, ...]:
        """Those of the checker."""
        return self._checker.tiers

    @property
    def origin(self) -> Origin:
        """What the corpus was built from."""
        return self._content.origin

    @property
    def all_rows(self) -> tuple[Row, ...]:
        """Every row of the file with its source, those too that are not served."""
        return self._content.all_rows

    def source(self, task: Task) -> Row:
        """Where a task of the corpus is from.

        Raises:
            KeyError: The task is not of the corpus.
        """
        return self._content.sources[task.id]

    def rows(self) -> Sequence[Solved]:
        """The confirmed rows, each task once."""
        return self._content.rows

    def groups(self) -> Mapping[str, str]:
        """By template or by topic."""
        return {task_id: str(getattr(row, self.split)) for task_id, row in self._content.sources.items()}

    def capacity(self, level: int) -> int:
        """Exact: the rows of the level."""
        self.check_level(level)
        return len(self._content.by_level[level])

    def sample(self, rng: Random, level: int) -> Solved:
        """Draw a row of a level, with replacement."""
        self.check_level(level)
        return rng.choice(self._content.by_level[level])

    def parse(self, prompt: str) -> Task:
        """Read an integrand, of the corpus or not."""
        read_by = self._checker.parse(prompt)
        # The corpus's spelling and not the checker's own canonical text: a row's must be known without computing.
        canonical = restyled(read_by.prompt, self._checker)
        known = self._content.by_canonical.get(canonical)
        return Task(self.name, read_by.prompt, read_by.level if known is None else known.task.level, canonical)

    def verify(self, task: Task, answer: str) -> Verdict:
        """Differentiate the answer."""
        return self._checker.verify(task, answer)

    def equivalent(self, solved: Solved, rng: Random) -> str:
        """The checker's."""
        return self._checker.equivalent(solved, rng)

    def near_miss(self, solved: Solved, rng: Random) -> str:
        """The checker's."""
        return self._checker.near_miss(solved, rng)

    def solution(self, solved: Solved) -> str:
        """The antiderivative without its constant C, in the corpus's spelling."""
        return restyled(self._checker.solution(solved), self._checker)

    def pose(self, solution: str) -> Solved:
        """The corpus's task where it has that solution, else its derivative, both in the corpus's spelling."""
        known = self._content.by_answer.get(solution)
        if known is None:
            posed = self._checker.pose(solution)
            answer = restyled(posed.answer, self._checker)
            known = self._content.by_answer.get(answer) or self._posed(posed.task, answer)
        return known

    def _posed(self, task: Task, answer: str) -> Solved:
        return Solved(self.parse(restyled(task.prompt, self._checker)), answer)

    @property
    def _content(self) -> _Content:
        return _read(Path(self.path) if self.path else SHIPPED)


def restyled(text: str, checker: Antiderivative) -> str:
    """An expression in the spelling of the corpus.

    Raises:
        GrammarError: It is no expression.
    """
    return styled(parse(text, symbols={_VARIABLE, *checker.parameters}))


def styled(tree: Tree) -> str:
    """The text of a tree in the spelling of the corpus."""
    if degree_bound(tree) <= _MOST_DEGREE and (polynomial := polynomial_of(tree, _VARIABLE)):
        expanded = tree_of(polynomial, _VARIABLE)
        if degree_bound(expanded) <= _MOST_DEGREE:  # else its text would not be read as a polynomial again
            return text_of(expanded)
    return text_of(ordered(tree))


def level_of(n_chars: int) -> int:
    """The level of a row whose prompt and answer have so many characters together."""
    return 1 + sum(n_chars > most for most in LEVEL_CHARS)


@lru_cache(maxsize=4)  # not in the env: it would travel to every worker that the env is sent to
def _read(path: Path) -> _Content:
    origin, all_rows = read(path)
    served: dict[str, Solved] = {}
    sources: dict[str, Row] = {}
    by_level: dict[int, list[Solved]] = defaultdict(list)
    for row in all_rows:
        if row.status != "yes":
            continue
        level = level_of(len(row.prompt) + len(row.answer))
        solved = Solved(Task(Rubi.name, row.prompt, level, canonical=row.prompt), row.answer)
        served[row.prompt] = solved
        sources[solved.task.id] = row
        by_level[level].append(solved)
    if not served:
        raise ValueError(f"{path}: no confirmed row to serve; build it again with selfplay corpus build rubi")
    if missing := set(range(min(by_level), max(by_level))) - set(by_level):
        raise ValueError(f"{path}: no confirmed row of level {min(missing)}; build it from the whole suite")
    by_answer = {solved.answer: solved for solved in served.values()}
    return _Content(origin, all_rows, tuple(served.values()), served, by_answer, dict(by_level), sources)
