"""Parametric forms of the loss, with their gradients.

    chinchilla        L = E + A/N^alpha + B/D^beta                                     Hoffmann et al. 2022, eq. 10
    data-constrained  L = E + A/eff(U_N)^alpha + B/eff(U_D)^beta                       Muennighoff et al. 2023
    overfit-penalty   L = E + A/N^alpha + B/D^beta + P R^delta (N/U)^kappa             after Lovelace et al. 2026
    power             L = a C^-b + c
    broken-power      L = c + a C^-b (1 + (C/break)^(1/f))^(-f (b2 - b)), f = 0.1      Caballero et al. 2022, 1 break
    asymptote         L = E + A/N^alpha                                                Kim et al. 2025, at fixed U

N parameters, D training tokens seen, U distinct real tokens, C FLOPs, R = max(D/U - 1, 0) repetitions. With
eff(u, R, R*) = u + u R* (1 - exp(-R/R*)): U_D = min(U, D), R_D over it; U_N = min(N, N_opt(U)), R_N = N/U_N - 1, where
N_opt(U) is the size for which U fresh tokens are the optimal amount, so that alpha A/N^alpha = beta B/U^beta.

The overfitting penalty is written with both exponents free; its one-coefficient form fixes them.

A law works on coded parameters: logarithms of those that must be above 0, the others as they are. The logarithm of
the loss is a log-sum-exp of the terms, so nothing overflows far from the data, where a search begins.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MAX_EXPONENT = 5.0
MAX_LOG = 60.0
"""Logarithms of ratios are cut here inside exponentials: e^60 is beyond any run."""
SHARPNESS = 0.1
"""Width of a break in ln C: 90% of the change of slope lies within 0.6 of it."""


@dataclass(frozen=True)
class Amplitude:
    """A factor of a power law, and the exponents it is entangled with far from 1.

    Attributes:
        name: The factor, such as A.
        powers: Exponent's name to (sign, input): A / N^alpha has {"alpha": (-1, "N")}.
    """

    name: str
    powers: Mapping[str, tuple[float, str]]


class Law(ABC):
    """A form of the loss. Subclasses hold no state.

    Attributes:
        name: As on the command line.
        names: Its parameters, in order.
        inputs: Columns it reads, as logarithms.
        logged: Parameters that are above 0 and coded by their logarithm.
        amplitudes: Factors that are centred on the data while it is fitted.
        extra: Parameters that information criteria count on top: 2 for the place of a break (Ninomiya 2015).
    """

    name: ClassVar[str]
    names: ClassVar[tuple[str, ...]]
    inputs: ClassVar[tuple[str, ...]]
    logged: ClassVar[tuple[str, ...]]
    amplitudes: ClassVar[tuple[Amplitude, ...]]
    extra: ClassVar[int] = 0

    @abstractmethod
    def log_loss(self, coded: Array, logs: Mapping[str, Array]) -> tuple[Array, Array]:
        """The logarithm of the loss and its gradient.

        Args:
            coded: (B, p) coded parameters, one row per set.
            logs: Input's name to (n,) its natural logarithm.

        Returns:
            (B, n) log losses and (B, n, p) their derivatives by the coded parameters.
        """

    def encode(self, params: Mapping[str, float]) -> Array:
        """(p,) coded parameters.

        Raises:
            ValueError: One is missing, unknown, or not above 0 where it must be.
        """
        unknown = sorted(params.keys() - set(self.names))
        missing = [name for name in self.names if name not in params]
        if unknown or missing:
            what = f"has no {', '.join(unknown)}" if unknown else f"also needs {', '.join(missing)}"
            raise ValueError(f"law {self.name} {what}; its parameters are {', '.join(self.names)}")
        return np.array([self.code(name, params[name]) for name in self.names])

    def code(self, name: str, value: float) -> float:
        """One coded parameter."""
        if not np.isfinite(value) or (name in self.logged and value <= 0):
            raise ValueError(f"{name} = {value:g}: must be {'above 0' if name in self.logged else 'finite'}")
        return float(np.log(value)) if name in self.logged else float(value)

    def decode(self, coded: Array) -> Array:
        """(..., p) parameters from coded ones."""
        natural = np.array(coded, dtype=np.float64)
        for i, name in enumerate(self.names):
            if name in self.logged:
                natural[..., i] = np.exp(np.minimum(natural[..., i], 700.0))
        return natural

    def index(self, name: str) -> int:
        """Place of a parameter.

        Raises:
            ValueError: The law has none of this name.
        """
        if name not in self.names:
            raise ValueError(f"law {self.name} has no parameter {name!r}; it has {', '.join(self.names)}")
        return self.names.index(name)


def _soft(terms: list[Array]) -> tuple[Array, list[Array]]:
    """Log-sum-exp of terms of shape (B, n), and each one's share of the sum."""
    top = np.maximum.reduce(terms)
    parts = [np.exp(term - top) for term in terms]
    total = np.add.reduce(parts)
    return top + np.log(total), [part / total for part in parts]


