"""How the processes that share a run split its work and agree: everything here is an identity where there is one.

Work is split by item number: the items of a process are a slice of the list, and what it made of them is gathered in
the order of the list. Draws are keyed by item (`Sampler.sample`'s `first_item`), so results do not depend on how many
processes there are. Every process calls these functions in the same order, or all of them wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch.distributed as distributed
from torch import Tensor

Item = TypeVar("Item")
Result = TypeVar("Result")


def n_processes() -> int:
    """Processes that share the run."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def mine(items: Sequence[Item]) -> Sequence[Item]:
    """This process's slice of the items; possibly none."""
    start, end = _slice(len(items))
    return items if n_processes() == 1 else items[start:end]


def first_of_mine(n_items: int) -> int:
    """Number of the first of them."""
    return _slice(n_items)[0]


def gathered(results: Sequence[Result]) -> list[Result]:
    """What all processes made of their slices, in the order of the items."""
    if n_processes() == 1:
        return list(results)
    parts: list[Any] = [None] * n_processes()
    distributed.all_gather_object(parts, list(results))
    return [result for part in parts for result in part]


def split(items: Sequence[Item], work: Callable[[Sequence[Item]], Sequence[Result]]) -> list[Result]:
    """`work` on all items, each process doing its slice; results in the order of the items, the same in each."""
    return gathered(work(mine(items)))


def summed(tensor: Tensor) -> Tensor:
    """The sum over processes, the same bits in each."""
    if n_processes() > 1:
        tensor = tensor.clone()
        distributed.all_reduce(tensor)
    return tensor


def agreed(value: Result) -> Result:
    """The first process's value."""
    if n_processes() == 1:
        return value
    values = [value]
    distributed.broadcast_object_list(values)
    return values[0]


def _slice(n_items: int) -> tuple[int, int]:
    n = n_processes()
    number = distributed.get_rank() if n > 1 else 0
    return number * n_items // n, (number + 1) * n_items // n
