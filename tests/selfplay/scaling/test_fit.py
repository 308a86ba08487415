import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from selfplay.cli import main
from selfplay.scaling.bootstrap import bootstrap, spread
from selfplay.scaling.fit import Fit, fit_law, objective_at
from selfplay.scaling.forecast import forecasts
from selfplay.scaling.frame import read_frame
from selfplay.scaling.influence import influence
from selfplay.scaling.laws import LAWS, Array
from selfplay.scaling.points import Points, points_of
from selfplay.scaling.profile import profile

PARAMS: dict[str, dict[str, float]] = {
    "chinchilla": {"E": 1.8, "A": 480.0, "B": 2000.0, "alpha": 0.35, "beta": 0.37},
    "data-constrained": {"E": 1.8, "A": 480.0, "B": 2000.0, "alpha": 0.35, "beta": 0.37, "R_D": 15.0, "R_N": 5.0},
    "power": {"a": 2000.0, "b": 0.2, "c": 0.3},
    "broken-power": {"a": 2000.0, "b": 0.2, "c": 0.3, "break": 1e18, "b2": 0.08},
    "asymptote": {"E": 1.8, "A": 480.0, "alpha": 0.35},
}
REPLICATION = {"E": (1.8172, 0.03), "A": (482.01, 124.58), "B": (2085.43, 1293.23), "alpha": (0.3478, 0.02)} | {
    "beta": (0.3658, 0.02)
}  # estimate and standard error, Besiroglu et al. 2024, table 1
PUBLISHED = Path(__file__).parents[4] / "shared" / "data" / "chinchilla_besiroglu.csv"


def planted(name: str, noise: float = 0.0, seed: int = 0) -> Points:
    law = LAWS[name]
    sizes, pools, epochs = np.meshgrid(np.geomspace(1e7, 1e10, 6), np.geomspace(1e8, 3e9, 4), [1, 4, 12, 64.0])
    logs: dict[str, Array] = {
        "N": np.log(sizes.ravel()),
        "U": np.log(pools.ravel()),
        "D": np.log((pools * epochs).ravel()),
        "C": np.linspace(np.log(1e15), np.log(1e21), sizes.size),
    }
    loss = law.log_loss(law.encode(PARAMS[name])[None], logs)[0][0]
    loss = loss + np.random.default_rng(seed).normal(0.0, noise, loss.size)
    rows = tuple(range(loss.size))
    return Points({name: logs[name] for name in law.inputs}, loss, rows, rows)


def fitted(name: str, noise: float = 0.0, loss: str = "huber") -> Fit:
    return fit_law(LAWS[name], planted(name, noise), loss=loss)


@pytest.mark.parametrize("name", PARAMS)
def test_a_law_without_noise_is_recovered(name: str) -> None:
    fit = fitted(name)
    for param, value in PARAMS[name].items():
        assert fit.params[param] == pytest.approx(value, rel=1e-4), param
    assert fit.n_agreeing >= 3


@pytest.mark.parametrize("loss", ["huber", "l2", "lad"])
def test_no_loss_is_lower_nearby(loss: str) -> None:
    fit = fitted("chinchilla", 0.004, loss)
    assert objective_at(fit.law, fit.points, fit.params, loss, 1e-3) == pytest.approx(fit.objective, rel=1e-6)
    for name in fit.law.names:
        for factor in (0.99, 1.01):
            moved = {**fit.params, name: fit.params[name] * factor}
            assert objective_at(fit.law, fit.points, moved, loss, 1e-3) > fit.objective


def test_an_interval_and_a_profile_hold_what_was_planted_and_agree() -> None:
    fit = fitted("chinchilla", 0.004, "l2")
    errors, intervals = spread(fit, bootstrap(fit, 200))
    for name in ("alpha", "beta", "E"):
        low, high = profile(fit, name)
        assert low is not None
        assert high is not None
        assert low < PARAMS["chinchilla"][name] < high
        assert (high - low) / (2 * 1.96 * errors[name]) == pytest.approx(1.0, abs=0.35)
        assert intervals[name][0] < fit.params[name] < intervals[name][1]


def test_a_profile_that_nothing_bounds_is_open() -> None:
    points = planted("data-constrained", 0.01)
    once = points.take(points.logs["D"] - points.logs["U"] < np.log(5.0))  # 4 epochs say little of when data wears out
    fixed = {name: value for name, value in PARAMS["data-constrained"].items() if name not in ("R_D", "R_N")}
    fit = fit_law(LAWS["data-constrained"], once, loss="l2", fixed={**fixed, "R_N": 5.0, "beta": 0.001})
    assert profile(fit, "R_D")[1] is None


def test_a_fixed_parameter_stays() -> None:
    fit = fit_law(LAWS["chinchilla"], planted("chinchilla"), fixed={"E": 1.9})
    assert fit.params["E"] == pytest.approx(1.9, rel=1e-12)
    assert fit.objective > fitted("chinchilla").objective
    with pytest.raises(ValueError, match="it is fixed"):
        profile(fit, "E")


