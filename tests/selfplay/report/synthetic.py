"""A study folder without training: losses follow a power law of fresh data with a planted worth per arm."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from envs.math.arithmetic import Arithmetic
from selfplay.config import ArmConfig, DataConfig, JudgeConfig, PlayConfig, StudyConfig, TaskConfig
from selfplay.configfile import to_yaml
from selfplay.records import JudgeReport, ProposalReport, RoundReport, RunResult, Scores
from selfplay.study.table import RunKey, run_keys

U = 60_000
N = 120_000
HOSTILE = "<script>alert(1)</script>"
JUDGES = {"verified": (1.0, 0.0), "unverified": (1.0, 1.0), "noisy": (0.9, 0.3)}


def study(
    arms: Sequence[str] = ("real", "verified", "unverified", "fresh"),
    budgets: Sequence[int] = (500_000, 1_000_000, 2_000_000, 4_000_000),
    seeds: Sequence[int] = (0, 1, 2, 3),
) -> StudyConfig:
    """A study's configuration; `fresh` also runs at smaller budgets, so that it is a curve."""
    made = {
        "real": ArmConfig("real"),
        "verified": ArmConfig("verified", proposer="model"),
        "unverified": ArmConfig("unverified", proposer="model", judge=JudgeConfig("accept-all")),
        "noisy": ArmConfig("noisy", proposer="model", judge=JudgeConfig("noisy", 0.9, 0.3)),
        "fresh": ArmConfig("fresh", real="fresh", budgets_tokens=sorted({125_000, 250_000, *budgets})),
    }
    return StudyConfig(
        name="Verified self-play on arithmetic",
        data=DataConfig([TaskConfig(Arithmetic())]),
        arms=[made[arm] for arm in arms],
        budgets_tokens=list(budgets),
        seeds=list(seeds),
        play=PlayConfig(round_tokens=100_000, start_tokens=300_000),
    )


def fresh_loss(tokens: float) -> float:
    """The planted fresh curve, nats per token."""
    return 0.08 + 90.0 * tokens**-0.42


def worth(arm: str, tokens: float) -> float:
    """Fresh tokens an arm's training is worth, planted."""
    if arm == "fresh":
        return tokens
    reach = {"real": 10.0, "verified": 21.0, "unverified": 5.0, "noisy": 14.0}[arm] * U
    return U + reach * (1 - math.exp(-max(tokens - U, 0) / reach))


