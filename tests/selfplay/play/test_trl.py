"""Our losses against those of TRL, on the same tensors: values and gradients. Needs the extra `trl`.

TRL's losses are methods of its trainers, which want a whole model to be built: they are called with a stand-in that
has the attributes they read. Prints the largest difference of each: run with -s to see it.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from selfplay.play.policy_loss import average, clipped_loss, divergence, preference_loss

N, T, LONGEST = 12, 9, 14


@pytest.fixture(scope="module")
def trainers() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies
        pytest.importorskip("trl", reason="needs the extra trl")
        from trl.trainer.dpo_trainer import DPOTrainer
        from trl.trainer.grpo_trainer import GRPOTrainer
        from trl.trainer.rloo_trainer import RLOOTrainer
    return SimpleNamespace(grpo=GRPOTrainer, rloo=RLOOTrainer, dpo=DPOTrainer)


class Accelerator:
    num_processes, device = 1, torch.device("cpu")

    def gather(self, x: Tensor) -> Tensor:
        return x

    gather_for_metrics = gather

    def reduce(self, x: Tensor, reduction: str) -> Tensor:
        return x


class Tensors:
    """Texts of unequal length, sampled by a model a little away from the one that learns."""

    def __init__(self, seed: int) -> None:
        draw = torch.Generator().manual_seed(seed)
        self.new = (-3.0 * torch.rand(N, T, generator=draw)).requires_grad_()
        self.old = self.new.detach() + 0.3 * torch.randn(N, T, generator=draw)
        self.base = self.new.detach() + 0.5 * torch.randn(N, T, generator=draw)
        self.advantages = torch.randn(N, generator=draw)
        lengths = torch.randint(1, T + 1, (N, 1), generator=draw)
        self.mask = torch.arange(T) < lengths

    def compare(self, ours: Tensor, theirs: Tensor) -> float:
        """Largest difference of value and of gradient."""
        gradients = [torch.autograd.grad(loss, self.new, retain_graph=True)[0] for loss in (ours, theirs)]
        assert gradients[0].abs().max() > 1e-3, "nothing is compared"
        return max((ours - theirs).abs().item(), (gradients[0] - gradients[1]).abs().max().item())


def trainer(new: Tensor, **attributes: Any) -> SimpleNamespace:
    def logps(*_: Any, **__: Any) -> tuple[Tensor, Tensor, None]:
        return new, torch.zeros_like(new), None

    defaults = {
        "_get_per_token_logps_and_entropies": logps, "aux_loss_enabled": False, "top_entropy_quantile": 1.0,
        "off_policy_mask_threshold": None, "importance_sampling_level": "token", "beta": 0.0, "use_vllm": False,
        "epsilon_low": 0.2, "epsilon_high": 0.2, "max_completion_length": LONGEST, "accelerator": Accelerator(),
        "current_gradient_accumulation_steps": 1, "_entropy_bonus_enabled": False,
        "args": SimpleNamespace(delta=None, use_bias_correction_kl=False, steps_per_generation=1),
        "model": SimpleNamespace(training=True), "_metrics": defaultdict(lambda: defaultdict(list)),
    }  # fmt: skip
    return SimpleNamespace(**{**defaults, **attributes})


def inputs(case: Tensors) -> dict[str, Tensor]:
    prompt = torch.zeros(N, 1, dtype=torch.long)
    return {
        "prompt_ids": prompt, "prompt_mask": prompt, "completion_ids": torch.zeros(N, T, dtype=torch.long),
        "completion_mask": case.mask.long(), "advantages": case.advantages, "old_per_token_logps": case.old,
        "ref_per_token_logps": case.base, "num_items_in_batch": case.mask.sum(),
        "old_logps": (case.old * case.mask).sum(1),
    }  # fmt: skip


POLICIES = {"grpo": "text", "bnpo": "token", "dapo": "token", "dr_grpo": "constant"}


@pytest.mark.parametrize("loss_type", POLICIES)
@pytest.mark.parametrize("clip_high", [0.2, 0.28])
def test_clipped_losses(trainers: Any, loss_type: str, clip_high: float) -> None:
    largest = 0.0
    for seed in range(10):
        case = Tensors(seed)
        stand_in = trainer(case.new, loss_type=loss_type, epsilon_high=clip_high)
        theirs = trainers.grpo._compute_loss(stand_in, None, inputs(case))
        ours = clipped_loss(
            case.new * case.mask, case.old * case.mask, case.advantages, case.mask, clip_high=clip_high,
            averaging=POLICIES[loss_type], longest=LONGEST,  # type: ignore[arg-type]
        )  # fmt: skip
        largest = max(largest, case.compare(ours, theirs))
    print(f"\n{loss_type}, clip_high {clip_high}: {largest:.1e}")
    assert largest < 1e-6


def test_the_divergence(trainers: Any) -> None:
    """TRL adds it token by token before averaging, ours is averaged on its own: the same where both go over tokens."""
    largest = 0.0
    for seed in range(10):
        case = Tensors(seed)
        theirs = trainers.grpo._compute_loss(trainer(case.new, loss_type="bnpo", beta=0.3), None, inputs(case))
        arguments = case.new * case.mask, case.old * case.mask, case.advantages, case.mask
        ours = clipped_loss(*arguments) + 0.3 * divergence(case.new * case.mask, case.base * case.mask, case.mask)
        largest = max(largest, case.compare(ours, theirs))
    print(f"\nbnpo with divergence: {largest:.1e}")
    assert largest < 1e-6


def test_rloo_on_policy(trainers: Any) -> None:
    """TRL's RLOO clips the ratio of a whole text, ours that of each token: gradients agree where nothing is clipped."""
    largest = 0.0
    for seed in range(10):
        case = Tensors(seed)
        case.old = case.new.detach()
        theirs = trainers.rloo._compute_loss(trainer(case.new), None, inputs(case))
        ours = clipped_loss(
            case.new * case.mask, case.old * case.mask, case.advantages, case.mask, averaging="constant", longest=1
        )
        gradients = [torch.autograd.grad(loss, case.new, retain_graph=True)[0] for loss in (ours, theirs)]
        assert gradients[0].abs().max() > 1e-3
        largest = max(largest, (gradients[0] - gradients[1]).abs().max().item())
    print(f"\nrloo, gradient on policy: {largest:.1e}")
    assert largest < 1e-6


