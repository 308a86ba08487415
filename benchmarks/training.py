"""A training step of our transformer against one built from torch.nn.TransformerEncoder, of the same sizes.

Both: same width, depth, heads and feed-forward width, weighted next-token loss, clipping and fused AdamW, on the same
tokens, one CPU thread. Ours has a gated feed-forward, so its feed-forward holds half as many weights again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from _measure import alternate, report
from torch import Tensor, nn

from selfplay.config import ModelConfig, StudyConfig
from selfplay.configfile import load_config
from selfplay.data.encoding import Batch
from selfplay.model.gpt import GPT
from selfplay.model.optim import build_optimizer
from selfplay.play.learn import weighted_loss

QUICKSTART = Path(__file__).parents[1] / "configs" / "quickstart.yaml"
VOCABULARY = 18


class Peer(nn.Module):
    """A causal language model as PyTorch's own layers give it."""

    def __init__(self, config: ModelConfig, dropout: float) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            config.d_model, config.n_head, config.d_ff, dropout, batch_first=True, norm_first=True
        )
        self.embedding = nn.Embedding(VOCABULARY, config.d_model)
        self.position = nn.Embedding(config.context_length, config.d_model)
        self.encoder = nn.TransformerEncoder(layer, config.n_layer, nn.LayerNorm(config.d_model), False)
        self.head = nn.Linear(config.d_model, VOCABULARY, bias=False)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(config.context_length))

    def forward(self, tokens: Tensor) -> Tensor:
        """`(B, T)` to `(B, T, V)`."""
        n = tokens.shape[1]
        x = self.embedding(tokens) + self.position.weight[:n]
        return self.head(self.encoder(x, mask=self.mask[:n, :n], is_causal=True))


def trainer(model: nn.Module, study: StudyConfig, batch: Batch) -> Callable[[], None]:
    """A function that takes ten steps."""
    optimizer = build_optimizer(model.train(), study.optim, study.optim.weight_decay)

    def steps() -> None:
        for _ in range(10):
            weighted_loss(model(batch.inputs), batch, study.optim.task_weight).backward()
            nn.utils.clip_grad_norm_(model.parameters(), study.optim.clip_norm)
            optimizer.step()
            optimizer.zero_grad()

    return steps


def main() -> None:
    """Time the quickstart's shape and a longer one."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    study = load_config(StudyConfig, QUICKSTART)
    rows = []
    for n_rows, n_tokens in ((study.optim.batch_size, 11), (32, 128)):
        config = replace(study.model, context_length=max(n_tokens, 12))
        tokens = torch.randint(VOCABULARY, (n_rows, n_tokens + 1))
        is_task = (torch.arange(n_tokens) < n_tokens // 2).expand(n_rows, -1)
        batch = Batch(tokens[:, :-1], tokens[:, 1:], is_task, ~is_task)
        ours, peer = GPT(config, VOCABULARY), Peer(config, study.optim.dropout)
        ours.dropout = study.optim.dropout
        sizes = [sum(p.numel() for p in model.parameters()) for model in (ours, peer)]
        note = f"weights {sizes[0]:,} and {sizes[1]:,}"
        case = f"10 steps, {n_rows} x {n_tokens} tokens"
        rows.append(alternate(case, trainer(ours, study, batch), trainer(peer, study, batch), 10.0, note))
    report("training: selfplay's GPT against torch.nn.TransformerEncoder", rows)


if __name__ == "__main__":
    main()