def _columns(coded: Array) -> list[Array]:
    """Each parameter as (B, 1)."""
    return [coded[:, i, None] for i in range(coded.shape[1])]


_A = Amplitude("A", {"alpha": (-1.0, "N")})
_B = Amplitude("B", {"beta": (-1.0, "D")})


class Chinchilla(Law):
    """Every token is new."""

    name = "chinchilla"
    names = ("E", "A", "B", "alpha", "beta")
    inputs = ("N", "D")
    logged = ("E", "A", "B")
    amplitudes = (_A, _B)

    def log_loss(self, coded: Array, logs: Mapping[str, Array]) -> tuple[Array, Array]:
        """As `Law.log_loss` says."""
        e, a, b, alpha, beta = _columns(coded)
        n, d = logs["N"][None], logs["D"][None]
        value, (we, wa, wb) = _soft([e + 0.0 * n, a - alpha * n, b - beta * d])
        return value, np.stack([we, wa, wb, -wa * n, -wb * d], axis=2)


class Asymptote(Law):
    """Size alone, at a fixed amount of data."""

    name = "asymptote"
    names = ("E", "A", "alpha")
    inputs = ("N",)
    logged = ("E", "A")
    amplitudes = (_A,)

    def log_loss(self, coded: Array, logs: Mapping[str, Array]) -> tuple[Array, Array]:
        """As `Law.log_loss` says."""
        e, a, alpha = _columns(coded)
        n = logs["N"][None]
        value, (we, wa) = _soft([e + 0.0 * n, a - alpha * n])
        return value, np.stack([we, wa, -wa * n], axis=2)


class Power(Law):
    """Compute alone."""

    name = "power"
    names = ("a", "b", "c")
    inputs = ("C",)
    logged = ("a", "c")
    amplitudes = (Amplitude("a", {"b": (-1.0, "C")}),)

    def log_loss(self, coded: Array, logs: Mapping[str, Array]) -> tuple[Array, Array]:
        """As `Law.log_loss` says."""
        a, b, c = _columns(coded)
        x = logs["C"][None]
        value, (wa, wc) = _soft([a - b * x, c + 0.0 * x])
        return value, np.stack([wa, -wa * x, wc], axis=2)


class BrokenPower(Law):
    """Compute alone, with one change of slope from b to b2 at `break`."""

    name = "broken-power"
    names = ("a", "b", "c", "break", "b2")
    inputs = ("C",)
    logged = ("a", "c", "break")
    amplitudes = Power.amplitudes
    extra = 2

    def log_loss(self, coded: Array, logs: Mapping[str, Array]) -> tuple[Array, Array]:
        """As `Law.log_loss` says."""
        a, b, c, place, b2 = _columns(coded)
        x = logs["C"][None]
        past = np.clip((x - place) / SHARPNESS, -MAX_LOG * 10, MAX_LOG * 10)
        bend = SHARPNESS * np.logaddexp(0.0, past)  # 0 before the break, x - place after it
        step = 1.0 / (1.0 + np.exp(-np.clip(past, -MAX_LOG, MAX_LOG)))
        value, (wa, wc) = _soft([a - b * x - (b2 - b) * bend, c + 0.0 * x])
        by_b, by_b2 = wa * (bend - x), -wa * bend
        return value, np.stack([wa, by_b, wc, wa * (b2 - b) * step, by_b2], axis=2)


def _repeats(logs: Mapping[str, Array]) -> Array:
    """(n,) R: how often data was seen again."""
    return np.maximum(np.expm1(logs["D"] - logs["U"]), 0.0)


