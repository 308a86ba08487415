import importlib.util
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from envs.core import Env, Solved
from envs.corpus.jsonl import Jsonl
from envs.math.arithmetic import Arithmetic
from envs.math.linear import Linear
from selfplay.config import JudgeConfig, RunConfig, TaskConfig
from selfplay.configfile import load_config, to_yaml
from selfplay.measure.audit import Audit, load_audit, load_builtin, run_audit
from selfplay.measure.cases import Origin
from selfplay.measure.config import AuditConfig, FuzzConfig, GateConfig
from selfplay.measure.draw import draw_cases, reference_of
from selfplay.measure.fuzz import fuzz
from selfplay.play.run import run_arm
from selfplay.report.audit import as_json
from tests.selfplay.measure.conftest import VERIFIERS, Run, small

CONFIGS = sorted((Path(__file__).parents[3] / "configs" / "audit").glob("*.yaml"))


def failed(audit: Audit) -> set[str]:
    return {condition.name.split(":")[0].split(",")[0] for condition in audit.gate if not condition.passed}


def kinds(audit: Audit) -> set[str]:
    """Hostile kinds with a false accept."""
    return {c.shape for c in audit.clusters if c.error == "false accept" and c.origin == Origin.HOSTILE}


def test_our_own_verifier_passes(audited: Run):
    audit = audited()
    assert audit.passed, audit.gate
    assert audit.reference == "independent"
    assert (audit.confusion.tpr.value, audit.confusion.fpr.value) == (1.0, 0.0)
    assert audit.n_executed == 0
    assert audit.n_injected > 10
    assert {s.origin for s in audit.strata} == {*map(str, Origin)} - {Origin.SAMPLE}
    assert all(r.n and not r.n_broken for r in audit.relations)


def test_an_audit_repeats(audited: Run):
    first, second = as_json(audited()), as_json(audited(workers=2))
    for stratum in [*first["strata"], *second["strata"]]:
        stratum["p50_ms"] = stratum["p99_ms"] = 0
    for plain in (first, second):
        plain["config"]["workers"] = 1
    assert first == second


def test_a_verifier_that_accepts_all(audited: Run):
    audit = audited(verifier="accept-all")
    assert failed(audit) == {"wrong answers accepted", "hostile texts accepted"}
    assert audit.filtering[0].purity == pytest.approx(audit.filtering[0].base_rate)


def test_the_noisy_judge_has_the_rates_it_is_set_to(audited: Run):
    judge = JudgeConfig("noisy", 0.85, 0.2)
    settings = {"verifier": "noisy", "judge": judge, "n_right": 200, "n_wrong": 200, "hostile": False}
    audits = [audited(**settings, n_relation=0, n_repeated=0, seed=seed) for seed in range(20)]
    for which in (0, 1):  # a 95% interval misses one time in 20
        controls = [audit.noise[which] for audit in audits]
        assert all(control.measured.n == 400 for control in controls)
        assert sum(control.inside for control in controls) >= 17
        assert sum(replace(control, set_to=control.set_to - 0.1).inside for control in controls) <= 2


def test_the_noisy_judge_errs_anew_each_time(audited: Run):
    audit = audited(verifier="noisy", judge=JudgeConfig("noisy", 0.8, 0.2))
    assert "verdicts that change in a fresh process" in failed(audit)
    assert abs(audit.repeats.phi) < 0.3
    assert audit.repeats.systematic.value < 0.6


def test_every_planted_fault_is_found():
    config = load_config(AuditConfig, next(str(path) for path in CONFIGS if path.stem == "broken"))
    audit = run_audit(replace(config, n_right=100, n_wrong=150, n_relation=20, n_hostile=1, limit_s=0.2, workers=2))
    assert {"empty", "gold as a prefix", "hedge", "close"} <= kinds(audit)
    rewrites, hostile = (s for s in audit.strata if s.origin in (Origin.REWRITE, Origin.HOSTILE))
    assert rewrites.confusion.tpr.high < 0.9  # rejects 14/2 for 7
    assert audit.n_executed  # runs text
    assert audit.repeats.n_flipped  # by hash seed
    assert hostile.faults["crash"]
    assert hostile.faults["timeout"]
    assert len(failed(audit)) >= 5


