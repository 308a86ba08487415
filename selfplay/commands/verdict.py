"""`selfplay verdict` and `selfplay power`: what a run table says, and how many seeds a study needs."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from selfplay.scaling.claim import Claim
    from selfplay.scaling.power import Plan
    from selfplay.scaling.runtable import RunTable

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add(commands: Commands) -> None:
    """Add both commands to the parser; what they need is imported when they run."""
    _add_verdict(commands)
    _add_power(commands)


def _add_verdict(commands: Commands) -> None:
    text = "Read the verdict off a run table of any study: does the arm help, and does it keep scaling?"
    verdict = commands.add_parser("verdict", help=text, description=text, allow_abbrev=False)
    verdict.set_defaults(command=run_verdict)
    verdict.add_argument("--data", required=True, type=Path, metavar="RUNS", help="CSV or Parquet, a row per run")
    verdict.add_argument("--primary", required=True, metavar="ARM", help="the arm the verdict is about")
    verdict.add_argument("--baseline", default="real", metavar="ARM", help="real data repeated (default real)")
    verdict.add_argument("--fresh", default="fresh", metavar="ARM", help="unlimited real data (default fresh)")
    _add_rule(verdict)
    verdict.add_argument("--w-min", type=float, default=0.25, metavar="W", help="least wall-passing ratio (0.25)")
    verdict.add_argument("--match", choices=("tokens", "flops"), default="tokens", help="what is equal (tokens)")
    verdict.add_argument("--looks", action="store_true", help="seeds may be added: looks at 4, 8 and 12, 0.0167 each")
    verdict.add_argument(
        "--slope-budgets", default="", metavar="D,D,D", help="budgets past the wall (default: by rule)"
    )
    verdict.add_argument(
        "--aa", default="", metavar="ARM", help="the baseline once more: a control that must not say YES"
    )
    verdict.add_argument(
        "--unverified", metavar="ARM", help="control whose data nothing checked (unverified, if there)"
    )
    verdict.add_argument("--columns", default="", metavar="D=tokens,...", help="columns that are called otherwise")
    verdict.add_argument(
        "--where", default="", metavar="EXPR", help="only rows such as \"N == 1e6 and task != 'sort'\""
    )
    verdict.add_argument("--json", type=Path, metavar="OUT", help="also write the verdict as JSON")
    verdict.add_argument("--figures", type=Path, metavar="DIR", help="also draw it: SVG and PNG")


def _add_rule(command: argparse.ArgumentParser) -> None:
    command.add_argument("--margin", type=float, default=1.10, metavar="M", help="least multiplier that helps (1.10)")
    command.add_argument("--alpha", type=float, default=0.05, metavar="A", help="one-sided level per claim (0.05)")


def _add_power(commands: Commands) -> None:
    text = "Seeds needed for a clean NO where there is no effect, and for a YES where there is one."
    power = commands.add_parser("power", help=text, description=text, allow_abbrev=False)
    power.set_defaults(command=run_power)
    power.add_argument(
        "--noise", type=float, required=True, metavar="S", help="deviation of a run's loss, as a part of it"
    )
    _add_rule(power)
    power.add_argument("--effect", type=float, default=1.5, metavar="EDM", help="multiplier to be found (default 1.5)")
    power.add_argument("--power", type=float, default=0.8, metavar="P", help="chance of the answer (default 0.8)")
    power.add_argument(
        "--elasticity", type=float, default=0.09, metavar="E",
        help="part of the loss that an e-fold of fresh data takes off (default 0.09)",
    )  # fmt: skip
    power.add_argument("--looks", action="store_true", help="looks at 4, 8 and 12 seeds: plan for one of them")
    power.add_argument("--studies", type=int, default=400, metavar="N", help="simulated studies a try (default 400)")
    power.add_argument("--seed", type=int, default=0, metavar="N", help="of the simulation (default 0)")
    power.add_argument("--json", type=Path, metavar="OUT", help="also write it as JSON")


def run_verdict(arguments: argparse.Namespace) -> None:
    """Read a table, print its verdict."""
    from selfplay.scaling.contract import as_json
    from selfplay.scaling.frame import parse_columns, read_frame
    from selfplay.scaling.reading import read_verdict
    from selfplay.scaling.runtable import read_runs
    from selfplay.scaling.summary import lines

    claim = _claim(arguments)
    table = read_runs(read_frame(arguments.data, parse_columns(arguments.columns), arguments.where))
    claim = _complete(claim, table, arguments.unverified)
    reading = read_verdict(table.runs, table.expected(claim), claim, table.declared, table.warnings)
    for warning in reading.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print("\n".join(lines(reading)))
    if arguments.json:
        _write(arguments.json, as_json(reading))
    if arguments.figures:
        from selfplay.report.verdict_figures import write_figures

        for path in write_figures(reading, table.runs, arguments.figures):
            print(f"{path}: written")


def _claim(arguments: argparse.Namespace) -> Claim:
    from selfplay.scaling.claim import Claim

    try:
        budgets = tuple(sorted(float(part) for part in arguments.slope_budgets.split(",") if part.strip()))
    except ValueError:
        raise ValueError(f"--slope-budgets {arguments.slope_budgets}: expected tokens such as 1.6e6,3.2e6") from None
    return Claim(
        arguments.primary, arguments.baseline, arguments.fresh, margin=arguments.margin, w_min=arguments.w_min,
        alpha=arguments.alpha, match=arguments.match, looks=arguments.looks, slope_budgets=budgets, aa=arguments.aa,
    ).require_roles()  # fmt: skip


def _complete(claim: Claim, table: RunTable, unverified: str | None) -> Claim:
    """The claim with the roles that only the table can settle; refuses arms it does not have."""
    for role in ("primary", "baseline", "fresh"):
        table.require_arm(role, getattr(claim, role))
    for role, name in (("aa", claim.aa), ("unverified", unverified or "")):
        if name:
            table.require_arm(role, name)
    control = unverified or ("unverified" if "unverified" in table.arms and claim.primary != "unverified" else "")
    claim = replace(claim, unverified=control)
    return replace(claim, secondary=table.others(claim))


def run_power(arguments: argparse.Namespace) -> None:
    """Plan the seeds of a study, print the plan."""
    from selfplay.scaling.claim import LOOK_ALPHA, LOOKS, Claim
    from selfplay.scaling.power import ARM, plan
    from selfplay.scaling.simulate import Design
    from selfplay.scaling.verdict import Answer

    # each look is planned for by itself: a study of any number of seeds, read once at the level of a look
    Claim(ARM, alpha=arguments.alpha, looks=arguments.looks)
    claim = Claim(ARM, margin=arguments.margin, alpha=LOOK_ALPHA if arguments.looks else arguments.alpha)
    design = Design(noise=arguments.noise, elasticity=arguments.elasticity)
    aims = [(Answer.NO, 1.0), (Answer.YES, arguments.effect)]
    plans = [
        plan(
            answer, design, effect, claim, power=arguments.power, studies=arguments.studies, seed=arguments.seed
        )
        for answer, effect in aims
    ]  # fmt: skip
    print(
        f"loss noise {arguments.noise:.2%} of a run, margin {claim.margin:g}, one-sided alpha {claim.level_alpha:.4g}:"
        f" one seed's ln EDM deviates by {design.ln_edm_deviation():.3g}"
    )
    for aim in plans:
        print(_plan_line(aim, arguments.power, arguments.studies))
    if arguments.looks:
        print(f"looks are at {', '.join(map(str, LOOKS))} seeds and no others: plan for the next one")
    if arguments.json:
        _write(arguments.json, _plan_json(plans, arguments, design.ln_edm_deviation()))


def _plan_line(aim: Plan, power: float, studies: int) -> str:
    world = "no effect" if aim.effect == 1.0 else f"a true multiplier of {aim.effect:g}"
    what = f"{power:.0%} {aim.answer.value} under {world}"
    closed = f"closed form {aim.closed_form if aim.closed_form is not None else 'more than 1,000'}"
    if aim.seeds is None:
        return f"{what}: {closed} seeds (too many to simulate)"
    return f"{what}: {aim.seeds} seeds ({aim.rate:.0%} of {studies} simulated studies; {closed})"


def _plan_json(plans: list[Plan], arguments: argparse.Namespace, deviation: float) -> dict[str, Any]:
    no, yes = (
        {
            "effect": aim.effect,
            "seeds": aim.seeds if aim.seeds is not None else aim.closed_form,
            "simulated": aim.seeds,
            "rate": None if math.isnan(aim.rate) else aim.rate,
            "closed_form": aim.closed_form,
        }
        for aim in plans
    )
    names = ("noise", "margin", "alpha", "power", "elasticity", "studies", "seed")
    return {
        "seeds_no": no["seeds"],
        "seeds_yes": yes["seeds"],
        "no": no,
        "yes": yes,
        "ln_edm_deviation": deviation,
        **{name: getattr(arguments, name) for name in names},
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    from selfplay.files import replacing

    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
    print(f"{path}: written")