def _worth(log_ratio: Array, log_star: Array) -> tuple[Array, Array, Array]:
    """ln(1 + R* (1 - exp(-R/R*))) for R = exp(log_ratio) - 1, and its derivatives by log_ratio and ln R*."""
    ratio = np.exp(np.minimum(log_ratio, MAX_LOG))
    star = np.exp(np.minimum(log_star, MAX_LOG))
    over = np.minimum((ratio - 1.0) / star, MAX_LOG)
    left = np.exp(-over)
    gain = 1.0 - star * np.expm1(-over)
    return np.log(gain), ratio * left / gain, star * (-np.expm1(-over) - over * left) / gain


class DataConstrained(Law):
    """Repeated tokens and excess parameters are worth less and less."""

    name = "data-constrained"
    names = ("E", "A", "B", "alpha", "beta", "R_D", "R_N")
    inputs = ("N", "D", "U")
    logged = ("E", "A", "B", "R_D", "R_N")
    amplitudes = (_A, _B)

    def log_loss(self, coded: Array, logs: Mapping[str, Array]) -> tuple[Array, Array]:
        """As `Law.log_loss` says."""
        e, a, b, alpha, beta, star_d, star_n = _columns(coded)
        n, d, u = logs["N"][None], logs["D"][None], logs["U"][None]
        data, _, data_star = _worth(np.maximum(d - u, 0.0), star_d)
        data = np.minimum(u, d) + data
        balance = np.log(np.maximum(alpha, 1e-9)) + a - np.log(np.maximum(beta, 1e-9)) - b
        optimal = (balance + beta * u) / alpha  # ln N_opt(U)
        excess = n > optimal
        size, by_ratio, size_star = _worth(np.where(excess, n - optimal, 0.0), star_n)
        size = np.where(excess, optimal, n) + size
        # a larger N_opt raises the base by as much as it lowers the ratio
        slide = np.where(excess, 1.0 - by_ratio, 0.0)
        value, (we, wa, wb) = _soft([e + 0.0 * n, a - alpha * size, b - beta * data])
        pull = -wa * alpha * slide
        by_alpha = -wa * size + pull * (1.0 / alpha - optimal) / alpha
        by_beta = -wb * data + pull * (u - 1.0 / beta) / alpha
        grads = [we, wa + pull / alpha, wb - pull / alpha, by_alpha, by_beta]
        grads += [-wb * beta * data_star, -wa * alpha * np.where(excess, size_star, 0.0)]
        return value, np.stack(grads, axis=2)


class OverfitPenalty(Law):
    """Repetition adds a loss of its own, larger for larger models."""

    name = "overfit-penalty"
    names = ("E", "A", "B", "alpha", "beta", "P", "delta", "kappa")
    inputs = ("N", "D", "U")
    logged = ("E", "A", "B", "P")
    amplitudes = (_A, _B, Amplitude("P", {"delta": (1.0, "R"), "kappa": (1.0, "N/U")}))

    def log_loss(self, coded: Array, logs: Mapping[str, Array]) -> tuple[Array, Array]:
        """As `Law.log_loss` says."""
        e, a, b, alpha, beta, p, delta, kappa = _columns(coded)
        n, d, u = logs["N"][None], logs["D"][None], logs["U"][None]
        repeats = _repeats(logs)[None]
        again = repeats > 1e-9  # D of one pass may differ from U by rounding
        r = np.log(np.where(again, repeats, 1.0))
        penalty = np.where(again, p + delta * r + kappa * (n - u), -1e3)
        value, (we, wa, wb, wp) = _soft([e + 0.0 * n, a - alpha * n, b - beta * d, penalty])
        wp = np.where(again, wp, 0.0)
        return value, np.stack([we, wa, wb, -wa * n, -wb * d, wp, wp * r, wp * (n - u)], axis=2)


LAWS: dict[str, Law] = {
    law.name: law for law in (Chinchilla(), DataConstrained(), OverfitPenalty(), Power(), BrokenPower(), Asymptote())
}


def law_named(name: str) -> Law:
    """A law by its name.

    Raises:
        ValueError: There is none of this name.
    """
    if name not in LAWS:
        raise ValueError(f"law {name!r}: choose one of {', '.join(LAWS)}")
    return LAWS[name]
