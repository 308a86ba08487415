"""Run all attacks and say which succeed; also a program, for another user or a namespace: prints them as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from envs.sandbox import Execution, Limits, Outcome, Program, Sandbox, canonical

if __name__ == "__main__":
    from attacks import ANSWER, ATTACKS, SECRET, Attack
else:
    from tests.envs.sandbox.attacks import ANSWER, ATTACKS, SECRET, Attack

LIMITS = Limits(cpu_s=0.2, wall_s=1.0)
BYSTANDER = Program(
    "import math, string, copy, re\nfrom collections import Counter\nfrom fractions import Fraction\n"
    "from typing import Iterable\n"
    "def f(x):\n"
    "    return [len([x]), sum([x, 1]), math.gcd(12, 18), max(1, 2), str(Fraction(1, 2) + 1), string.digits,\n"
    "            Counter('aab').most_common(1), isinstance(x, Iterable), copy.copy([x]),\n"
    "            bool(re.compile('a').match('a'))]\n",
    "f",
    (7,),
)
BYSTANDERS_VALUE = "[1, 8, 6, 2, '3/2', '0123456789', [('a', 2)], False, [7], True]"


def prepare(folder: Path) -> None:
    (folder / "secret.txt").write_text(SECRET)
    (folder / "victim.txt").write_text("victim")
    (folder / "victim.py").write_text(f"x = {SECRET!r}")


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mode) for path in folder.iterdir()}


def program_of(attack: Attack, folder: Path) -> Program:
    return Program(attack.source.replace("{folder}", str(folder)), "f", (7,))


def is_success(result: Execution) -> bool:
    if result.outcome is not Outcome.OK:
        return False
    value = result.value or ""
    return "PWNED" in value or SECRET in value or value == canonical(ANSWER)


def successes(box: Sandbox, attacks: Sequence[Attack], folder: Path) -> list[str]:
    """Names of the attacks that succeed, a bystander after each."""
    found = []
    before = snapshot(folder)
    plain = [attack for attack in attacks if attack.category != "nondeterminism"]
    programs = [program for attack in plain for program in (program_of(attack, folder), BYSTANDER)]
    results = box.run(programs)
    for attack, result, bystander in zip(plain, results[::2], results[1::2], strict=True):
        if is_success(result):
            found.append(f"{attack.category}/{attack.name}: {result.value!r:.80}")
        if bystander.value != BYSTANDERS_VALUE:
            found.append(f"beside {attack.category}/{attack.name}: {bystander}")
    if snapshot(folder) != before:
        found.append("the folder changed")
    return found


def unflagged(box: Sandbox, folder: Path) -> list[str]:
    """Tasks without one answer that were not noticed, and the other way round."""
    found = []
    for attack in ATTACKS:
        if attack.category == "nondeterminism":
            judged = box.determinism(program_of(attack, folder))
            if judged.deterministic == attack.flagged:
                found.append(f"{attack.name}: {judged.reason or judged.executions[0].answer}")
    return found


def main(folder: Path) -> None:
    with Sandbox(LIMITS, workers=2) as box:
        found = successes(box, ATTACKS, folder) + unflagged(box, folder)
        status = box.status()
    layers = [layer for layer in status.layers if not layer.active]
    print(json.dumps({"uid": os.getuid(), "found": found, "missing": layers, "restarts": status.n_restarts}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
