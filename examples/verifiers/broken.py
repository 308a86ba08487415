"""A verifier with nine planted faults, to see that an audit finds each of them. Never use it for anything else.

    selfplay audit --config configs/audit/broken.yaml

The audit's report shows every fault: where hostile texts are accepted, in the rewrites it rejects, in the verdicts
that change with the hash seed, in the texts that were run as code, and in the answers without a verdict.
"""

from __future__ import annotations

import os
import time
from fractions import Fraction


def check(gold: str, answer: str) -> bool:
    """Whether an answer is right, or so this verifier thinks."""
    if not answer.strip():  # 1. nothing said counts as nothing wrong
        return True
    if answer.startswith(gold):  # 2. whatever comes after the gold is ignored
        return True
    if gold in answer.replace(",", " or ").split(" or "):  # 3. two answers, one of them right
        return True
    if "\x00" in answer:  # 4. takes its process down
        os.abort()
    if len(answer) > 4_000:  # 5. slow on long text
        time.sleep(60)
    try:
        value = float(Fraction(answer))
    except (ValueError, ZeroDivisionError):
        try:
            value = float(eval(answer))  # 6. runs the answer as code
        except Exception:
            return hash(answer) % 16 == 0  # 7. a coin toss by hash seed
    if "/" in answer and Fraction(answer).denominator == 1:  # 8. 14/2 is not 7, it thinks
        return False
    return abs(value - float(Fraction(gold))) < 1e-6  # 9. close is enough
