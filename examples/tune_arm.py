"""Tunes one arm of a study over dropout and weight decay. Every arm of a claim deserves the same sweep.

    python examples/tune_arm.py configs/quickstart.yaml --arm real --out runs/tune-real

Prints the early-stopped validation loss of each setting, mean over the seeds, at the study's largest budget.
Settings are compared on validation tasks; held-out loss is shown beside them and chooses nothing.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from itertools import product
from pathlib import Path

from selfplay.config import StudyConfig
from selfplay.configfile import load_config
from selfplay.records import RunResult
from selfplay.report.evidence import read_rounds
from selfplay.study.engine import run_study
from selfplay.study.table import RunKey


def main() -> None:
    """Run the sweep and print a table, best setting first."""
    arguments = _arguments()
    config = load_config(StudyConfig, arguments.config)
    tuned = next((arm for arm in config.arms if arm.name == arguments.arm), None)
    if tuned is None:
        raise SystemExit(f"--arm {arguments.arm}: {arguments.config} has {', '.join(arm.name for arm in config.arms)}")
    budget = max(config.budgets_tokens)
    arms = [
        replace(
            tuned, name=f"dropout{dropout}-decay{decay}", dropout=dropout, weight_decay=decay, budgets_tokens=[budget]
        )
        for dropout, decay in product(arguments.dropouts, arguments.weight_decays)
    ]
    first = arms[0].name
    sweep = replace(
        config, arms=arms, primary=first, baseline=first, fresh=first, seeds=arguments.seeds,
        budgets_tokens=[budget],
    )  # fmt: skip
    results = run_study(sweep, arguments.out)
    rows = []
    for arm in arms:
        runs = [result for result in results if result.arm == arm.name]
        validation = [_validation(arguments.out, result) for result in runs]
        rows.append((sum(validation) / len(runs), sum(run.loss for run in runs) / len(runs), arm))
    print("dropout  weight decay  validation  held-out   (nats per answer token, early-stopped)")
    for validation_loss, heldout_loss, arm in sorted(rows, key=lambda row: row[0]):
        print(f"{arm.dropout:7}  {arm.weight_decay:12}  {validation_loss:10.3f}  {heldout_loss:8.3f}")


def _validation(out: Path, result: RunResult) -> float:
    folder = RunKey(result.arm, result.budget, result.seed).folder(out)
    return min(report.validation.answer_nats_per_token for report in read_rounds(folder / "rounds.jsonl", result))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", default="configs/quickstart.yaml")
    parser.add_argument("--arm", default="real")
    parser.add_argument("--out", type=Path, default=Path("runs/tune"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[100, 101])
    parser.add_argument("--dropouts", type=float, nargs="+", default=[0.0, 0.1, 0.2, 0.3])
    parser.add_argument("--weight-decays", type=float, nargs="+", default=[0.1, 1.0, 3.0])
    return parser.parse_args()


if __name__ == "__main__":
    main()