@pytest.mark.parametrize("name", ["raises", "returns_text", "too_high"])
def test_exceptions_are_undecided_and_never_wrong(audited: Run, name: str):
    audit = audited(verifier=f"{VERIFIERS}:{name}")
    assert (audit.confusion.fpr.n, audit.confusion.tpr.n) == (0, 0)
    assert all(s.faults["error"] == s.n for s in audit.strata)
    assert "answers without a verdict" in failed(audit)


def test_time_outs_are_counted_apart(audited: Run):
    audit = audited(verifier=f"{VERIFIERS}:hangs", limit_s=0.05, n_right=10, n_wrong=10, n_relation=0, n_repeated=0,
                    hostile=False)  # fmt: skip
    n = sum(s.faults["timeout"] for s in audit.strata)
    assert 0 < n < sum(s.n for s in audit.strata)
    assert audit.confusion.fpr.value == 0


def test_scores_are_ranked(audited: Run):
    audit = audited(verifier=f"{VERIFIERS}:score", hostile=False)
    assert audit.passed, audit.gate
    assert audit.ranking.auroc == 1.0
    strict = audited(verifier=f"{VERIFIERS}:score", hostile=False, threshold=0.95)
    assert strict.confusion.tpr.value == 0


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("exact", set()),
        ("never", {"reflexive"}),
        ("only_short", {"rewriting", "symmetric"}),
        ("nearly", {"transitive"}),
    ],
)
def test_contradictions_are_found(audited: Run, name: str, broken: set[str]):
    audit = audited(verifier=f"{VERIFIERS}:{name}", hostile=False)
    assert {relation.name for relation in audit.relations if relation.n_broken} >= broken
    assert ("contradictions" in failed(audit)) is bool(broken)
    assert all(relation.examples for relation in audit.relations if relation.n_broken)


def test_too_few_cases_do_not_pass(audited: Run):
    audit = audited(gate=GateConfig(max_false_accept_rate=0.001))
    (condition,) = (c for c in audit.gate if c.name.startswith("wrong"))
    assert not condition.passed
    assert "too few to show it: 0 in n bounds a rate by 3/n, needs 2,995" in condition.found


class Mislabelled(Linear):
    """An env whose near misses are right."""

    def near_miss(self, solved: Solved, rng) -> str:
        return solved.answer


def test_labels_that_are_wrong_are_in_dispute(audited: Run):
    audit = audited(tasks=[TaskConfig(Mislabelled())], verifier=f"{VERIFIERS}:exact", hostile=False)
    assert len(audit.disputed) == 100
    assert failed(audit) >= {"labels in dispute"}


def test_an_env_never_labels_its_own_trial():
    env: dict[str, Env] = {"math/linear": Linear()}
    assert reference_of(small(), env, env_on_trial=True)[0] == "independent"
    assert reference_of(small(), env, env_on_trial=False)[0] == "env"
    with pytest.raises(ValueError, match="reference = env"):
        reference_of(small(reference="env"), env, env_on_trial=True)


def test_swapped_answers_of_a_corpus_need_a_reference(tmp_path: Path):
    """Two rows of a file may have one answer in two spellings."""
    (tmp_path / "t.jsonl").write_text('{"prompt": "a", "answer": "1/2"}\n{"prompt": "b", "answer": "2/4"}\n')
    corpus = Jsonl(str(tmp_path / "t.jsonl"))
    config = small(tasks=[TaskConfig(corpus)], hostile=False, verifier="accept-all")
    drawn = draw_cases(config, reference_of(config, {corpus.name: corpus}, env_on_trial=False), tmp_path)
    swaps = [case for case in drawn.cases if case.origin is Origin.OTHER]
    assert swaps
    assert all(case.right and case.labelled_by == "env" for case in swaps)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from selfplay.config import ArmConfig, DataConfig, ModelConfig, OptimConfig, PlayConfig

    folder = tmp_path_factory.mktemp("run") / "run"
    task = TaskConfig(Arithmetic(operations="+", max_digits=2), levels=[1, 2])
    config = RunConfig(
        DataConfig([task], n_real=60, n_validation=10, n_heldout=10, n_accuracy=5),
        ArmConfig("unverified", proposer="model", judge=JudgeConfig("accept-all")),
        budget_tokens=15_000,
        model=ModelConfig(d_model=32, n_layer=2, n_head=2, n_kv_head=1, head_dim=16, d_ff=64, context_length=12),
        optim=OptimConfig(lr=1e-2, warmup_tokens=500, batch_size=16, ema_decay=0.8),
        play=PlayConfig(round_tokens=3_000, start_tokens=6_000, n_proposals=100, n_attempts=4),
    )
    run_arm(config, folder)
    for path in (folder / "attempts").glob("*.parquet"):
        rows = pq.read_table(path).to_pylist()
        for row in rows[::6]:  # so short a run gets nothing right by itself
            if row["detail"] != "no end":
                row["answer"], row["truth"] = str(sum(map(int, row["prompt"].split("+")))), "correct"
        pq.write_table(pa.Table.from_pylist(rows), path)
    return folder


