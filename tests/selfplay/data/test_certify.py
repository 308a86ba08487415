"""Every configuration that comes with the package draws clean data, the same in every process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from selfplay.catalogue import load_data
from selfplay.data.certify import certify

CONFIGS = Path(__file__).parents[3] / "configs"
SHIPPED = sorted(
    [CONFIGS / "quickstart.yaml", *(CONFIGS / "study").glob("*.yaml"), *(CONFIGS / "train").glob("*.yaml")]
)


def test_the_configurations_are_found():
    assert len(SHIPPED) >= 5


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(CONFIGS)))
def test_shipped_data_is_clean_for_every_seed(path: Path):
    data, seeds = load_data(str(path), [])
    certificates = [certify(data, seed) for seed in seeds]
    assert [certificate.line() for certificate in certificates if not certificate.clean] == []
    assert all(certificate.sizes["pool"] == data.n_real for certificate in certificates)
    assert len({certificate.sha256 for certificate in certificates}) == len(seeds), "two seeds drew the same data"


@pytest.mark.parametrize("name", ["quickstart.yaml", "train/mixture.yaml"])
def test_a_restart_draws_the_same_data(name: str):
    """Under other hash seeds, so that no set's order is in the draws."""
    command = [sys.executable, "-m", "selfplay.cli", "tasks", "certify", str(CONFIGS / name)]
    printed = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(printed) == 1
    assert "data " in printed.pop()


def test_the_largest_pool_of_a_study_is_certified():
    data, _ = load_data(str(CONFIGS / "study" / "human.yaml"), [])
    assert data.n_real == 3_200
