"""Several transformers read as one: the average of their next-token probabilities.

Members that were trained alike but for their initial weights and order of data err in different places, and their
average has a lower loss than any (Kim et al. 2025, 2509.14786, on limited data). Nothing here trains: members are
trained alone.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from selfplay.config import ModelConfig
from selfplay.model.gpt import GPT, Attention, Memory


class _Layers(Memory):
    """A member's part of a memory that has the layers of all members, one after the other."""

    def __init__(self, memory: Memory, first: int) -> None:
        self._memory, self._first, self.mask = memory, first, memory.mask

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        return self._memory.extend(self._first + layer, keys, values)

    def attend(self, layer: int, attention: Attention, qkv: Tensor) -> Tensor | None:
        return self._memory.attend(self._first + layer, attention, qkv)


class Ensemble(nn.Module):
    """Has what a `GPT` has for those who read it: evaluation, sampling, log-probabilities."""

    def __init__(self, members: Sequence[GPT]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.config, self.vocab_size = members[0].config, members[0].vocab_size

    @property
    def embedding(self) -> nn.Embedding:
        """The first member's, for its device and its precision."""
        return self.members[0].embedding

    @property
    def cos(self) -> Tensor:
        """Of the rotary positions, which members have alike."""
        return self.members[0].cos

    @property
    def sin(self) -> Tensor:
        """Likewise."""
        return self.members[0].sin

    @property
    def n_members(self) -> int:
        """How many models read every token."""
        return len(self.members)

    @property
    def compute_dtype(self) -> torch.dtype:
        """Of the members' matrix products."""
        dtype: torch.dtype = self.members[0].compute_dtype
        return dtype

    @compute_dtype.setter
    def compute_dtype(self, dtype: torch.dtype) -> None:
        for member in self.members:
            member.compute_dtype = dtype

    def forward(
        self,
        tokens: Tensor,
        memory: Memory | None = None,
        wanted: Tensor | None = None,
        positions: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Log-probabilities, `(B, T, V)` or `(W, V)`, which serve as logits; see `GPT.forward`."""
        n_layer, each = self.config.n_layer, []
        for number, member in enumerate(self.members):
            own = None if memory is None else _Layers(memory, number * n_layer)
            each.append(member(tokens, own, wanted, positions, mask).float().log_softmax(-1))
        return torch.stack(each).logsumexp(0) - math.log(self.n_members)


def build_model(config: ModelConfig, vocab_size: int, n_members: int = 1) -> GPT:
    """A model to load saved weights into: a `GPT`, or an ensemble that is read like one."""
    members = [GPT(config, vocab_size) for _ in range(n_members)]
    return members[0] if n_members == 1 else averaged(members)


def averaged(members: Sequence[GPT]) -> GPT:
    """The members as one model, to be read and not trained; they are copied."""
    copies = [copy.deepcopy(member).requires_grad_(False).eval() for member in members]
    return cast("GPT", Ensemble(copies))
