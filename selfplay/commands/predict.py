"""`selfplay predict` and `selfplay score-prediction`: what is expected of a run, before it exists and after."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from selfplay.config import StudyConfig

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add(commands: Commands) -> None:
    """Add both commands to the parser; what they need is imported when they run."""
    text = "Write down what loss a run of a study will have, before it is run."
    predict = commands.add_parser("predict", help=text, description=text, allow_abbrev=False)
    predict.set_defaults(command=_predict)
    predict.add_argument("study", type=Path, metavar="STUDY", help="folder of a study with smaller runs finished")
    predict.add_argument("--cell", required=True, action="append", metavar="ARM/BUDGET/seedN", help="may be repeated")
    text = "Set the predictions of a study beside its runs."
    score = commands.add_parser("score-prediction", help=text, description=text, allow_abbrev=False)
    score.set_defaults(command=_score)
    score.add_argument("study", type=Path, metavar="STUDY", help="folder of the study")
    score.add_argument("--json", type=Path, metavar="OUT", help="also write the scores as JSON")


def _config(study: Path) -> StudyConfig:
    from selfplay.config import StudyConfig
    from selfplay.configfile import load_config

    if not (study / "study.yaml").is_file():
        raise ValueError(f"{study}: no study here (study.yaml is missing); give its --out folder")
    return load_config(StudyConfig, study / "study.yaml")


def _predict(arguments: argparse.Namespace) -> None:
    from selfplay.files import locked
    from selfplay.study.prediction import parse_cell, predict

    config = _config(arguments.study)
    keys = [parse_cell(text, config) for text in arguments.cell]
    with locked(arguments.study):
        for key in keys:
            path = predict(arguments.study, config, key)
            record = json.loads(path.read_text())
            far = ", over a decade past the runs: flagged" if record["flagged"] else ""
            print(
                f"{key.arm} at {key.budget:,} tokens, seed {key.seed}: loss {record['loss']:.4g}"
                f" ({record['low']:.4g} to {record['high']:.4g}), at {record['ratio']:.3g} times the largest of"
                f" {len(record['runs'])} runs{far}\n{path}: written, sha256 {record['sha256'][:16]}"
            )


def _score(arguments: argparse.Namespace) -> None:
    from selfplay.study.prediction import scores

    found = scores(arguments.study, _config(arguments.study))
    if not found:
        raise ValueError(f"{arguments.study}: no predictions; make one before its run: selfplay predict")
    for one in found:
        of = one.prediction
        name = f"{of.arm}/{of.budget}/seed{of.seed}"
        doubt = f"  NOT COUNTED: {one.doubt}" if one.doubt else ""
        if one.observed is None or one.error is None:
            print(f"{name}: expected {of.loss:.4g} ({of.low:.4g} to {of.high:.4g}), not run yet{doubt}")
            continue
        others = [("last point", one.last_point_error), ("two-point power law", one.two_point_error)]
        beside = ", ".join(f"{label} {error:+.1%}" for label, error in others if error is not None)
        print(
            f"{name}: expected {of.loss:.4g} ({of.low:.4g} to {of.high:.4g}), was {one.observed:.4g}: {one.error:+.1%},"
            f" {'inside' if one.inside else 'OUTSIDE'} the interval, at {of.ratio:.3g} times the budget"
            f" ({beside}){doubt}"
        )
    counted = [one for one in found if one.error is not None and not one.doubt]
    if counted:
        inside = sum(bool(one.inside) for one in counted)
        print(f"{inside} of {len(counted)} inside their 95% interval")
    if arguments.json:
        from selfplay.files import replacing

        with replacing(arguments.json) as temporary:
            temporary.write_text(json.dumps([asdict(one) for one in found], indent=1, allow_nan=False) + "\n")
        print(f"{arguments.json}: written")