def write_study(
    folder: Path,
    config: StudyConfig,
    *,
    noise: float = 0.01,
    leave_out: Sequence[RunKey] = (),
    extra_tokens: Mapping[str, int] | None = None,
) -> list[RunResult]:
    """Write `study.yaml` and the cells; returns the results in table order.

    Args:
        folder: Study folder, made if needed.
        config: From `study`.
        noise: Standard deviation of ln loss over seeds.
        leave_out: Runs that have not finished.
        extra_tokens: By arm, training tokens past the budget.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.yaml").write_text(to_yaml(config))
    results = []
    for key in run_keys(config):
        if key in leave_out:
            continue
        run = key.folder(folder)
        (run / "attempts").mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng([key.seed, key.budget, sum(key.arm.encode())])
        factor = math.exp(noise * rng.standard_normal())
        rounds = _rounds(key, config, factor, rng, (extra_tokens or {}).get(key.arm, 0))
        (run / "rounds.jsonl").write_text("".join(json.dumps(_nulls(asdict(r))) + "\n" for r in rounds))
        result = _result(key, rounds)
        (run / "result.json").write_text(json.dumps(asdict(result)))
        results.append(result)
        for report in rounds:
            if report.judge.n_attempts:
                pq.write_table(_attempts(key.arm, report.round), run / "attempts" / f"{report.round:05d}.parquet")
    return results


def _rounds(key: RunKey, config: StudyConfig, factor: float, rng: np.random.Generator, extra: int) -> list[RoundReport]:
    step, play = config.play.round_tokens, config.play
    stops = [*range(step, key.budget, step), key.budget + extra]
    reports: list[RoundReport] = []
    best, real, synthetic, generate = math.inf, 0, 0, 0
    turn = 2_300_000 + 250_000 * key.seed
    for number, tokens in enumerate(stops):
        grown = tokens - (stops[number - 1] if number else 0)
        plays = key.arm in JUDGES and tokens > play.start_tokens
        synthetic += int(grown * (1 - play.real_fraction)) if plays else 0
        real = tokens - synthetic
        generate += 2 * N * 400_000 * plays
        undecayed = 1 + 0.25 * min(1.0, (key.budget + extra - tokens) / (0.2 * key.budget))
        overfit = 1 + 0.9 * max(0.0, math.log(tokens / turn)) if key.arm == "real" else 1.0
        loss = fresh_loss(worth(key.arm, tokens)) * factor * undecayed * overfit
        loss *= math.exp(0.006 * rng.standard_normal())
        if number == len(stops) - 1:
            loss = fresh_loss(worth(key.arm, key.budget)) * factor * overfit
        scores = Scores(loss, loss * 2.1, loss * 1.7, math.exp(-1.6 * loss))
        reports.append(
            RoundReport(
                round=number, round_tokens=grown, train_tokens=tokens, real_tokens=real, synthetic_tokens=synthetic,
                train_flops=6 * N * tokens, generate_flops=generate, verify_flops=0, step=tokens // 2_000, lr=3e-3,
                n_proposed=1_500 * plays, n_malformed_tasks=130 * plays, n_repeated_tasks=90 * plays, n_heldout_tasks=2,
                n_tasks=1_200 * plays, n_stored=900 * number * plays, max_draws=3, train_nats_per_token=loss * 0.9,
                judge=_judge(key.arm, tokens / 4e6, plays, rng), heldout=scores, validation=scores,
                is_best=loss < best,
                seconds={"propose": 0.4 * number * plays, "solve": 1.1 * number * plays, "judge": 0.2 * number * plays,
                         "learn": 1.5 * (number + 1), "evaluate": 0.3 * (number + 1)},
                proposals=_proposals(tokens / 4e6) if plays else ProposalReport(),
                alarms=ALARMS if key.arm == "unverified" and number == 7 else (),
            )
        )  # fmt: skip
        best = min(best, loss)
    return reports


ALARMS = ("reward gap 0.600 is above 0.5: the judge accepts far more than is right",)


def _proposals(progress: float) -> ProposalReport:
    levels = {"math/arithmetic:1": 0.6 - 0.3 * progress, "math/arithmetic:2": 0.4 + 0.3 * progress}
    return ProposalReport(
        validity=0.95, novelty=0.8, entropy=0.69, distance=0.5 - 0.3 * progress, distinct_answers=0.3, signal=0.5,
        reward_gap=0.1, levels=levels, real_levels={"math/arithmetic:1": 0.1, "math/arithmetic:2": 0.9},
    )  # fmt: skip


def _judge(arm: str, progress: float, plays: bool, rng: np.random.Generator) -> JudgeReport:
    if not plays:
        return JudgeReport(0, 0, 0, math.nan, math.nan, math.nan, 0, math.nan)
    true_rate, false_rate = JUDGES[arm]
    solve = min(0.95, 0.35 + 0.5 * progress + 0.02 * rng.standard_normal()) * (0.7 if arm == "unverified" else 1.0)
    accepted = solve * true_rate + (1 - solve) * false_rate
    return JudgeReport(7_200, 140, 4, solve, true_rate, false_rate, int(1_800 * accepted), solve * true_rate / accepted)


def _result(key: RunKey, rounds: Sequence[RoundReport]) -> RunResult:
    last, best = rounds[-1], min(rounds, key=lambda report: report.heldout.answer_nats_per_token)
    seconds = last.seconds
    return RunResult(
        arm=key.arm, seed=key.seed, budget=key.budget, N=N, U=last.train_tokens if key.arm == "fresh" else U,
        D=last.train_tokens, D_real=last.real_tokens, D_syn=last.synthetic_tokens, flops_train=last.train_flops,
        flops_generate=last.generate_flops, flops_verify=last.verify_flops, verify_cpu_s=seconds["judge"],
        loss=best.heldout.answer_nats_per_token, loss_all=best.heldout.nats_per_token,
        loss_final=last.heldout.answer_nats_per_token, accuracy=best.heldout.accuracy, best_round=best.round,
        n_stored=last.n_stored, method_s=sum(seconds.values()) - seconds["evaluate"], evaluate_s=seconds["evaluate"],
    )  # fmt: skip


def _attempts(arm: str, number: int) -> pa.Table:
    rng = np.random.default_rng(number)
    rows = []
    for i in range(40):
        a, b = (int(x) for x in rng.integers(10, 99, 2))
        right = bool(rng.random() < 0.6)
        text = str(a + b if right else a + b + int(rng.integers(1, 20)))
        truth = "correct" if right else "incorrect"
        detail = "equal" if right else f"expected {a + b}"
        if i == 7:
            text, truth, detail, right = HOSTILE, "malformed", "not a number", False
        accepted = bool(rng.random() < JUDGES[arm][0 if right else 1])
        rows.append({
            "round": number, "env": "math/arithmetic", "task_id": f"{number:08x}{i:08x}", "prompt": f"{a}+{b}",
            "level": 2, "answer": text, "n_new_tokens": len(text) + 1, "logprob_nats": -float(rng.random()),
            "model_step": 50 * number, "judge": arm, "verdict": "correct" if accepted else "incorrect",
            "detail": detail, "tier": "exact", "cost_s": 1e-5, "truth": truth, "kept": accepted and i % 3 == 0,
        })  # fmt: skip
    return pa.Table.from_pylist(rows)


def _nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: _nulls(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def diverged(result: RunResult) -> RunResult:
    """The same run with no loss."""
    return replace(result, loss=math.nan)
