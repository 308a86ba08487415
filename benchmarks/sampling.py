"""Sampling with our cache against the same weights read again in full for every token, one CPU thread.

The peer is the plain loop: prompts of one length side by side, a whole forward per token, until all rows have ended.
Before timing, both write the same greedy texts.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from _measure import alternate, report

from selfplay.config import StudyConfig
from selfplay.configfile import load_config
from selfplay.model.gpt import GPT
from selfplay.model.sampler import Sampler
from selfplay.model.tokenizer import END

QUICKSTART = Path(__file__).parents[1] / "configs" / "quickstart.yaml"
VOCABULARY = 18


@torch.inference_mode()
def sample_without_cache(model: GPT, prompts: list[list[int]], temperature: float) -> list[tuple[int, ...]]:
    """Texts of prompts of equal length, until the end token or a full context."""
    tokens = torch.tensor(prompts)
    n_read = tokens.shape[1]
    done = torch.zeros(len(tokens), dtype=torch.bool)
    while tokens.shape[1] < model.config.context_length and not done.all():
        logits = model(tokens)[:, -1]
        token = torch.multinomial((logits / temperature).softmax(-1), 1)[:, 0] if temperature else logits.argmax(-1)
        tokens = torch.cat((tokens, token[:, None]), 1)
        done |= token == END
    written = tokens[:, n_read:].tolist()
    return [tuple(row[: row.index(END) + 1] if END in row else row) for row in written]


def main() -> None:
    """Time the quickstart's shape and a longer one."""
    torch.set_num_threads(1)
    study = load_config(StudyConfig, QUICKSTART)
    rows = []
    for n_prompts, n_read, context in ((1_000, 6, 12), (64, 16, 80)):
        config = replace(study.model, context_length=context, tie_embeddings=False)
        model = GPT(config, VOCABULARY, torch.Generator().manual_seed(0)).eval()
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(6.0 if weight.ndim == 2 else 1.0)  # untrained weights write all texts alike
        generator = torch.Generator().manual_seed(1)
        prompts = torch.randint(END + 1, VOCABULARY, (n_prompts, n_read), generator=generator).tolist()
        sampler = Sampler(model)
        greedy = [c.tokens for c in sampler.sample(prompts, key=0, stop=END, temperature=0)]
        if greedy != sample_without_cache(model, prompts, 0.0):
            raise SystemExit("the cached and the plain sampler wrote different greedy texts")
        rows.append(
            alternate(
                f"{n_prompts} prompts, {n_read} to {context} tokens",
                lambda: sampler.sample(prompts, key=0, stop=END),  # noqa: B023
                lambda: sample_without_cache(model, prompts, 1.0),  # noqa: B023
                8.0,
                f"{len(set(greedy)):,} different greedy texts, all equal",
            )
        )
    report("sampling: cached decoding against a full forward per token", rows)


if __name__ == "__main__":
    main()