def test_a_run_judges_itself(run_folder: Path):
    config = load_audit(None, ["--n_right", "40", "--n_wrong", "80", "--n_hostile", "1"], str(run_folder))
    audit = run_audit(config)
    rounds = [s.origin for s in audit.strata if s.is_sample]
    assert rounds
    assert all(origin.startswith("model sample, round ") for origin in rounds)
    assert audit.ranking is not None
    assert audit.ranking.n_tasks > 0
    assert 0 < audit.ranking.pass_at_1 == audit.filtering[0].base_rate < 1
    assert audit.filtering_from.startswith("model samples")
    assert 0 < audit.threshold < 1
    assert audit.repeats.n_flipped == 0
    assert all(drift.gap > 0 for drift in audit.drift)  # its judge accepted all
    assert audit.reference == "env"


def test_a_verifier_on_a_runs_samples(run_folder: Path, audited: Run):
    tasks = load_audit(None, [], str(run_folder)).tasks
    audit = audited(run=str(run_folder), tasks=tasks, verifier=f"{VERIFIERS}:exact", hostile=False)
    samples = [s for s in audit.strata if s.is_sample]
    assert samples
    assert all(s.confusion.fpr.value == 0 for s in samples if s.confusion.fpr.n)
    assert audit.n_unlabelled  # no gold is known of the tasks that the model never solved


def test_fuzzing_finds_and_shrinks():
    broken = small(verifier="examples.verifiers.broken:check", fuzz=FuzzConfig(n_examples=60, seconds=20))
    accept, reject = fuzz(broken)
    assert accept.found
    assert reject.found
    assert len(accept.answer) <= 12, accept
    again, _ = fuzz(broken)
    assert (again.prompt, again.answer) == (accept.prompt, accept.answer)
    ours = fuzz(small(fuzz=FuzzConfig(n_examples=100, seconds=20)))
    assert [search.found for search in ours] == [False, False]
    assert all(search.n_tried > 20 for search in ours)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_is_read(path: Path):
    config = load_audit(str(path), [], None)
    assert config.tasks
    assert "verifier" in to_yaml(config)


def test_the_builtin_audit_is_the_documented_one():
    (ours,) = (path for path in CONFIGS if path.stem == "ours")
    assert load_builtin() == load_config(AuditConfig, str(ours))


@pytest.mark.parametrize(
    ("module", "package", "name", "extra", "shapes"),
    [
        ("latex", "math_verify", "check", "latex", {"code", "gold as a prefix"}),
        ("reasoning_gym_scorers", "reasoning_gym", "integration", "rg", {"echo", "code"}),
        ("reasoning_gym_scorers", "reasoning_gym", "halting", "rg", {"empty", "hedge", "echo"}),
    ],
)
def test_verifiers_of_others(audited: Run, module: str, package: str, name: str, extra: str, shapes: set[str]):
    verifier = f"examples.verifiers.{module}:{name}"
    integrals = load_audit(None, ["--verifier", "env"], None).tasks[3]
    tasks = [integrals] if name == "integration" else [TaskConfig(Linear())]
    settings = {"n_right": 20, "n_wrong": 20, "n_relation": 2, "n_repeated": 0, "n_hostile": 1, "limit_s": 0.3}
    if importlib.util.find_spec(package) is None:
        with pytest.raises(ValueError, match=rf"selfplay-testbed\[{extra}\]"):
            audited(verifier=verifier, tasks=tasks, **settings)
    else:
        audit = audited(verifier=verifier, tasks=tasks, **settings)
        assert kinds(audit) & shapes
        assert "hostile texts accepted" in failed(audit)