def test_preferences(trainers: Any) -> None:
    largest = 0.0
    for seed in range(10):
        case = Tensors(seed)
        padded = torch.nn.functional.pad(case.mask, (1, 0))

        def model(values: Tensor, mask: Tensor = case.mask) -> Callable[..., SimpleNamespace]:
            blank = torch.zeros(N, T)
            outputs = SimpleNamespace(
                log_probs=values * mask, entropy=blank, mean_logits=blank, is_top1=mask, log_sum_sq_probs=blank
            )
            return lambda **_: outputs

        stand_in = trainer(
            case.new, ld_alpha=None, precompute_ref_logps=True, f_divergence_type="reverse_kl", beta=0.1,
            loss_types=["sigmoid"], loss_weights=[1.0], use_weighting=False, _total_train_tokens=0, _tp_size=1,
        )  # fmt: skip
        base = (case.base * case.mask).sum(1)
        batch = {
            "input_ids": torch.zeros(N, T + 1, dtype=torch.long), "attention_mask": torch.ones(N, T + 1),
            "completion_mask": padded.long(), "ref_chosen_logps": base[: N // 2], "ref_rejected_logps": base[N // 2 :],
        }  # fmt: skip
        theirs = trainers.dpo._compute_loss(stand_in, model(case.new), batch, False)
        sums = (case.new * case.mask).sum(1)
        ours = preference_loss(sums[: N // 2], sums[N // 2 :], base[: N // 2], base[N // 2 :], beta=0.1)
        largest = max(largest, case.compare(ours, theirs))
    print(f"\ndpo: {largest:.1e}")
    assert largest < 1e-6


def test_the_comparison_sees_a_difference() -> None:
    case = Tensors(0)
    arguments = case.new * case.mask, case.old * case.mask, case.advantages, case.mask
    assert case.compare(clipped_loss(*arguments), clipped_loss(*arguments, averaging="text")) > 1e-3
    assert average(case.new, case.mask, "token").item() < 0
