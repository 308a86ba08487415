"""The figures of a study. Each says in its caption what is drawn, over how many seeds, and what its bands are.

Drawn with matplotlib's object interface: nothing global is touched, and the same study gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from selfplay.records import RoundReport, RunResult
from selfplay.report.axes import canvas, draw_band, draw_finished, log_axis, mark_limits, seeds_text
from selfplay.report.evidence import Evidence
from selfplay.report.monitors import draw_levels, draw_monitors
from selfplay.report.panels import draw_cost, draw_judge, draw_multiplier
from selfplay.report.style import SETTINGS, amount, looks, power
from selfplay.scaling.curve import Refusal
from selfplay.scaling.metrics import Comparison, require_matched, total_flops

PNG_DPI = 150


@dataclass(frozen=True)
class Plate:
    """A figure ready to be placed, or the reason why there is none.

    Attributes:
        name: File name without its ending.
        title: Heading.
        caption: What is shown.
        png: The figure as PNG; empty where refused.
        svg: The figure as SVG; empty where refused.
        refusal: Why there is no figure; empty where there is one.
    """

    name: str
    title: str
    caption: str = ""
    png: bytes = b""
    svg: bytes = b""
    refusal: str = ""


def draw_all(evidence: Evidence, comparisons: Sequence[Comparison]) -> list[Plate]:
    """Every figure of the report, in its order."""
    return [
        plate("loss_tokens", "Held-out loss against training tokens", partial(draw_loss_tokens, evidence)),
        plate("multiplier", "Effective data multiplier", partial(draw_multiplier, evidence, comparisons)),
        plate("loss_flops", "Held-out loss against total FLOPs", partial(draw_loss_flops, evidence)),
        plate("accuracy_tokens", "Held-out accuracy against training tokens", partial(draw_accuracy_tokens, evidence)),
        plate("judge", "What the judge kept, and how much of it was right", partial(draw_judge, evidence)),
        plate("monitors", "What was proposed, and how the judge took it", partial(draw_monitors, evidence)),
        plate("levels", "Difficulty of proposed and of real tasks", partial(draw_levels, evidence)),
        plate("cost", "What a run spent, by phase", partial(draw_cost, evidence)),
    ]


def plate(name: str, title: str, draw: Callable[[], tuple[Figure, str]]) -> Plate:
    """Draw and render one figure.

    Args:
        name: File name without its ending.
        title: Heading.
        draw: Returns the figure and its caption, or raises `Refusal` with the reason why it cannot be drawn.
    """
    # the salt makes the ids inside the SVG, random otherwise, the same each time
    with matplotlib.rc_context({**SETTINGS, "svg.hashsalt": name}):
        try:
            figure, caption = draw()
        except Refusal as refusal:
            return Plate(name, title, refusal=str(refusal))
        png, svg = io.BytesIO(), io.BytesIO()
        figure.savefig(png, format="png", dpi=PNG_DPI, metadata={"Software": None})
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return Plate(name, title, caption, png.getvalue(), svg.getvalue())


def require_token_axis(evidence: Evidence) -> None:
    """Refuse to set runs of one budget side by side over tokens where they trained on different amounts.

    Raises:
        Refusal: They do; names the budget, the arms and their tokens.
    """
    for budget in sorted({row.budget for row in evidence.results}):
        try:
            require_matched([row for row in evidence.results if row.budget == budget])
        except Refusal as refusal:
            raise Refusal(f"at the budget of {budget:,}: {refusal}") from None


def _curves(
    evidence: Evidence,
    axes: Axes,
    x: tuple[Callable[[RoundReport], float], Callable[[RunResult], float]],
    y: tuple[Callable[[RoundReport], float], Callable[[RunResult], float]],
) -> None:
    """Every arm's band over rounds and its finished runs; `x` and `y` read a round and a row."""
    roles = [evidence.config.fresh, evidence.config.baseline, evidence.config.primary]
    styles = looks(evidence.config)
    # the arms that the verdict is about are drawn last, on top of the others
    for arm, look in sorted(styles.items(), key=lambda item: roles.index(item[0]) if item[0] in roles else -1):
        draw_band(axes, evidence.curves(arm), x[0], y[0], look)
        groups = [evidence.of(arm, budget) for budget in evidence.budgets(arm)]
        draw_finished(axes, groups, x[1], y[1], look)


