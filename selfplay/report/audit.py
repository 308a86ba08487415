"""What an audit leaves: `audit.json`, one self-contained `audit.html`, and TensorBoard events."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from selfplay.configfile import as_plain, to_yaml
from selfplay.files import replacing
from selfplay.measure.audit import Audit
from selfplay.measure.cases import Case, Judgement
from selfplay.measure.fuzz import Found
from selfplay.measure.rates import Rate, youden
from selfplay.measure.samples import run_config
from selfplay.report import audit_tables as tables
from selfplay.report.audit_figures import draw_audit
from selfplay.report.audit_tables import terminal_lines
from selfplay.report.tables import Table

__all__ = ["as_json", "fuzz_lines", "render", "summary", "terminal_lines", "write_audit", "write_fuzz"]

FORMAT = 1
"""Version of `audit.json`."""


def write_audit(audit: Audit, folder: Path) -> Path:
    """Write `audit.json`, `audit.html` and TensorBoard events, each file whole or not at all.

    Returns:
        The page.

    Raises:
        OSError: The folder cannot be written.
    """
    text = json.dumps(as_json(audit), indent=1, allow_nan=False) + "\n"
    _write(folder / "audit.json", text.encode())
    _write(folder / "audit.html", render(audit).encode("utf-8", "backslashreplace"))
    _write_events(audit, folder)
    return folder / "audit.html"


def write_fuzz(found: Sequence[Found], folder: Path) -> None:
    """Write what a search found to `fuzz.json`."""
    _write(folder / "fuzz.json", (json.dumps(_plain(list(found)), indent=1, allow_nan=False) + "\n").encode())


def fuzz_lines(found: Sequence[Found]) -> list[str]:
    """What a search found, for the terminal."""
    lines = []
    for search in found:
        effort = f"{search.n_tried:,} answers in {search.seconds:.0f} s" + (", time limit" if search.cut_short else "")
        if search.ruling is None:
            lines.append(f"fuzz, {search.aim}: none found ({effort})")
            continue
        prompt, gold, answer = map(tables.visible, (search.prompt, search.gold, search.answer))
        lines.append(f"fuzz, {search.aim}: {search.family} task {prompt}  gold {gold}  answer {answer}  ({effort})")
    return lines


def _write(path: Path, data: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def as_json(audit: Audit) -> dict[str, Any]:
    """The audit as JSON values; rates carry their intervals, and what has no value is null."""
    plain: dict[str, Any] = {"format": FORMAT, "verifier": audit.config.verifier, "passed": audit.passed}
    for field in fields(audit):
        if field.name not in ("scores", "config"):
            plain[field.name] = _plain(getattr(audit, field.name))
    plain["n_unlabelled"] = [
        {"family": family, "origin": origin, "n": n} for (family, origin), n in audit.n_unlabelled.items()
    ]
    c = audit.confusion
    plain["j"] = _plain(youden(c.tpr, c.fpr)) if c.tpr.n and c.fpr.n else None
    plain["config"] = as_plain(audit.config)
    return plain


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case float():
            return value if math.isfinite(value) else None
        case Case():
            kept = {"family": value.family, "prompt": value.task.prompt, "gold": value.gold, "answer": value.answer}
            return kept | {"right": value.right, "origin": str(value.origin), "kind": value.kind}
        case Judgement():
            return _plain(value.case) | {"ruling": _plain(value.ruling)}
        case Rate():
            return {"k": value.k, "n": value.n, "value": _plain(value.value), "low": value.low, "high": value.high}
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    if is_dataclass(value):
        names = [f.name for f in fields(value)]
        extra = [
            n
            for n in ("tpr", "fpr", "precision", "f1", "flips", "gap", "inside")
            if isinstance(getattr(type(value), n, None), property)
        ]
        return {name: _plain(getattr(value, name)) for name in [*names, *extra]}
    return value


def render(audit: Audit) -> str:
    """The page as HTML. All text from configurations, tasks and answers is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    folder = files("selfplay.report")
    source = folder.joinpath("audit.html.j2").read_text(encoding="utf-8")
    # both pages look alike: the style has one home
    style = (
        folder.joinpath("report.html.j2").read_text(encoding="utf-8").partition("<style>")[2].partition("</style>")[0]
    )
    shown = tables.shown_rows(audit.shown)
    plates = [(plate, _data_uri(plate.svg)) for plate in draw_audit(audit)]
    run_judge = run_config(Path(audit.config.run)).arm.judge.kind if audit.config.run is not None else ""
    return environment.from_string(source).render(
        audit=audit,
        style=Markup(style),
        n_cases=sum(stratum.n for stratum in audit.strata),
        n_injections=audit.n_injected,
        n_failed=sum(not condition.passed for condition in audit.gate),
        families=[task.env.name for task in audit.config.tasks],
        summary=summary(audit),
        strata=tables.strata_table(audit),
        overall=tables.overall_table(audit),
        filters=tables.filtering_table(audit),
        relations=tables.relations_table(audit),
        broken=[relation for relation in audit.relations if relation.examples],
        clusters=tables.clusters_table(audit),
        drift=tables.drift_table(audit),
        noise=_noise_table(audit),
        unlabelled=list(audit.n_unlabelled.items()),
        plates=plates,
        shown=shown,
        errors=list(dict.fromkeys(row[0] for row in shown)),
        origins=list(dict.fromkeys(row[2] for row in shown)),
        run_judge=run_judge,
        visible=tables.visible,
        percent=tables.percent,
        config_text=to_yaml(audit.config),  # type: ignore[arg-type]  # any configuration dataclass will do
    )


