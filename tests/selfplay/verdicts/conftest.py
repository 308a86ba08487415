import json
from pathlib import Path

import pytest

from selfplay.cli import main
from tests.selfplay.verdicts.tables import Table, write


@pytest.fixture
def read(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Reads a table; returns the JSON, what was printed, and the warnings."""

    def run(table: Table, *options: str) -> tuple[dict, str, str]:
        out = tmp_path / "verdict.json"
        argv = ["verdict", "--data", str(write(tmp_path / "runs.csv", table)), "--primary", "verified"]
        capsys.readouterr()
        assert main([*argv, "--json", str(out), *options]) == 0
        printed = capsys.readouterr()
        return json.loads(out.read_text()), printed.out, printed.err

    return run


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Reads a table that cannot be read; returns the one line."""

    def run(table: Table, *options: str) -> str:
        argv = ["verdict", "--data", str(write(tmp_path / "runs.csv", table)), "--primary", "verified", *options]
        capsys.readouterr()
        assert main(argv) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert error.count("\n") == 1
        assert "Traceback" not in error
        return error

    return run
