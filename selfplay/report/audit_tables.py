"""An audit as tables of text, for the page and for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from selfplay.measure.audit import Audit
from selfplay.measure.cases import Judgement
from selfplay.measure.rates import Rate, youden
from selfplay.measure.strata import Stratum
from selfplay.report.tables import Table

MAX_CHARS = 160
"""Of an answer in a table; hostile ones are thousands long."""


def visible(text: str) -> str:
    """Any text on one line: what cannot be seen is written as an escape, and the middle of long text is left out."""
    if len(text) > MAX_CHARS:
        half = MAX_CHARS // 2
        text = f"{text[:half]} [{len(text) - 2 * half:,} more] {text[-half:]}"
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
    return shown if shown.strip() == shown and shown else repr(shown)


def percent(value: float) -> str:
    """A rate as a percentage with the digits it needs; a dash where there is none."""
    if math.isnan(value):
        return "-"
    return f"{value:.1%}" if value in (0.0, 1.0) or 0.0995 <= value <= 0.9 else f"{value:.2%}"


def with_interval(rate: Rate) -> str:
    """The rate, and its interval on a line of its own."""
    return f"{percent(rate.value)}\n{percent(rate.low)} to {percent(rate.high)}" if rate.n else "-"


def strata_table(audit: Audit) -> Table:
    """A row per family and origin."""
    headings = (
        "family", "origin", "n", "right accepted (TPR)", "wrong accepted (FPR)", "no verdict", "time-outs", "malformed",
        "p50, ms", "p99, ms",
    )  # fmt: skip
    return Table(headings, [_row(stratum) for stratum in audit.strata])


def _row(s: Stratum) -> tuple[str, ...]:
    confusion = s.confusion
    return (
        s.family,
        s.origin,
        f"{s.n:,}",
        with_interval(confusion.tpr),
        with_interval(confusion.fpr)
        + (f"\n{confusion.false_accepts:,} of {confusion.fpr.n:,}" if confusion.fpr.k else ""),
        "\n".join([f"{s.n_undecided:,}", *(f"{fault} {n:,}" for fault, n in s.faults.items() if n)]),
        f"{s.faults['timeout']:,}",
        f"{s.n_malformed:,}",
        milliseconds(s.p50_ms),
        milliseconds(s.p99_ms),
    )


def milliseconds(value: float) -> str:
    """Three digits."""
    return "-" if math.isnan(value) else f"{value:.3g}"


def overall_table(audit: Audit) -> Table:
    """Precision, recall, F1 and J over all strata but the hostile ones."""
    c = audit.confusion
    rows = [
        ("recall (TPR)", with_interval(c.tpr), "right answers accepted"),
        ("false accepts (FPR)", with_interval(c.fpr), "wrong answers accepted"),
        ("precision", with_interval(c.precision), "accepted answers that are right, in this mix of strata"),
        ("F1", f"{c.f1:.4f}" if not math.isnan(c.f1) else "-", "harmonic mean of precision and recall, in this mix"),
    ]
    if c.tpr.n and c.fpr.n:
        j, low, high = youden(c.tpr, c.fpr)
        rows.insert(2, ("J = TPR - FPR", f"{j:.4f}\n{low:.4f} to {high:.4f}", "1 exact, 0 worth nothing"))
    return Table(("measure", "value", "meaning"), rows)


def filtering_table(audit: Audit) -> Table:
    """What the verifier lets through, by how good the generator is."""
    rows = [
        (
            percent(f.base_rate) + (" (at hand)" if index == 0 else ""),
            f"{percent(f.purity)}\nat least {percent(f.purity_low)}",
            "-" if math.isnan(f.lift) else f"{f.lift:.3g}",
            percent(f.yield_rate),
            f"{f.wrong_per_10_000:,.1f}\nat most {f.wrong_per_10_000_high:,.1f}",
        )
        for index, f in enumerate(audit.filtering)
    ]
    headings = ("generator right", "purity of what is kept", "lift", "yield", "wrong kept per 10,000 answers")
    return Table(headings, rows)


def relations_table(audit: Audit) -> Table:
    """Relations summed over families, and by family where one is broken."""
    rows = []
    for name in dict.fromkeys(relation.name for relation in audit.relations):
        group = [relation for relation in audit.relations if relation.name == name]
        broken = [f"{r.family} {r.n_broken:,}" for r in group if r.n_broken]
        totals = [sum(values) for values in zip(*((r.n, r.n_broken, r.n_skipped) for r in group), strict=True)]
        rows.append((name, *(f"{total:,}" for total in totals), ", ".join(broken) or "-"))
    return Table(("relation", "tried", "broken", "not applicable", "where"), rows)


def clusters_table(audit: Audit, n_shown: int = 25) -> Table:
    """The largest groups of errors that look alike."""
    rows = [(c.error, c.family, c.origin, c.shape, f"{c.n:,}", percent(c.share)) for c in audit.clusters[:n_shown]]
    left = len(audit.clusters) - n_shown
    notes = [f"{left:,} smaller groups are in audit.json"] if left > 0 else []
    return Table(("error", "family", "origin", "what they look like", "n", "share of its errors"), rows, notes)


def drift_table(audit: Audit) -> Table:
    """Reward and audited reward by round of the run."""
    rows = [
        (str(d.round), f"{d.n_attempts:,}", percent(d.reward), percent(d.audited_reward), with_interval(d.audited),
         f"{d.audited.n:,}", f"{d.gap:+.4f}")
        for d in audit.drift
    ]  # fmt: skip
    headings = ("round", "attempts", "reward, all", "reward, hidden sample", "truth, hidden sample", "sample", "drift")
    return Table(headings, rows)


def shown_rows(judgements: Iterable[Judgement]) -> list[tuple[str, ...]]:
    """Judgements as rows: error, family, origin, kind, task, gold, answer, verdict, evidence."""
    rows: list[tuple[str, ...]] = []
    for j in judgements:
        error = "false accept" if j.is_false_accept else "false reject" if j.is_false_reject else "no verdict"
        ruling = j.ruling
        verdict = ruling.fault or ("accepted" if ruling.accepted else "malformed" if ruling.malformed else "rejected")
        case = j.case
        texts = (visible(case.task.prompt), visible(case.gold) if case.gold else "-", visible(case.answer))
        rows.append((error, case.family, str(case.origin), case.kind, *texts, verdict, visible(ruling.detail or "-")))
    return rows


def terminal_lines(audit: Audit) -> list[str]:
    """A compact table and the gate, for the terminal."""
    rows = [("stratum", "n", "TPR", "FPR", "undecided", "p99 ms")]
    for s in audit.strata:
        c = s.confusion
        tpr, fpr = _cell(c.tpr), _cell(c.fpr)
        rows.append((f"{s.family}, {s.origin}", f"{s.n:,}", tpr, fpr, f"{s.n_undecided:,}", milliseconds(s.p99_ms)))
    lines = _aligned(rows)
    first = audit.filtering[0]
    lines += [
        f"at a generator {percent(first.base_rate)} right: purity {percent(first.purity)}, yield"
        f" {percent(first.yield_rate)}, {first.wrong_per_10_000:.1f} wrong accepted per 10,000 answers"
    ]
    if audit.ranking is not None:
        r = audit.ranking
        lines.append(
            f"AUROC {r.auroc:.3f}, within a task {_number(r.auroc_within_task)}, pass@1 {_number(r.pass_at_1)}"
        )
    for control in audit.noise:
        rate = control.measured
        inside = "inside" if control.inside else "OUTSIDE"
        lines.append(f"{control.name} set to {control.set_to:g}: {inside} {percent(rate.low)} to {percent(rate.high)}")
    for condition in audit.gate:
        lines.append(f"{'ok  ' if condition.passed else 'FAIL'}  {condition.name}: {condition.found}")
    lines.append(f"gate: {'PASS' if audit.passed else 'FAIL'}  {audit.name}")
    return lines


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _cell(rate: Rate) -> str:
    return f"{percent(rate.value)} [{percent(rate.low)}, {percent(rate.high)}]" if rate.n else "-"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
