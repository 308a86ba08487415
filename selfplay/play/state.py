"""Everything a run changes: the one mutable object of a round, and all a checkpoint must hold."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import torch

from envs.core import Task
from selfplay.config import RunConfig
from selfplay.data.sources import RealData, RealSource
from selfplay.data.store import ReplayStore
from selfplay.ledger import Ledger
from selfplay.model.ensemble import Ensemble, averaged
from selfplay.model.gpt import GPT
from selfplay.model.optim import build_optimizer
from selfplay.play.sharding import load_whole_state, whole_state
from selfplay.play.skipped import Skipped
from selfplay.records import Example, Source
from selfplay.streams import derive


@dataclass
class RunState:
    """State between rounds.

    Attributes:
        model: Weights being trained.
        average: Their running average, which samples and is evaluated.
        first: The average as it was when self-play began; a frozen proposer's weights, and a student's teacher.
        optimizer: Of `model`.
        real: Position in the real data.
        store: Synthetic examples.
        ledger: What was spent.
        round: Rounds done.
        step: Optimizer steps done.
        real_tokens: Training tokens spent on real examples.
        synthetic_tokens: Training tokens spent on synthetic examples.
        skipped: Optimizer steps that were skipped, their loss or gradient being no finite number.
        best_validation: Lowest validation loss so far, nats per answer token.
        reports: One per round done, as plain values.
        solve_rates: `ENV:LEVEL` to the judge's solve rate that a curriculum remembers.
        shards: What holds the weights of `model` where each device has a part of them.
    """

    model: GPT
    average: GPT
    first: GPT
    optimizer: torch.optim.Optimizer
    real: RealSource
    store: ReplayStore
    ledger: Ledger = field(default_factory=Ledger)
    round: int = 0
    step: int = 0
    real_tokens: int = 0
    synthetic_tokens: int = 0
    skipped: Skipped = field(default_factory=Skipped)
    best_validation: float = float("inf")
    reports: list[dict[str, Any]] = field(default_factory=list)
    solve_rates: dict[str, float] = field(default_factory=dict)
    shards: torch.nn.Module | None = None

    @property
    def train_tokens(self) -> int:
        """Training tokens spent."""
        return self.real_tokens + self.synthetic_tokens

    @classmethod
    def fresh(cls, config: RunConfig, data: RealData, vocab_size: int, device: torch.device) -> RunState:
        """The state before the first round; it depends on the seed alone, so arms of a seed begin alike."""
        generator = torch.Generator().manual_seed(derive(config.seed, "weights"))
        model = GPT(config.model, vocab_size, generator).to(device)
        weight_decay = config.optim.weight_decay if config.arm.weight_decay is None else config.arm.weight_decay
        model.dropout = config.optim.dropout if config.arm.dropout is None else config.arm.dropout
        average, first = (copy.deepcopy(model).requires_grad_(False).eval() for _ in range(2))
        if config.arm.learner.n_teachers > 1:
            first = averaged([first] * config.arm.learner.n_teachers)
        if config.device.precision == "bf16":
            for each in (model, average, first):
                each.compute_dtype = torch.bfloat16
        return cls(
            model=model,
            average=average,
            first=first,
            optimizer=build_optimizer(model, config.optim, weight_decay),
            real=real_source(config, data),
            store=ReplayStore(config.play.max_draws),
            skipped=Skipped(device),
        )

    def start_from(self, weights: dict[str, Any]) -> None:
        """Begin all models at the given weights instead of random ones."""
        for model in (self.model, self.average, *self._first_members()):
            model.load_state_dict(weights)

    def begin_play(self, config: RunConfig, teachers: Sequence[Mapping[str, Any]] = ()) -> None:
        """Freeze the weights that a frozen proposer writes with, and draw those of a new student.

        Args:
            config: The run.
            teachers: What `state_dict` returned for the other runs that teach together with this one; their cost
                becomes this run's.
        """
        weights = [self.average.state_dict(), *(teacher["average"] for teacher in teachers)]
        for member, one in zip(self._first_members(), weights, strict=True):
            member.load_state_dict(one)
        for teacher in teachers:
            self.ledger.add(Ledger(teacher["ledger"]))
            self.real_tokens += teacher["real_tokens"]
        if config.arm.learner.start == "new":
            generator = torch.Generator().manual_seed(derive(config.seed, "student"))
            self.restart(GPT(config.model, self.model.vocab_size, generator).state_dict())

    def _first_members(self) -> list[GPT]:
        return list(self.first.members) if isinstance(self.first, Ensemble) else [self.first]

    def restart(self, weights: Mapping[str, Any]) -> None:
        """Go on from these weights, with an optimizer that knows nothing."""
        for model in (self.model, self.average):
            model.load_state_dict(weights)
        getattr(self.optimizer, "optimizer", self.optimizer).state.clear()  # Fabric's wrapper has one inside

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = self.average.embedding.weight.device
        return device

    @property
    def _optimizer(self) -> torch.optim.Optimizer:
        """As PyTorch knows it: Fabric's wrapper has one inside."""
        optimizer: torch.optim.Optimizer = getattr(self.optimizer, "optimizer", self.optimizer)
        return optimizer

    def weights(self) -> dict[str, Any]:
        """What an optimizer step changes, as tensors and plain values; sharded weights need all processes for it."""
        model, optimizer = self.model.state_dict, self.optimizer.state_dict
        weights, moments = (model(), optimizer()) if self.shards is None else whole_state(self.shards, self._optimizer)
        return {
            "model": weights,
            "average": self.average.state_dict(),
            "optimizer": moments,
            "step": self.step,
            "skipped": self.skipped.state(),
        }

    def load_weights(self, saved: dict[str, Any]) -> None:
        """Take over what `weights` returned."""
        if self.shards is None:
            self.model.load_state_dict(saved["model"])
            self.optimizer.load_state_dict(saved["optimizer"])
        else:
            load_whole_state(self.shards, self._optimizer, saved["model"], saved["optimizer"])
        self.average.load_state_dict(saved["average"])
        self.step = saved["step"]
        self.skipped.load(saved["skipped"])

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values."""
        return {
            **self.weights(),
            "first": self.first.state_dict(),
            "real_position": self.real.position,
            "store": [(*astuple(e.task), e.answer, e.round, e.work) for e in self.store.examples],
            "store_draws": self.store.n_draws,
            "ledger": self.ledger.state(),
            "round": self.round,
            "real_tokens": self.real_tokens,
            "synthetic_tokens": self.synthetic_tokens,
            "best_validation": self.best_validation,
            "reports": self.reports,
            "solve_rates": dict(self.solve_rates),
        }

    def load_state_dict(self, saved: dict[str, Any], config: RunConfig, data: RealData) -> None:
        """Take over what `state_dict` returned."""
        self.load_weights(saved)
        if saved["real_tokens"] + saved["synthetic_tokens"] > config.play.start_tokens:  # before, there is none yet
            self.first.load_state_dict(saved["first"])
        self.real = real_source(config, data, saved["real_position"])
        self.store = ReplayStore(config.play.max_draws)
        self.store.append(
            Example(Task(*task), answer, Source.SYNTHETIC, number, work)
            for *task, answer, number, work in saved["store"]
        )
        self.store.n_draws = list(saved["store_draws"])
        self.ledger = Ledger(saved["ledger"])
        self.solve_rates.clear()
        self.solve_rates.update(saved["solve_rates"])  # in place: the curriculum holds it
        for name in ("round", "real_tokens", "synthetic_tokens", "best_validation", "reports"):
            setattr(self, name, saved[name])


def real_source(config: RunConfig, data: RealData, position: tuple[int, int] = (0, 0)) -> RealSource:
    """The arm's real data from a position on."""
    if config.arm.real == "fresh":
        return RealSource(data.fresh, position)
    return RealSource.pool(data.pool, config.seed, position)
