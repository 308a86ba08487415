"""Keys and values of texts being written: preallocated, a slot each, rows of any length side by side."""

from __future__ import annotations

import torch
from torch import Tensor

from selfplay.model.gpt import GPT, Attention, Memory, Prefix
from selfplay.model.kernel import DTYPES, Kernel, kernel


class Slots(Memory):
    """The rows being written, each in a slot of its own and as far as it has come.

    With the compiled kernel rows are read where they lie, so leaving is free. Without it rows lie side by side in the
    first slots, and those that stay move up when others leave.

    Attributes:
        lengths: `(R,)` int64, tokens stored of each row.
    """

    def __init__(self, model: GPT, n_slots: int) -> None:
        config, device, dtype = model.config, model.embedding.weight.device, model.compute_dtype
        n_layers = model.n_members * config.n_layer
        shape = (n_slots, config.n_kv_head, config.context_length, config.head_dim)
        # Zeros: a place not yet written to weighs nothing, but nothing times what lay there by chance may be no number.
        self._keys, self._values = (
            [torch.zeros(shape, dtype=dtype, device=device) for _ in range(n_layers)] for _ in range(2)
        )
        self._tables = model.cos, model.sin
        self._kernel: Kernel | None = kernel() if device.type == "cpu" and dtype in DTYPES else None
        self.lengths = torch.empty(0, dtype=torch.int64, device=device)
        self._slots = self.lengths
        self._free = torch.arange(n_slots, device=device)
        self._longest = 0  # tokens of the longest row, or more: counted here, so that no device is asked

    @property
    def n_free(self) -> int:
        """Slots without a row."""
        return len(self._free)

    def admit(self, prefix: Prefix, rows: Tensor, lengths: Tensor) -> None:
        """Take up texts that begin with what was read; they become the last rows.

        Args:
            prefix: Of P prompts, padded on the right.
            rows: `(R,)` which of the P each new row continues.
            lengths: `(R,)` tokens of its prompt.
        """
        slots, self._free = self._free.split((len(rows), len(self._free) - len(rows)))
        n_tokens = prefix.keys[0].shape[2]
        for stored, read in zip((*self._keys, *self._values), (*prefix.keys, *prefix.values), strict=True):
            stored[slots, :, :n_tokens] = read[rows]
        self._slots = torch.cat((self._slots, slots))
        self.lengths = torch.cat((self.lengths, lengths))
        self._longest = max(self._longest, n_tokens)

    def keep(self, rows: Tensor) -> None:
        """Let go of all rows but the given ones, `(R',)` in ascending order."""
        left = torch.ones(len(self._slots), dtype=torch.bool, device=rows.device)
        left[rows] = False
        if self._kernel is not None:
            self._free = torch.cat((self._free, self._slots[left]))
            self._slots = self._slots[rows]
        else:
            for stored in (*self._keys, *self._values):
                stored[: len(rows), :, : self._longest] = stored[rows, :, : self._longest]
            self._slots = torch.arange(len(rows), device=rows.device)
            self._free = torch.arange(len(rows), len(self._keys[0]), device=rows.device)
        self.lengths = self.lengths[rows]
        self._longest = int(self.lengths.max()) if len(rows) else 0

    def begin_step(self) -> Tensor:
        """Make ready for one more token a row; returns its place `(R, 1)`. `end_step` counts it."""
        self._longest = min(self._longest + 1, self._keys[0].shape[2])
        if self._kernel is None:
            seen = torch.arange(self._longest, device=self.lengths.device) <= self.lengths[:, None]
            self.mask = seen[:, None, None]
        return self.lengths[:, None]

    def end_step(self) -> None:
        """Count the token; a row at the end of the context stays there, for nobody reads on."""
        self.lengths = (self.lengths + 1).clamp_max(self._keys[0].shape[2] - 1)

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """See `Memory.extend`."""
        n_rows, found = len(self.lengths), []
        for stored, new in ((self._keys[layer], keys), (self._values[layer], values)):
            stored[self._slots, :, self.lengths] = new[:, :, 0]
            found.append(stored[:n_rows, :, : self._longest])
        return found[0], found[1]

    def attend(self, layer: int, attention: Attention, qkv: Tensor) -> Tensor | None:
        """See `Memory.attend`."""
        if self._kernel is None:
            return None
        mixed = self._kernel.attend(
            qkv[:, 0], self._keys[layer], self._values[layer], self._slots, self.lengths,
            (getattr(attention.q_norm, "weight", None), getattr(attention.k_norm, "weight", None)), self._tables,
            n_head=attention.n_head, eps=getattr(attention.q_norm, "eps", 0.0),
        )  # fmt: skip
        return mixed[:, None]
