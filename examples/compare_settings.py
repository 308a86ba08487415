"""The settings of a study beside each other: early-stopped validation loss, and what the runs spent.

    python examples/compare_settings.py runs/methods-tuning

Settings are chosen by validation loss; held-out loss is shown beside it and chooses nothing. Each figure is the mean
over the seeds that have finished at the arm's largest budget.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

from selfplay.report.evidence import read_rounds
from selfplay.study.table import RunKey, read_table


def main() -> None:
    """Print one line an arm, best first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path, help="folder of a study")
    parser.add_argument("--budget", type=int, default=None, help="the largest of all where absent")
    arguments = parser.parse_args()
    results = read_table(arguments.study / "table.parquet")
    budget = arguments.budget or max(result.budget for result in results)
    rows = []
    for arm in dict.fromkeys(result.arm for result in results):
        runs = [result for result in results if (result.arm, result.budget) == (arm, budget)]
        if not runs:
            continue
        reports = [
            read_rounds(RunKey(run.arm, run.budget, run.seed).folder(arguments.study) / "rounds.jsonl", run)
            for run in runs
        ]
        validation = mean(min(report.validation.answer_nats_per_token for report in rounds) for rounds in reports)
        flops = mean(run.flops_train + run.flops_generate + run.flops_verify for run in runs)
        figures = (mean(run.loss for run in runs), mean(run.accuracy for run in runs))
        rows.append((validation, *figures, mean(run.D_syn / run.D for run in runs), flops, len(runs), arm))
    print(f"at {budget:,} tokens\nvalidation  held-out  accuracy  synthetic  GFLOPs  seeds  arm")
    for validation, loss, accuracy, synthetic, flops, n_seeds, arm in sorted(rows):
        print(f"{validation:10.3f}{loss:10.3f}{accuracy:10.2f}{synthetic:11.2f}{flops / 1e9:8.0f}{n_seeds:7}  {arm}")


if __name__ == "__main__":
    main()
