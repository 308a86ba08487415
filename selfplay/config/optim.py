"""The optimizer and where it computes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from selfplay.config.checks import require, require_fraction, require_not_negative, require_positive
from selfplay.config.model import ModelConfig
from selfplay.config.rate import fitted_rate


@dataclass(frozen=True)
class OptimConfig:
    """AdamW or Muon with a warm-up-stable-decay schedule over training tokens (Hu et al. 2024, 2404.06395).

    Attributes:
        name: `adamw`, or `muon`: orthogonalised momentum for the matrices of blocks, AdamW for the rest.
        lr: Learning rate of the stable phase; `auto` is the rate fitted to the model's size (`config.rate`), and
            becomes that number in a run's configuration.
        warmup_tokens: Tokens over which the rate rises linearly from 0.
        decay_fraction: Last part of the budget, over which the rate falls linearly to 0.
        beta1: First-moment decay.
        beta2: Second-moment decay.
        weight_decay: On matrices, not on norms. Data-limited runs want far more than the usual 0.1.
        dropout: Probability, on the embedding and on residual branches.
        clip_norm: Gradient norm above which gradients are scaled down.
        batch_size: Sequences a step.
        micro_batch: Sequences read at once, whose gradients are summed up to a step; 0 reads all of a step's.
        ema_decay: Per step, of the averaged weights that sample and are evaluated; 0 uses the raw weights.
        task_weight: Loss weight of task tokens; answer tokens weigh 1.
        max_skipped_steps: Steps in a row that may be skipped, their loss or gradient being no finite number, before the
            run stops.
    """

    name: Literal["adamw", "muon"] = "adamw"
    lr: float | Literal["auto"] = 3e-3
    warmup_tokens: int = 100_000
    decay_fraction: float = 0.2
    beta1: float = 0.9
    beta2: float = 0.95
    weight_decay: float = 0.1
    dropout: float = 0.0
    clip_norm: float = 1.0
    batch_size: int = 128
    micro_batch: int = 0
    ema_decay: float = 0.98
    task_weight: float = 1.0
    max_skipped_steps: int = 20

    def __post_init__(self) -> None:
        if isinstance(self.lr, str):
            require(self.lr == "auto", f"optim.lr = {self.lr!r}: must be a number or auto")
            require(self.name == "adamw", f"optim.lr = auto: was fitted for adamw; give a number for {self.name}")
        else:
            require_positive("optim.lr", self.lr)
        for name in ("clip_norm", "batch_size"):
            require_positive(f"optim.{name}", getattr(self, name))
        for name in ("warmup_tokens", "weight_decay", "task_weight", "micro_batch", "max_skipped_steps"):
            require_not_negative(f"optim.{name}", getattr(self, name))
        for name in ("decay_fraction", "beta1", "beta2", "dropout", "ema_decay"):
            require_fraction(f"optim.{name}", getattr(self, name))
        for name in ("beta1", "beta2", "dropout", "ema_decay"):
            require(getattr(self, name) < 1.0, f"optim.{name} = 1: must be below 1")

    @property
    def rate(self) -> float:
        """`lr` of a run, where it is a number."""
        assert not isinstance(self.lr, str), "RunConfig puts the number in"
        return self.lr

    def for_model(self, model: ModelConfig) -> OptimConfig:
        """Itself, with a number for the learning rate.

        Raises:
            ValueError: `auto` is not known for such a model.
        """
        if self.lr != "auto":
            return self
        require(model.from_hf is None, "optim.lr = auto: is for training from nothing; give a number with from_hf")
        return replace(self, lr=fitted_rate(model))


@dataclass(frozen=True)
class DeviceConfig:
    """Where a run computes, in Lightning Fabric's terms.

    Attributes:
        accelerator: Fabric's accelerator.
        precision: Fabric's precision, or `bf16`: training, sampling and scores of texts compute in bf16 by explicit
            casts, which is faster than autocast on a CPU, and held-out losses in fp32. A CPU without bf16 instructions
            is slower in bf16.
        compiled: Whether training steps go through torch.compile: `auto` where the run is long enough to repay it.
        sampler: What writes proposals and attempts: `ours`, or a `vllm` server (see `model.vllm`). Evaluation is ours.
        vllm_url: Root of that server, such as http://localhost:8000.
        n_threads: CPU threads of a process. The number changes float rounding, so it is part of the experiment.
        n_devices: Processes that share a run, one a device (docs/scale-out.md). Tasks and texts are the same for any
            number; sums are rounded otherwise, so it is part of the experiment too.
        strategy: How they share it: `ddp` keeps the weights on every device, `fsdp` a part of them (CUDA only); `auto`
            is `ddp`.
    """

    accelerator: Literal["cpu", "cuda", "auto"] = "cpu"
    precision: Literal["32-true", "bf16-mixed", "bf16"] = "32-true"
    compiled: Literal["auto", "on", "off"] = "auto"
    sampler: Literal["ours", "vllm"] = "ours"
    vllm_url: str = ""
    n_threads: int = 1
    n_devices: int = 1
    strategy: Literal["auto", "ddp", "fsdp"] = "auto"

    def __post_init__(self) -> None:
        named = self.sampler == "ours" or bool(self.vllm_url)
        require(named, "device.sampler = vllm: name its server in device.vllm_url, such as http://localhost:8000")
        require_positive("device.n_threads", self.n_threads)
        require_positive("device.n_devices", self.n_devices)
        fits = self.strategy != "fsdp" or self.accelerator != "cpu"
        require(fits, "device.strategy = fsdp: is for CUDA devices; use ddp, or accelerator: cuda")
