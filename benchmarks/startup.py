"""How long `selfplay --help` takes, from process to exit: the median of seven, after one untimed."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from _measure import write

TARGET_S = 0.5


def seconds(command: list[str]) -> float:
    """Wall seconds of one process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Time it beside an interpreter that does nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="PATH")
    arguments = parser.parse_args()
    commands = {
        "selfplay --help": [sys.executable, "-c", "from selfplay.cli import main; main()", "--help"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(arguments.repeats + 1):
        for name, command in commands.items():
            taken = seconds(command)
            if number:
                times[name].append(taken)
    found = {name: statistics.median(values) for name, values in times.items()}
    for name, value in found.items():
        print(f"{name:<20}{value:>8.3f} s")
    help_s, bare_s = found.values()
    print(f"{help_s / bare_s:.1f} times an interpreter that does nothing; target below {TARGET_S} s")
    write(arguments.json, {"seconds": found, "over_python": help_s / bare_s, "target_s": TARGET_S})


if __name__ == "__main__":
    main()
