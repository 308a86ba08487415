"""Losses of policy gradients and preferences against cases computed by hand, and against their definitions."""

import math

import pytest
import torch
from torch import Tensor

from selfplay.play.advantages import informative, leave_one_out, normalised
from selfplay.play.policy_loss import average, clipped_loss, divergence, preference_loss

REWARDS = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0, 5.0])
GROUPS = torch.tensor([0, 0, 0, 1, 1, 2])


def test_leave_one_out():
    assert leave_one_out(REWARDS, GROUPS).tolist() == pytest.approx([1.0, -0.5, -0.5, 0.0, 0.0, 0.0])


def test_leave_one_out_is_unbiased_where_the_mean_is_not():
    """With the sample itself in the baseline, advantages shrink by (n - 1)/n."""
    rewards, groups = torch.tensor([1.0, 0.0, 0.0, 0.0]), torch.zeros(4, dtype=torch.long)
    ratio = normalised(rewards, groups, by_deviation=False) / leave_one_out(rewards, groups)
    assert ratio.tolist() == pytest.approx([0.75] * 4)


def test_normalised():
    centred = normalised(REWARDS, GROUPS, by_deviation=False)
    assert centred.tolist() == pytest.approx([2 / 3, -1 / 3, -1 / 3, 0.0, 0.0, 0.0])
    deviation = math.sqrt(((2 / 3) ** 2 + 2 * (1 / 3) ** 2) / 2)
    scaled = normalised(REWARDS, GROUPS, by_deviation=True)
    assert scaled.tolist() == pytest.approx([2 / 3 / deviation, *[-1 / 3 / deviation] * 2, 0.0, 0.0, 0.0], rel=1e-5)


def test_order_of_samples_does_not_matter():
    order = torch.tensor([4, 2, 0, 5, 1, 3])
    for function in (leave_one_out, lambda r, g: normalised(r, g, by_deviation=True)):
        assert torch.equal(function(REWARDS, GROUPS)[order], function(REWARDS[order], GROUPS[order]))


def test_groups_without_a_gradient():
    assert informative(REWARDS, GROUPS).tolist() == [True, True, True, False, False, False]
    assert informative(REWARDS[:0], GROUPS[:0]).tolist() == []


def test_no_samples_no_advantages():
    assert leave_one_out(REWARDS[:0], GROUPS[:0]).shape == (0,)


OLD = torch.log(torch.tensor([[0.5, 0.5, 1.0], [0.5, 1.0, 1.0]]))
MASK = torch.tensor([[True, True, False], [True, False, False]])


def test_clipping_by_hand():
    new = OLD + torch.log(torch.tensor([[1.5, 0.9, 9.0], [0.5, 9.0, 9.0]]))
    gain = clipped_loss(new, OLD, torch.tensor([1.0, -2.0]), MASK, averaging="token")
    # 1.5 is cut to 1.2, 0.9 is not; for the bad text the ratio 0.5 is cut to 0.8, which is the worse of the two
    assert gain.item() == pytest.approx(-(1.2 + 0.9 - 1.6) / 3)
    higher = clipped_loss(new, OLD, torch.tensor([1.0, -2.0]), MASK, clip_high=0.28, averaging="token")
    assert higher.item() == pytest.approx(-(1.28 + 0.9 - 1.6) / 3)


def test_averaging_by_hand():
    values = torch.tensor([[1.0, 3.0, 99.0], [4.0, 99.0, 99.0]])
    assert average(values, MASK, "text").item() == pytest.approx((2.0 + 4.0) / 2)
    assert average(values, MASK, "token").item() == pytest.approx(8.0 / 3)
    assert average(values, MASK, "constant", 5).item() == pytest.approx(8.0 / 10)
    with pytest.raises(ValueError, match="needs longest"):
        average(values, MASK, "constant")


def gradient(loss: Tensor, parameter: Tensor) -> Tensor:
    (found,) = torch.autograd.grad(loss, parameter)
    return found


def test_on_policy_the_gradient_is_reinforce():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 5, generator=generator).requires_grad_()
    tokens = torch.randint(5, (2, 3, 1), generator=generator)
    advantages = torch.tensor([0.7, -1.3])
    logprobs = logits.log_softmax(-1).gather(-1, tokens)[..., 0]
    clipped = gradient(clipped_loss(logprobs, logprobs.detach(), advantages, MASK), logits)
    logprobs = logits.log_softmax(-1).gather(-1, tokens)[..., 0]
    reinforce = gradient(-(advantages[:, None] * logprobs * MASK).sum() / MASK.sum(), logits)
    assert torch.allclose(clipped, reinforce, atol=1e-7)


def test_a_step_past_the_clip_has_no_gradient():
    logprobs = (OLD + math.log(2.0)).requires_grad_()
    past = gradient(clipped_loss(logprobs, OLD, torch.tensor([1.0, 1.0]), MASK), logprobs)
    assert not past.any()
    back = gradient(clipped_loss(logprobs, OLD, torch.tensor([-1.0, -1.0]), MASK), logprobs)
    assert back[MASK].all(), "a text that became likelier and is bad is pushed back however far it is"


def test_divergence_is_the_kl_on_average_and_never_negative():
    model, base = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.3, 0.3, 0.4])
    one = torch.ones(1, 1, dtype=torch.bool)
    each = [divergence(m.log().view(1, 1), b.log().view(1, 1), one) for m, b in zip(model, base, strict=True)]
    assert min(each) >= 0
    mean = sum(m * value for m, value in zip(model, each, strict=True))
    assert mean.item() == pytest.approx((model * (model / base).log()).sum().item(), rel=1e-5)


def test_preference_by_hand():
    chosen, rejected = torch.tensor([-1.0, -2.0]), torch.tensor([-3.0, -2.0])
    base = torch.tensor([-2.0, -2.0])
    loss = preference_loss(chosen, rejected, base, base, beta=0.5)
    by_hand = [math.log1p(math.exp(-0.5 * 2.0)), math.log(2.0)]
    assert loss.item() == pytest.approx(sum(by_hand) / 2)