def summary(audit: Audit) -> str:
    """The audit in two sentences."""
    c, first = audit.confusion, audit.filtering[0]
    text = (
        f"It accepts {tables.percent(c.tpr.value)} of right and {tables.percent(c.fpr.value)} of wrong answers, hostile"
        f" texts not counted. Behind a generator that is right {tables.percent(first.base_rate)} of the time,"
        f" {tables.percent(first.purity)} of what it keeps is right, and {first.wrong_per_10_000:,.1f} wrong answers"
        " per 10,000 pass"
    )
    if not c.fpr.k and c.fpr.n:
        text += f" (at most {first.wrong_per_10_000_high:,.1f}, as none of {audit.filtering_counts.fpr.n:,} did here)"
    return text + "."


def _noise_table(audit: Audit) -> Table:
    rows = [
        (
            control.name,
            tables.percent(control.set_to),
            tables.with_interval(control.measured),
            "yes" if control.inside else "no",
        )
        for control in audit.noise
    ]
    return Table(("rate", "set to", "measured", "setting within the interval"), rows)


def _data_uri(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}" if svg else ""


def _write_events(audit: Audit, folder: Path) -> None:
    """Rates by stratum as scalars, and the precision-recall curve; a second audit in the folder replaces the first."""
    from torch.utils.tensorboard import SummaryWriter

    for stale in folder.glob("events.out.tfevents.*"):
        stale.unlink()
    writer = SummaryWriter(str(folder))
    for stratum in audit.strata:
        tag = f"{stratum.family}/{stratum.origin}".replace(" ", "_").replace("'", "").replace(",", "")
        for name, rate in (("true_accept_rate", stratum.confusion.tpr), ("false_accept_rate", stratum.confusion.fpr)):
            if rate.n:
                writer.add_scalar(f"{name}/{tag}", rate.value, 0)
        writer.add_scalar(f"undecided_rate/{tag}", stratum.undecided.value, 0)
    for drift in audit.drift:
        writer.add_scalar("drift/reward_minus_audited", drift.gap, drift.round)
    if audit.scores:
        scores, labels = zip(*audit.scores, strict=True)
        writer.add_pr_curve("precision_recall", np.array(labels), np.array(scores), 0)
    writer.close()
