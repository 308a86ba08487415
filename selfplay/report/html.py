"""One self-contained `report.html` per study, and its figures as files beside it."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from selfplay.config import ArmConfig, StudyConfig
from selfplay.config.learner import RewardConfig
from selfplay.files import replacing
from selfplay.model.flops import idle_parameters
from selfplay.report.board import write_images
from selfplay.report.evidence import Evidence, read_evidence
from selfplay.report.figures import Plate, draw_all
from selfplay.report.fit_figures import study_fit_plate
from selfplay.report.monitors import alarms_of
from selfplay.report.samples import KINDS, Sample, choose_samples
from selfplay.report.style import looks
from selfplay.report.tables import comparison_table, prediction_table, run_table, seed_table
from selfplay.report.verdict import in_words, read_study
from selfplay.report.verdict_figures import verdict_plates
from selfplay.scaling.contract import as_json
from selfplay.scaling.fit import Fit
from selfplay.scaling.metrics import Comparison, Unmatched, compare, shared_budgets
from selfplay.scaling.reading import Reading
from selfplay.scaling.rows import Runs
from selfplay.study.prediction import fit_arm, scores


def make_report(study_dir: Path) -> Path:
    """Write `figures/`, `verdict.json`, TensorBoard images and `report.html` of a study.

    Args:
        study_dir: Folder with `study.yaml` and at least one finished run.

    Returns:
        The page.

    Raises:
        ValueError: There is no study in the folder, no run has finished, or a file is damaged.
    """
    evidence = read_evidence(study_dir)
    samples = choose_samples(evidence)
    comparisons, refused = compare_arms(evidence)
    reading = read_study(evidence)
    plates = [*draw_all(evidence, comparisons), *verdict_plates(reading, Runs(evidence.results)), _fits(evidence)]
    for plate in plates:
        for ending, data in (("png", plate.png), ("svg", plate.svg)):
            path = study_dir / "figures" / f"{plate.name}.{ending}"
            if data:
                _write(path, data)
            else:
                path.unlink(missing_ok=True)  # one drawn before more runs came in would contradict the page
    page = render(evidence, reading, comparisons, refused, plates, samples)
    _write(study_dir / "report.html", page.encode())
    _write(study_dir / "verdict.json", (json.dumps(as_json(reading), indent=1, allow_nan=False) + "\n").encode())
    write_images(plates, study_dir)
    return study_dir / "report.html"


def _fits(evidence: Evidence) -> Plate:
    """Every arm's power law, of those that have the budgets for one."""
    fits: dict[str, Fit] = {}
    refused: dict[str, str] = {}
    for arm in evidence.config.arms:
        try:
            fits[arm.name] = fit_arm([row for row in evidence.results if row.arm == arm.name])
        except ValueError as error:
            refused[arm.name] = str(error)
    return study_fit_plate(fits, {arm: look.color for arm, look in looks(evidence.config).items()}, refused)


def compare_arms(evidence: Evidence) -> tuple[list[Comparison], list[str]]:
    """Every other arm against the baseline at the budgets they share, and why some could not be compared."""
    config, found, refused = evidence.config, [], []
    for arm in config.arms:
        if arm.name in (config.baseline, config.fresh):
            continue
        for budget in shared_budgets(evidence.results, arm.name, config.baseline):
            try:
                found.append(
                    compare(evidence.results, arm.name, budget, baseline=config.baseline, fresh=config.fresh or "")
                )
            except Unmatched as error:
                refused.append(f"{arm.name} at {budget:,} tokens: {error}")
    return found, refused


def render(
    evidence: Evidence,
    reading: Reading,
    comparisons: Sequence[Comparison],
    refused: Sequence[str],
    plates: Sequence[Plate],
    samples: Sequence[Sample],
) -> str:
    """The page as HTML. All text from configurations and models is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = files("selfplay.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    config, level, words = evidence.config, reading.decision.level, in_words(reading, evidence)
    return environment.from_string(source).render(
        config=config,
        arms=[(arm.name, recipe(arm), looks(config)[arm.name].color, _role(arm.name, config)) for arm in config.arms],
        envs=[task.env.name for task in config.data.tasks],
        n_parameters=evidence.results[0].N,
        n_idle=idle_parameters(config.model),
        limit_tokens=evidence.real_limit_tokens(),
        missing=evidence.missing,
        n_cells=evidence.n_cells,
        alarms=alarms_of(evidence),
        level=level,
        margin=math.exp(level.margin),
        slope=reading.decision.slope.value,
        words=words,
        comparison=comparison_table(comparisons),
        by_seed=seed_table(comparisons),
        refused=refused,
        runs=run_table(evidence),
        predictions=prediction_table(scores(evidence.study_dir, config)),
        plates=[(plate, _data_uri(plate)) for plate in plates],
        samples=samples,
        sample_arms=list(dict.fromkeys(sample.arm for sample in samples)),
        sample_rounds=sorted({sample.round for sample in samples}),
        kinds=[kind for kind in KINDS if any(sample.kind == kind for sample in samples)],
        colors={arm: look.color for arm, look in looks(config).items()},
        config_text=(evidence.study_dir / "study.yaml").read_text(),
    )


def _write(path: Path, data: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def _data_uri(plate: Plate) -> str:
    """An image, not inline SVG: its ids and styles then cannot meet those of other figures or of the page."""
    return f"data:image/svg+xml;base64,{base64.b64encode(plate.svg).decode()}" if plate.svg else ""


def recipe(arm: ArmConfig) -> str:
    """What an arm learns from, in words."""
    real = {"pool": "the real pool, repeated", "fresh": "real tasks, never the same twice"}[arm.real]
    if arm.n_members > 1:
        real = f"an average of {arm.n_members} models, each at its share of the budget; {real}"
    if arm.learner.kind == "distill":
        n_teachers = arm.learner.n_teachers
        teacher = "the model as self-play began" if n_teachers == 1 else f"an average of {n_teachers} models"
        real = f"{real}, with the probabilities of {teacher}"
    if arm.proposer == "none":
        return real
    writer = {
        "model": "tasks the model writes",
        "solution": "tasks computed from solutions the model writes",
        "env": "tasks the env writes",
    }[arm.proposer]
    solver = {"model": "answered by the model", "posed": "with the solution they were posed from"}[arm.solver]
    judge = {
        "exact": "kept if the exact verifier accepts",
        "accept-all": "kept unchecked",
        "noisy": f"kept by a judge that accepts {arm.judge.true_accept_rate:.0%} of right and"
        f" {arm.judge.false_accept_rate:.0%} of wrong answers",
        "majority": "kept if most attempts at the task agree",
        "model": "kept if the model itself accepts",
    }[arm.judge.kind]
    if arm.jury:
        judge = f"kept by the vote of {len(arm.judges)} judges"
    learner = {
        "likelihood": "",
        "policy": ", learnt from by policy gradient",
        "preference": ", learnt from by preference",
        "distill": ", learnt from by distillation",
    }[arm.learner.kind]
    reward = "" if arm.reward == RewardConfig() else f", tasks weighted by {arm.reward.kind}"
    return f"{real}, and {writer}, {solver}, {judge}{learner}{reward}"


def _role(name: str, config: StudyConfig) -> str:
    roles = {config.fresh: "yardstick", config.baseline: "baseline", config.primary: "primary"}
    return roles.get(name, "")
