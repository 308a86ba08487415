"""Decoding in slots: logits of a full forward, with the compiled kernel and without, whoever leaves or joins."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

import selfplay.model.kernel as kernel_module
from selfplay.config import ModelConfig
from selfplay.model.flops import decode_flops
from selfplay.model.gpt import GPT, Prefix, in_one_dtype
from selfplay.model.kernel import kernel
from selfplay.model.slots import Slots

VOCAB = 11


@pytest.fixture(params=["kernel", "plain"])
def way(request, monkeypatch) -> str:
    """With the compiled kernel, which has to compile here, or without."""
    if request.param == "plain":
        monkeypatch.setattr("selfplay.model.slots.kernel", lambda: None)
    else:
        assert kernel() is not None
    return request.param


def made(config: ModelConfig, dtype: torch.dtype = torch.float32, std: float = 0.5) -> GPT:
    model = GPT(config, VOCAB).eval()
    torch.manual_seed(0)
    for parameter in model.parameters():  # far from initialisation, where little depends on anything
        torch.nn.init.normal_(parameter, std=std)
    model.compute_dtype = dtype
    return in_one_dtype(model)


def read(model: GPT, slots: Slots, prompts: list[Tensor], rows: list[int]) -> None:
    """Admit a row for each of `rows`, which name prompts."""
    longest = max(map(len, prompts))
    padded = torch.stack([torch.nn.functional.pad(p, (0, longest - len(p)), value=3) for p in prompts])
    prefix = Prefix()
    model(padded, prefix)
    of_row = torch.tensor(rows)
    slots.admit(prefix, of_row, torch.tensor([len(p) for p in prompts])[of_row])


def write(model: GPT, slots: Slots, tokens: Tensor) -> Tensor:
    """Logits `(R, V)` after one more token in every row."""
    positions = slots.begin_step()
    logits = model(tokens[:, None], slots, positions=positions)[:, 0]
    slots.end_step()
    return logits


@torch.inference_mode()
@pytest.mark.parametrize(
    "shape",
    [
        {"n_kv_head": 1, "head_dim": 8},
        {"n_kv_head": 2, "head_dim": 16},
        {"n_head": 4, "n_kv_head": 2, "head_dim": 32},
        {"n_head": 2, "n_kv_head": 2, "head_dim": 6, "tie_embeddings": False},
    ],
    ids=str,
)
def test_rows_that_join_and_leave_are_written_as_if_alone(tiny_model: ModelConfig, way: str, shape: dict):
    model = made(replace(tiny_model, context_length=40, **shape))
    texts = [torch.randint(VOCAB, (30,)) for _ in range(6)]
    n_read = [3, 9, 1, 5, 2, 20]
    slots = Slots(model, 5)
    read(model, slots, [texts[i][: n_read[i]] for i in range(3)], [0, 1, 2])
    rows = [0, 1, 2]  # which text each row is
    for step in range(14):
        if step == 4:  # one leaves
            slots.keep(torch.tensor([0, 2]))
            rows = [0, 2]
        if step == 7:  # three join, into slots that were used and others; two of them continue one prompt
            read(model, slots, [texts[i][: n_read[i]] for i in (3, 4)], [0, 1, 1])
            rows += [3, 4, 4]
        lengths = slots.lengths.tolist()
        logits = write(model, slots, torch.stack([texts[i][n] for i, n in zip(rows, lengths, strict=True)]))
        for row, (text, n) in enumerate(zip(rows, lengths, strict=True)):
            alone = model(texts[text][None, : n + 1])[0, -1]
            torch.testing.assert_close(logits[row], alone, atol=2e-5, rtol=1e-5)


@torch.inference_mode()
def test_in_bf16_the_kernel_is_as_near_to_fp32_as_the_full_forward(tiny_model: ModelConfig, way: str):
    config = replace(tiny_model, d_model=64, head_dim=32, n_layer=3, d_ff=128, context_length=40)
    exact, rounded = made(config, std=0.1), made(config, torch.bfloat16, std=0.1)
    text = torch.randint(VOCAB, (30,))
    slots = Slots(rounded, 2)
    read(rounded, slots, [text[:10]], [0, 0])
    for n in range(10, 30):
        logits = write(rounded, slots, text[[n, n]]).float()
    wanted = exact(text[None])[0, -1].log_softmax(-1)
    full = (rounded(text[None])[0, -1].float().log_softmax(-1) - wanted).abs().max()
    assert (logits.log_softmax(-1) - wanted).abs().max() < max(2 * full.item(), 2e-2)
    torch.testing.assert_close(logits[0], logits[1])


@torch.inference_mode()
def test_threads_share_rows_and_change_nothing(tiny_model: ModelConfig):
    model = made(tiny_model)
    text = torch.randint(VOCAB, (16,))
    found = []
    for n_threads in (1, 3):
        torch.set_num_threads(n_threads)
        try:
            slots = Slots(model, 7)
            read(model, slots, [text[:5]], [0] * 7)
            found.append(write(model, slots, text[5:6].expand(7)))
        finally:
            torch.set_num_threads(1)
    torch.testing.assert_close(found[0], found[1])


@torch.inference_mode()
def test_decoding_flops_equal_pytorchs_counter(tiny_model: ModelConfig, monkeypatch):
    monkeypatch.setattr("selfplay.model.slots.kernel", lambda: None)  # the counter knows PyTorch's products only
    model, n_new = made(tiny_model), 6
    slots = Slots(model, 1)
    read(model, slots, [torch.randint(VOCAB, (5,))], [0])
    with FlopCounterMode(display=False) as counter:
        for _ in range(n_new - 1):
            write(model, slots, torch.randint(VOCAB, (1,)))
    assert counter.get_total_flops() == decode_flops(model.config, VOCAB, 5, n_new)


@pytest.mark.parametrize("compiler", ["", "/bin/false"], ids=["none", "one that fails"])
def test_without_a_compiler_sampling_goes_on_and_says_so(compiler: str, monkeypatch, capsys, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(kernel_module.shutil, "which", lambda name: compiler or None)
    assert kernel.__wrapped__() is None
    said = capsys.readouterr().err
    assert said.startswith("no compiled decoding (")
    assert said.count("\n") == 1


def test_what_is_compiled_is_kept(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kernel.__wrapped__() is not None
    (made_file,) = (tmp_path / "selfplay").iterdir()
    monkeypatch.setattr(kernel_module.subprocess, "run", lambda *_, **__: pytest.fail("compiled twice"))
    assert kernel.__wrapped__() is not None
    assert made_file.suffix == ".so"
