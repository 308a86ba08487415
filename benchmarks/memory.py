"""Peak memory of the sampler with every slot taken, each size and dtype in a process of its own, beside the formula.

Keys and values take 2 * layers * key-value heads * head size * context * bytes * rows. What the process grows by is
more: weights in a second dtype, a pass over the prompts, a step's activations, and what the allocator keeps.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
from pathlib import Path
from typing import Any

import torch
from _measure import write
from _peers import DTYPES, SIZES, ours, prompts_of

from selfplay.model import sampler
from selfplay.model.slots import Slots
from selfplay.model.tokenizer import END

MIB = 2**20


def peak_bytes() -> int:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts KiB


def measure(name: str, precision: str) -> dict[str, Any]:
    """Rows, bytes of keys and values, and how far the peak rose over one sampling of `MAX_ROWS` texts."""
    torch.set_num_threads(1)
    model = ours(name, DTYPES[precision])
    made: list[int] = []

    def counted(model: Any, n_slots: int) -> Slots:
        made.append(n_slots)
        return Slots(model, n_slots)

    sampler.Slots = counted  # type: ignore[assignment, misc]
    writer = sampler.Sampler(model)
    writer.sample(prompts_of(4, 16, 64), key=0, stop=END)  # the kernel is built and loaded
    before = peak_bytes()
    writer.sample(prompts_of(sampler.MAX_ROWS, 16, 64), key=0, stop=END)
    config, n_rows = SIZES[name], made[-1]
    row_bytes = 2 * config.n_layer * config.n_kv_head * config.head_dim * config.context_length
    return {
        "size": name,
        "dtype": precision,
        "rows": n_rows,
        "keys_and_values_mib": row_bytes * DTYPES[precision].itemsize * n_rows / MIB,
        "grew_mib": (peak_bytes() - before) / MIB,
        "peak_mib": peak_bytes() / MIB,
    }


def main() -> None:
    """Measure the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--json", type=Path, metavar="PATH")
    arguments = parser.parse_args()
    found = []
    for name in arguments.sizes:
        for precision in DTYPES:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                row = pool.apply(measure, (name, precision))
            found.append(row)
            print(
                f"{name:<8}{precision}  {row['rows']:>5} rows at once of {sampler.MAX_ROWS} texts   keys and values "
                f"{row['keys_and_values_mib']:>6.0f} MiB   grew by {row['grew_mib']:>6.0f}   "
                f"peak of the process {row['peak_mib']:>6.0f}",
                flush=True,
            )
    write(arguments.json, found)


if __name__ == "__main__":
    main()