def _curve_caption(evidence: Evidence, what: str) -> str:
    marks = (
        "Marks: finished runs at every budget, at the early-stopped round, with bars from the smallest to the largest"
        " seed; each has its own learning-rate schedule, so only marks are compared."
    )
    budgets = " or ".join(f"{budget:,}" for budget in sorted({key.budget for key in evidence.rounds}))
    if not budgets:
        return f"{what} {marks} No run of the largest budget has finished, so there are no lines."
    return (
        f"{what} Lines: mean over {seeds_text(evidence)} after each round of the runs given {budgets} training tokens;"
        f" bands: smallest to largest seed. {marks}"
    )


def _limits_caption(evidence: Evidence) -> str:
    turned, config = evidence.turning_point(), evidence.config
    if not turned.n_seeds:
        return ""
    if not turned.tokens:
        return (
            f" In its longest runs {config.baseline} was best in the last round, after its learning rate had decayed,"
            f" in all {turned.n_seeds} seeds."
        )
    return (
        f" {config.baseline} stops improving where its validation loss was lowest in its longest runs: it rose"
        f" afterwards in {len(turned.tokens)} of {turned.n_seeds} seeds, and the shaded range spans those seeds."
    )


def _loss_y() -> tuple[Callable[[RoundReport], float], Callable[[RunResult], float]]:
    return lambda report: report.heldout.answer_nats_per_token, lambda row: row.loss


def draw_loss_tokens(evidence: Evidence) -> tuple[Figure, str]:
    """Loss over tokens, of all arms; refused where tokens are not matched."""
    require_token_axis(evidence)
    figure, axes = canvas(evidence, "Held-out loss at equal training tokens")
    _curves(evidence, axes, (lambda report: report.train_tokens, lambda row: row.D), _loss_y())
    _finish_loss(axes, "training tokens, real and synthetic", amount)
    mark_limits(axes, evidence)
    what = "Loss on the answers of held-out real tasks; lower is better."
    return figure, _curve_caption(evidence, what) + _limits_caption(evidence)


def draw_loss_flops(evidence: Evidence) -> tuple[Figure, str]:
    """Loss over training, generating and verifying FLOPs, of all arms."""
    figure, axes = canvas(evidence, "Held-out loss against all compute")
    spent = (lambda r: float(r.train_flops) + float(r.generate_flops) + float(r.verify_flops), total_flops)
    _curves(evidence, axes, spent, _loss_y())
    _finish_loss(axes, "FLOPs: training, generating and verifying", power)
    what = "The same losses against everything a run computes: an arm that wins on tokens and loses here paid for it."
    return figure, _curve_caption(evidence, what)


def _finish_loss(axes: Axes, x_label: str, text: Callable[[float], str]) -> None:
    axes.set_xlabel(x_label)
    axes.set_ylabel("held-out loss (nats per answer token)")
    log_axis(axes, "x", text)
    low, high = axes.get_ylim()
    if low > 0 and high / low > 2:
        log_axis(axes, "y")


def draw_accuracy_tokens(evidence: Evidence) -> tuple[Figure, str]:
    """Greedy accuracy over tokens, of all arms; refused where tokens are not matched."""
    require_token_axis(evidence)
    figure, axes = canvas(evidence, "Held-out accuracy at equal training tokens")
    y = (lambda report: report.heldout.accuracy, lambda row: row.accuracy)
    _curves(evidence, axes, (lambda report: report.train_tokens, lambda row: row.D), y)
    axes.set_xlabel("training tokens, real and synthetic")
    axes.set_ylabel("held-out tasks answered correctly")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylim(bottom=-0.02 * axes.get_ylim()[1])  # room for a mark at 0
    log_axis(axes, "x")
    mark_limits(axes, evidence)
    what = "Greedy answers to held-out real tasks that the env's exact verifier accepts."
    return figure, _curve_caption(evidence, what) + _limits_caption(evidence)