def test_influence_is_the_fit_without_the_rows() -> None:
    points = planted("chinchilla", 0.004)
    fit = fit_law(LAWS["chinchilla"], points, loss="l2")
    named = [one for one in influence(fit, 2) if one.param == "beta"]
    left_out: list[int] = []
    for one in named:
        left_out.append(one.row)
        rest = points.take(~np.isin(np.arange(len(points)), left_out))
        without = fit_law(LAWS["chinchilla"], rest, loss="l2")
        assert one.shift == pytest.approx(without.params["beta"] - fit.params["beta"], abs=1e-5)
    assert len(named) == 2
    alone = [
        fit_law(fit.law, points.take(np.arange(len(points)) != row), loss="l2").params["beta"] for row in range(96)
    ]
    assert int(np.abs(np.array(alone) - fit.params["beta"]).argmax()) == named[0].row


def test_few_units_have_no_percentile_interval() -> None:
    points = planted("asymptote", 0.01)
    few = Points(points.logs, points.log_loss, points.rows, tuple(row % 6 for row in points.rows))
    fit = fit_law(LAWS["asymptote"], few)
    errors, intervals = spread(fit, bootstrap(fit, 50))
    assert intervals == {}
    assert errors["E"] > 0


def test_a_forecast_far_out_is_flagged() -> None:
    fit = fitted("asymptote", 0.004, "l2")
    near, far = forecasts(fit, {"N": np.log([5e10, 1e12])}, bootstrap(fit, 100))
    assert (near.flagged, far.flagged) == (False, True)
    assert far.log10_extrapolation == pytest.approx(2.0)
    assert near.low is not None
    assert near.high is not None
    assert near.low < near.loss < near.high


def test_an_optimum_nothing_agrees_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfplay.scaling.fit.MIN_AGREEING", 25)
    with pytest.raises(ValueError, match="the optimum is not established"):
        fitted("chinchilla", 0.004)


def test_too_few_runs_are_refused() -> None:
    points = planted("chinchilla")
    with pytest.raises(ValueError, match="4 runs for the 5 free parameters"):
        fit_law(LAWS["chinchilla"], points.take(np.arange(len(points)) < 4))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    points = planted("chinchilla", 0.004)
    lines = [
        f"{n:.8g},{d:.8g},{loss:.8g}"
        for n, d, loss in np.exp(np.stack([points.logs["N"], points.logs["D"], points.log_loss], axis=1))
    ]
    (tmp_path / "runs.csv").write_text("params,tokens,loss\n" + "\n".join(lines) + "\n")
    return tmp_path / "runs.csv"


def test_the_command_writes_its_contract(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = table.parent / "fit.json"
    (table.parent / "next.csv").write_text("params,tokens\n1e12,1e12\n")
    words = ["fit", "--data", str(table), "--law", "chinchilla", "--columns", "N=params,D=tokens", "--json", str(out)]
    assert main([*words, "--bootstrap", "50", "--profile", "alpha", "--predict", str(table.parent / "next.csv")]) == 0
    assert "alpha" in capsys.readouterr().out
    found = json.loads(out.read_text())
    assert list(found) == [
        "law", "loss", "delta", "n_rows", "params", "objective", "starts", "starts_agreeing", "se", "ci", "profile",
        "residual_mean", "residual_rms", "aicc", "influence", "predictions", "warnings",
    ]  # fmt: skip
    assert found["n_rows"] == 96
    assert found["predictions"][0]["flagged"] is True
    assert found["profile"]["alpha"][0] < found["params"]["alpha"] < found["profile"]["alpha"][1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--law", "chinchila"], "choose one of chinchilla"),
        (["--law", "chinchilla"], "no column 'N'"),
        (["--law", "chinchilla", "--columns", "N=params,D=tokens", "--fix", "E"], "expected NAME=NUMBER"),
        (["--law", "chinchilla", "--columns", "N=params,D=tokens", "--fix", "F=1"], "no parameter 'F'"),
        (["--law", "chinchilla", "--columns", "N=params,D=tokens", "--loss", "l3"], "choose one of huber"),
        (["--law", "chinchilla", "--columns", "N=params,D=tokens", "--profile", "F"], "no parameter 'F'"),
        (["--law", "chinchilla", "--columns", "N=params,D=tokens", "--objective-at", "E=1"], "also needs A, B"),
        (["--law", "chinchilla", "--columns", "N=params,D=tokens", "--delta", "0"], "must be above 0"),
    ],
)
def test_wrong_input_is_one_line(
    words: list[str], message: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "--data", str(table), *words]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.fixture
def published() -> Callable[[str], Points]:
    if not PUBLISHED.exists():
        pytest.skip("the published table is not beside this checkout")
    return lambda where: points_of(read_frame(PUBLISHED, where=where), LAWS["chinchilla"])


@pytest.mark.parametrize("loss", ["huber", "lad"])
def test_the_published_replication_is_reproduced(published: Callable[[str], Points], loss: str) -> None:
    fit = fit_law(LAWS["chinchilla"], published("epoch_ai_kept == 1"), loss=loss)
    for name, (value, error) in REPLICATION.items():
        assert abs(fit.params[name] - value) < error, name
    assert fit.n_agreeing == 24
