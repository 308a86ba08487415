"""math-verify as a verifier to audit; it needs the extra `latex`.

selfplay audit --config configs/audit/latex.yaml
"""

from __future__ import annotations

try:
    from math_verify import parse, verify
except ModuleNotFoundError as absent:
    if absent.name != "math_verify":
        raise
    raise ImportError("math-verify is not installed: pip install 'selfplay-testbed[latex]'") from absent


def check(gold: str, answer: str) -> bool:
    """Whether math-verify finds the gold in the answer. Time limits are the audit's."""
    wanted = parse(f"${gold}$", parsing_timeout=None)
    found = parse(f"${answer}$", parsing_timeout=None)
    return bool(verify(wanted, found, timeout_seconds=None))
