"""`selfplay fit` and `selfplay compare-laws`: scaling laws from a run table of any study."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from selfplay.scaling.fit import Fit
    from selfplay.scaling.forecast import Forecast
    from selfplay.scaling.influence import Influence
    from selfplay.scaling.selection import Candidate

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
LAWS = "chinchilla, data-constrained, overfit-penalty, power, broken-power or asymptote"


def add(commands: Commands) -> None:
    """Add both commands to the parser; what they need is imported when they run."""
    _add_compare(commands)
    text = "Fit a scaling law to a run table, with intervals, profiles and the rows it hangs on."
    fit = commands.add_parser("fit", help=text, description=text, allow_abbrev=False)
    fit.set_defaults(command=_fit)
    fit.add_argument("--data", required=True, type=Path, metavar="RUNS", help="run table, CSV or Parquet")
    fit.add_argument("--law", required=True, metavar="LAW", help=LAWS)
    fit.add_argument("--loss", default="huber", metavar="LOSS", help="huber (default), l2 or lad, of log residuals")
    fit.add_argument("--delta", type=float, default=1e-3, help="where the Huber loss turns linear (default 1e-3)")
    fit.add_argument("--columns", action="append", default=[], metavar="NAME=COLUMN", help="columns called otherwise")
    fit.add_argument("--fix", action="append", default=[], metavar="NAME=VALUE", help="keep a parameter at a value")
    fit.add_argument("--where", default="", metavar="EXPR", help="rows to use, such as \"arm == 'real' and N > 1e6\"")
    fit.add_argument("--bootstrap", type=int, default=0, metavar="N", help="resamples for intervals (default none)")
    fit.add_argument("--cluster", default="", metavar="COL", help="rows equal in it are one unit (default: inputs)")
    fit.add_argument("--profile", action="append", default=[], metavar="PARAM", help="profile interval of a parameter")
    fit.add_argument("--predict", type=Path, metavar="TABLE", help="table of runs whose loss to predict")
    fit.add_argument("--objective-at", metavar="NAME=VALUE,...", help="only print the objective at these values")
    fit.add_argument("--seed", type=int, default=0, help="draws starts and resamples (default 0)")
    fit.add_argument("--json", type=Path, metavar="OUT", help="also write the result as JSON")
    fit.add_argument("--figures", type=Path, metavar="DIR", help="also draw it: SVG, PNG and TensorBoard images")


def _add_compare(commands: Commands) -> None:
    text = "Set scaling laws side by side: AICc, and larger runs foretold from smaller ones."
    compare = commands.add_parser("compare-laws", help=text, description=text, allow_abbrev=False)
    compare.set_defaults(command=_compare)
    compare.add_argument("--data", required=True, type=Path, metavar="RUNS", help="run table, CSV or Parquet")
    compare.add_argument("--laws", default="", metavar="LAW,LAW", help=f"default all: {LAWS}")
    compare.add_argument("--loss", default="l2", metavar="LOSS", help="l2 (default, as AICc assumes), huber or lad")
    compare.add_argument("--delta", type=float, default=1e-3, help="where the Huber loss turns linear (default 1e-3)")
    compare.add_argument(
        "--columns", action="append", default=[], metavar="NAME=COLUMN", help="columns called otherwise"
    )
    compare.add_argument("--where", default="", metavar="EXPR", help="rows to use, such as \"arm == 'real'\"")
    compare.add_argument(
        "--ratios", default="2,4,8", metavar="R,R", help="largest compute over the largest fitted (default 2,4,8)"
    )
    compare.add_argument("--seed", type=int, default=0, help="draws the starts (default 0)")
    compare.add_argument("--json", type=Path, metavar="OUT", help="also write the result as JSON")


def parse_values(texts: Sequence[str], option: str) -> dict[str, float]:
    """Read `E=1.7,A=400`.

    Raises:
        ValueError: A part without `=`, a value that is no number, or a name twice.
    """
    found: dict[str, float] = {}
    for part in filter(None, (part.strip() for text in texts for part in text.split(","))):
        name, equals, value = (word.strip() for word in part.partition("="))
        try:
            number = float(value) if equals else math.nan
        except ValueError:
            number = math.nan
        if not (name and math.isfinite(number)):
            raise ValueError(f"{option} {part!r}: expected NAME=NUMBER, for example E=1.7")
        if name in found:
            raise ValueError(f"{option} names {name} twice")
        found[name] = number
    return found


def _fit(arguments: argparse.Namespace) -> None:
    from selfplay.scaling.bootstrap import bootstrap, spread
    from selfplay.scaling.fit import fit_law, objective_at
    from selfplay.scaling.forecast import forecasts
    from selfplay.scaling.frame import parse_columns, read_frame
    from selfplay.scaling.influence import influence
    from selfplay.scaling.laws import law_named
    from selfplay.scaling.points import input_logs, points_of
    from selfplay.scaling.profile import profile

    law = law_named(arguments.law)
    columns = parse_columns(",".join(arguments.columns))
    points = points_of(read_frame(arguments.data, columns, arguments.where), law, arguments.cluster)
    if arguments.objective_at is not None:
        given = parse_values([arguments.objective_at], "--objective-at")
        print(f"objective {objective_at(law, points, given, arguments.loss, arguments.delta):.9g}")
        return
    fixed = parse_values(arguments.fix, "--fix")
    fit = fit_law(law, points, loss=arguments.loss, delta=arguments.delta, fixed=fixed, seed=arguments.seed)
    draws = bootstrap(fit, arguments.bootstrap, arguments.seed) if arguments.bootstrap else None
    errors, intervals = spread(fit, draws) if draws is not None else ({}, {})
    profiles = {name: profile(fit, name) for name in arguments.profile}
    predicted = []
    notes: list[str] = []
    if arguments.predict:
        table = input_logs(read_frame(arguments.predict, columns), law, notes)
        predicted = forecasts(fit, table, draws, arguments.seed)
    warnings = [*fit.warnings, *notes, *_doubts(fit, draws is not None, profiles, predicted)]
    found = as_json(fit, errors, intervals, profiles, influence(fit), predicted, warnings)
    print("\n".join(_lines(found)))
    if arguments.json:
        _write(arguments.json, found)
    if arguments.figures:
        from selfplay.report.fit_figures import write_fit_figures

        print("\n".join(f"{path}: written" for path in write_fit_figures(fit, arguments.figures)))


def _write(path: Path, found: object) -> None:
    from selfplay.files import replacing

    with replacing(path) as temporary:
        temporary.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
    print(f"{path}: written")


def _compare(arguments: argparse.Namespace) -> None:
    from selfplay.scaling.frame import parse_columns, read_frame
    from selfplay.scaling.laws import LAWS as ALL
    from selfplay.scaling.selection import compare_laws

    try:
        ratios = [float(part) for part in arguments.ratios.split(",")]
    except ValueError:
        raise ValueError(f"--ratios {arguments.ratios!r}: expected numbers, such as 2,4,8") from None
    names = [part.strip() for part in arguments.laws.split(",") if part.strip()] or list(ALL)
    frame = read_frame(arguments.data, parse_columns(",".join(arguments.columns)), arguments.where)
    found = compare_laws(
        frame, names, loss=arguments.loss, delta=arguments.delta, ratios=ratios, seed=arguments.seed
    )  # fmt: skip
    print("\n".join(_comparison(found, ratios)))
    if arguments.json:
        _write(arguments.json, [asdict(one) for one in found])


def _comparison(found: Sequence[Candidate], ratios: Sequence[float]) -> Iterator[str]:
    """Laws side by side, for a reader."""
    best = min((one.aicc for one in found if one.aicc is not None), default=0.0)
    yield f"{'law':<22}{'AICc':>10}{'behind':>9}{'rms':>8}" + "".join(f"{f'{ratio:g}x ahead':>22}" for ratio in ratios)
    for one in found:
        cells = [f"{one.aicc:.1f}", f"{one.aicc - best:.1f}", f"{one.rms:.2%}"] if one.aicc and one.rms else [""] * 3
        ahead = ["-" if at.rms is None or at.bias is None else f"{at.rms:.2%} ({at.bias:+.2%})" for at in one.holdouts]
        yield f"{one.name:<22}{cells[0]:>10}{cells[1]:>9}{cells[2]:>8}{''.join(f'{at:>22}' for at in ahead)}".rstrip()
    sizes = [f"{at.ratio:g}x: {at.n_fitted} runs fitted, {at.n_foretold} foretold" for at in found[-1].holdouts]
    yield (
        f"ahead: rms error of larger runs foretold from smaller ones, their mean error in brackets. {'; '.join(sizes)}"
    )
    for one in found:
        reasons = [one.reason, *(f"{at.ratio:g}x ahead: {at.reason}" for at in one.holdouts if at.reason)]
        for why in dict.fromkeys(filter(None, reasons)):
            yield f"{one.name}: {why}"


def _doubts(
    fit: Fit, resampled: bool, profiles: Mapping[str, tuple[float | None, float | None]], predicted: Sequence[Forecast]
) -> Iterator[str]:
    """What a reader should know before believing intervals and predictions."""
    from selfplay.scaling.bootstrap import MIN_UNITS

    if resampled and fit.points.n_clusters < MIN_UNITS:
        yield (
            f"{fit.points.n_clusters} independent units, too few for percentile intervals (they need {MIN_UNITS}):"
            " none are given; see --profile"
        )
    for name, ends in profiles.items():
        for side, end in zip(("lower", "upper"), ends, strict=True):
            if end is None:
                yield f"{name} has no {side} bound: the runs do not rule out any value on that side"
    for i, name in enumerate(fit.law.names):
        if name in ("R_D", "R_N") and name not in profiles and fit.where.free[i]:
            yield f"{name} comes without its profile interval, and is often barely identified: add --profile {name}"
    far = sum(one.flagged for one in predicted)
    if far:
        yield f"{far} of {len(predicted)} predictions lie over a decade past the fitted range: flagged"
    if predicted and not resampled:
        yield "predictions have no interval without --bootstrap"


def as_json(
    fit: Fit,
    errors: dict[str, float],
    intervals: dict[str, tuple[float, float]],
    profiles: dict[str, tuple[float | None, float | None]],
    influences: Sequence[Influence],
    predicted: Sequence[Forecast],
    warnings: Sequence[str],
) -> dict[str, Any]:
    """The result under its public names."""
    residual = fit.residuals
    aicc = fit.aicc
    return {
        "law": fit.law.name,
        "loss": fit.loss,
        "delta": fit.delta if math.isfinite(fit.delta) else None,
        "n_rows": len(fit.points),
        "params": fit.params,
        "objective": fit.objective,
        "starts": fit.n_starts,
        "starts_agreeing": fit.n_agreeing,
        "se": errors,
        "ci": {name: list(ends) for name, ends in intervals.items()},
        "profile": {name: list(ends) for name, ends in profiles.items()},
        "residual_mean": float(residual.mean()),
        "residual_rms": float((residual**2).mean() ** 0.5),
        "aicc": aicc if math.isfinite(aicc) else None,
        "influence": [asdict(one) for one in influences],
        "predictions": [
            {
                **{name: one.inputs.get(name) for name in ("N", "D", "U")},
                **({"C": one.inputs["C"]} if "C" in one.inputs else {}),
                "loss": one.loss,
                "low": one.low,
                "high": one.high,
                "log10_extrapolation": one.log10_extrapolation,
                "flagged": one.flagged,
            }
            for one in predicted
        ],
        "warnings": list(warnings),
    }


def _lines(found: dict[str, Any]) -> list[str]:
    """The result for a reader."""
    lines = [
        f"{found['law']} on {found['n_rows']} runs, {found['loss']}: objective {found['objective']:.6g},"
        f" {found['starts_agreeing']} polished starts agree, residuals {100 * found['residual_rms']:.2g}% rms",
        f"{'':<8}{'value':>12}{'se':>11}  {'95% interval':<24}{'profile':<24}moved most by leaving out row",
    ]
    for name, value in found["params"].items():
        error = f"{found['se'][name]:.3g}" if name in found["se"] else ""
        moved = [f"{one['row']} ({one['shift']:+.2g})" for one in found["influence"] if one["param"] == name]
        lines.append(
            f"{name:<8}{value:>12.5g}{error:>11}  {_span(found['ci'].get(name)):<24}"
            f"{_span(found['profile'].get(name)):<24}{', '.join(moved[:3])}".rstrip()
        )
    for one in found["predictions"]:
        at = ", ".join(f"{name} {one[name]:.3g}" for name in ("N", "D", "U", "C") if one.get(name) is not None)
        interval = "" if one["low"] is None else f" ({one['low']:.4g} to {one['high']:.4g})"
        lines.append(
            f"at {at}: loss {one['loss']:.4g}{interval}{'  FAR PAST THE FITTED RANGE' if one['flagged'] else ''}"
        )
    return [*lines, *(f"warning: {warning}" for warning in found["warnings"])]


def _span(ends: Sequence[float | None] | None) -> str:
    if ends is None:
        return ""
    low, high = ("unbounded" if end is None else f"{end:.4g}" for end in ends)
    return f"{low} to {high}"
