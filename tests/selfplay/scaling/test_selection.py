import json
from pathlib import Path

import numpy as np
import pytest

from selfplay.cli import main
from selfplay.scaling.band import band
from selfplay.scaling.fit import fit_law
from selfplay.scaling.frame import Frame
from selfplay.scaling.laws import LAWS
from selfplay.scaling.points import Points
from selfplay.scaling.selection import BASELINES, compare_laws, forecast_last, forecast_two_point


def table(noise: float = 0.003, seed: int = 0) -> Frame:
    sizes, data = (values.ravel() for values in np.meshgrid(np.geomspace(1e7, 1e10, 8), np.geomspace(1e8, 1e11, 8)))
    loss = 1.8 + 480.0 / sizes**0.35 + 2000.0 / data**0.37
    loss = loss * np.exp(np.random.default_rng(seed).normal(0.0, noise, loss.size))
    cells = {"N": tuple(sizes.tolist()), "D": tuple(data.tolist()), "loss": tuple(loss.tolist())}
    return Frame("runs.csv", cells, tuple(range(loss.size)))


def test_the_planted_law_wins_and_extrapolates() -> None:
    found = compare_laws(table(), ratios=[8.0, 16.0])
    assert found[0].name == "chinchilla"
    assert tuple(one.name for one in found[-2:]) == BASELINES
    assert found[0].rms == pytest.approx(0.003, rel=0.3)
    others = {one.name: one for one in found}
    for i, at in enumerate(found[0].holdouts):
        assert at.rms is not None
        assert at.rms < 0.006
        for name in ("power", "asymptote", *BASELINES):
            other = others[name].holdouts[i].rms
            assert other is not None
            assert other > at.rms
    assert "no column 'U'" in others["data-constrained"].reason


def test_baselines_by_hand() -> None:
    c, loss = np.log([1.0, 4.0, 16.0]), np.log([8.0, 4.0, 2.0])
    assert forecast_last(loss) == pytest.approx(np.log(2.0))
    at = forecast_two_point(c, loss, np.log([64.0, 256.0]))
    assert at is not None
    assert np.exp(at) == pytest.approx([1.0, 0.5])
    assert forecast_two_point(c[2:], loss[2:], c) is None


def test_holdouts_are_the_larger_runs() -> None:
    one = compare_laws(table(), ["power"], ratios=[4.0])[0].holdouts[0]
    compute = 6.0 * np.outer(np.geomspace(1e7, 1e10, 8), np.geomspace(1e8, 1e11, 8))
    assert one.n_fitted == int((compute <= compute.max() / 4 * (1 + 1e-6)).sum())
    assert one.n_fitted + one.n_foretold == 64


def test_the_band_covers_and_a_new_run_needs_more() -> None:
    law, c = LAWS["power"], np.log(np.geomspace(1e15, 1e18, 12))
    truth = law.log_loss(law.encode({"a": 2000.0, "b": 0.2, "c": 0.3})[None], {"C": c})[0][0]
    at = np.log([3e18])
    target = law.log_loss(law.encode({"a": 2000.0, "b": 0.2, "c": 0.3})[None], {"C": at})[0][0, 0]
    curve = run = 0
    n = 120
    for seed in range(n):
        rng = np.random.default_rng(seed)
        rows = tuple(range(12))
        fit = fit_law(law, Points({"C": c}, truth + rng.normal(0.0, 0.01, 12), rows, rows), loss="l2")
        low, high = band(fit, {"C": at})
        curve += bool(low[0] <= target <= high[0])
        low, high = band(fit, {"C": at}, new_run=True)
        run += bool(low[0] <= target + rng.normal(0.0, 0.01) <= high[0])
    assert 0.88 <= curve / n <= 1.0
    assert 0.88 <= run / n <= 1.0


def test_no_band_without_a_spare_run() -> None:
    law, rows = LAWS["power"], (0, 1, 2)
    fit = fit_law(law, Points({"C": np.log([1.0, 10.0, 100.0])}, np.log([3.0, 2.0, 1.5]), rows, rows), loss="l2")
    with pytest.raises(ValueError, match="no run is left"):
        band(fit, {"C": np.log([1000.0])})


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = table().cells
    lines = [",".join(cells), *(",".join(map(repr, row)) for row in zip(*cells.values(), strict=True))]
    (tmp_path / "runs.csv").write_text("\n".join(lines) + "\n")
    words = ["compare-laws", "--data", str(tmp_path / "runs.csv"), "--laws", "chinchilla,power"]
    assert main([*words, "--json", str(tmp_path / "laws.json")]) == 0
    assert "last point" in capsys.readouterr().out
    names = [one["name"] for one in json.loads((tmp_path / "laws.json").read_text())]
    assert names == ["chinchilla", "power", *BASELINES]
    wrong = {"--ratios 1": "above 1", "--ratios x": "expected numbers", "--laws pwr": "choose one"}
    for extra, message in wrong.items():
        assert main([*words[:3], *extra.split()]) == 1
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
