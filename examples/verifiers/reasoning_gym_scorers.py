"""Three scorers of reasoning-gym as verifiers to audit; they need the extra `rg`.

    selfplay audit --config configs/audit/rg-integration.yaml

`integration` hands the answer to sympy's `parse_expr`, which evaluates text, and takes the question for an answer:
the derivative of `Integral(f, x)` is f. `polynomial` evaluates text too and takes any expression of the right value,
the question among them. `halting` compares truth values of text, so that every text that is not empty is right.
They run in the audit's worker processes only.
"""

from __future__ import annotations

from typing import Any

try:
    import reasoning_gym
except ModuleNotFoundError as absent:
    if absent.name != "reasoning_gym":
        raise
    raise ImportError("reasoning-gym is not installed: pip install 'selfplay-testbed[rg]'") from absent

from envs.core import Task

_INTEGRATION = reasoning_gym.create_dataset("simple_integration", size=1, seed=0)
_POLYNOMIAL = reasoning_gym.create_dataset("polynomial_multiplication", size=1, seed=0)
_HALTING = reasoning_gym.create_dataset("game_of_life_halting", size=1, seed=0)


def _score(dataset: Any, answer: str, entry: dict[str, Any]) -> float:
    return min(max(float(dataset.score_answer(answer, entry)), 0.0), 1.0)


def integration(task: Task, answer: str) -> float:
    """simple_integration on our integrals."""
    return _score(_INTEGRATION, answer, {"metadata": {"integrand": task.prompt, "variable": "x"}, "answer": ""})


def polynomial(gold: str, answer: str) -> float:
    """polynomial_multiplication with our golds."""
    return _score(_POLYNOMIAL, answer, {"answer": gold, "metadata": {}})


def halting(gold: str, answer: str) -> float:
    """game_of_life_halting with our golds."""
    return _score(_HALTING, answer, {"answer": gold, "metadata": {}})
