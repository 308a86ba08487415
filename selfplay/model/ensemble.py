"""Several transformers read as one: the average of their next-token probabilities.

Members that were trained alike but for their initial weights and order of data err in different places, and their
average has a lower loss than any (Kim et al. 2025, 2509.14786, on limited data). Nothing here trains: members are
trained alone.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from selfplay.config import ModelConfig
from selfplay.model.gpt import GPT, Cache


@dataclass(slots=True)
class Caches:
    """One cache a member."""

    of_member: list[Cache]

    def take(self, rows: Tensor) -> Caches:
        """See `Cache.take`."""
        return Caches([cache.take(rows) for cache in self.of_member])


class Ensemble(nn.Module):
    """Has what a `GPT` has for those who read it: evaluation, sampling, log-probabilities."""

    def __init__(self, members: Sequence[GPT]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.config, self.vocab_size = members[0].config, members[0].vocab_size

    @property
    def n_members(self) -> int:
        """How many models read every token."""
        return len(self.members)

    @property
    def embedding(self) -> nn.Embedding:
        """The first member's, for its device."""
        return self.members[0].embedding

    def forward(self, tokens: Tensor, cache: Caches | None = None, wanted: Tensor | None = None) -> Tensor:
        """Log-probabilities of shape `(B, T, V)`, which serve as logits; see `GPT.forward`."""
        caches = [None] * self.n_members if cache is None else cache.of_member
        each = [
            member(tokens, one, wanted).float().log_softmax(-1)
            for member, one in zip(self.members, caches, strict=True)
        ]  # fmt: skip
        return torch.stack(each).logsumexp(0) - math.log(self.n_members)

    def empty_cache(self, n_rows: int, length: int) -> Caches:
        """See `GPT.empty_cache`."""
        return Caches([member.empty_cache(n_rows, length) for member in self.members])


def build_model(config: ModelConfig, vocab_size: int, n_members: int = 1) -> GPT:
    """A model to load saved weights into: a `GPT`, or an ensemble that is read like one."""
    members = [GPT(config, vocab_size) for _ in range(n_members)]
    return members[0] if n_members == 1 else averaged(members)


def averaged(members: Sequence[GPT]) -> GPT:
    """The members as one model, to be read and not trained; they are copied."""
    copies = [copy.deepcopy(member).requires_grad_(False).eval() for member in members]
    return cast("GPT", Ensemble(copies))
