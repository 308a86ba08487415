"""The client of a vLLM server, against a stand-in that serves the exported folder greedily in vLLM's protocol."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

from envs.math.arithmetic import Arithmetic
from selfplay.config import ModelConfig, RunConfig
from selfplay.model.architecture import read_shape
from selfplay.model.gpt import GPT
from selfplay.model.hf import read_weights
from selfplay.model.sampler import Sampler
from selfplay.model.tokenizer import Tokenizer
from selfplay.model.vllm import ServedSampler, VllmServer
from selfplay.play.run import run_arm

pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("default")

TOKENIZER = Tokenizer.of([Arithmetic(operations="+", max_digits=2)])
PROMPTS = [[4, 7, 8, 2], [4], [4, 9, 2], [4, 7, 8, 2]]


class StandIn(ThreadingHTTPServer):
    """Answers with the most likely tokens of the weights it was last told to read."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = Path()
        self.calls: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.leaves_out = ""
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def read(self) -> None:
        self.model = GPT(read_shape(self.folder, 16), len(TOKENIZER)).eval()
        read_weights(self.model, self.folder, len(TOKENIZER))

    def complete(self, said: dict[str, Any]) -> dict[str, Any]:
        sampler = Sampler(self.model)
        texts = sampler.sample([said["prompt"]], key=0, stop=said["stop_token_ids"][0], temperature=0.0)
        choices = [
            {
                "index": index,
                "token_ids": list(texts[0].tokens),
                "logprobs": {"token_logprobs": list(texts[0].token_nats)},
                "finish_reason": "stop" if texts[0].finished else "length",
            }
            for index in reversed(range(said["n"]))
        ]
        for choice in choices:
            choice.pop(self.leaves_out, None)
        return {"choices": choices}


class Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.calls.append(self.path)
            answer: dict[str, Any] = {}
            if self.path == "/collective_rpc":
                assert said == {"method": "reload_weights"}
                self.server.read()
            elif self.path == "/v1/completions":
                self.server.asked.append(said)
                answer = self.server.complete(said)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def model(tiny_model: ModelConfig) -> GPT:
    model = GPT(tiny_model, len(TOKENIZER), torch.Generator().manual_seed(0)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5, generator=torch.Generator().manual_seed(1))
    return model


def test_texts_and_log_probabilities_are_the_servers(stand_in: StandIn, model: GPT, tmp_path: Path):
    stand_in.folder = tmp_path
    served = ServedSampler(model, VllmServer(stand_in.url, tmp_path, TOKENIZER))
    texts = served.sample(PROMPTS, key=3, stop=1, n_per_prompt=2, temperature=0.0)
    ours = Sampler(model).sample(PROMPTS, key=3, stop=1, n_per_prompt=2, temperature=0.0)
    assert [(text.tokens, text.finished) for text in texts] == [(text.tokens, text.finished) for text in ours]
    for one, other in zip(texts, ours, strict=True):
        assert one.token_nats == pytest.approx(other.token_nats, abs=1e-5)
        assert one.logprob_nats == pytest.approx(other.logprob_nats, abs=1e-4)
    assert stand_in.calls[:2] == ["/collective_rpc", "/reset_prefix_cache"]


def test_what_is_asked_of_the_server(stand_in: StandIn, model: GPT, tmp_path: Path):
    stand_in.folder = tmp_path
    served = ServedSampler(model, VllmServer(stand_in.url, tmp_path, TOKENIZER))
    served.sample(PROMPTS, key=3, stop=2, n_per_prompt=2, temperature=0.7, top_k=5, top_p=0.9)
    asked = sorted(stand_in.asked, key=lambda said: len(said["prompt"]))
    assert [said["prompt"] for said in asked[:2]] == [[4], [4, 9, 2]]
    assert [said["max_tokens"] for said in asked] == [15, 13, 12, 12]
    assert len({said["seed"] for said in asked}) == 4, "prompts that are alike draw for themselves"
    for said in asked:
        assert (said["n"], said["temperature"], said["top_k"], said["top_p"]) == (2, 0.7, 5, 0.9)
        assert said["stop_token_ids"] == [2]
        assert said["ignore_eos"]
    served.sample(PROMPTS[:1], key=3, stop=2)
    assert stand_in.asked[-1]["top_k"] == -1
    assert served.sample([], key=3, stop=2) == []


@pytest.mark.parametrize("part", ["token_ids", "logprobs"])
def test_an_answer_without_its_parts_is_one_line(stand_in: StandIn, model: GPT, tmp_path: Path, part: str):
    stand_in.folder, stand_in.leaves_out = tmp_path, part
    served = ServedSampler(model, VllmServer(stand_in.url, tmp_path, TOKENIZER))
    with pytest.raises(ValueError, match="no token ids with log-probabilities in its answer"):
        served.sample(PROMPTS, key=3, stop=1)


def test_a_run_samples_from_the_server_and_says_how_to_start_it(
    stand_in: StandIn, unverified_run: RunConfig, tmp_path: Path
):
    device = replace(unverified_run.device, sampler="vllm", vllm_url="http://127.0.0.1:9")
    with pytest.raises(ValueError, match=r"device.vllm_url = http://127.0.0.1:9: .*; start it with: .*vllm serve"):
        run_arm(replace(unverified_run, device=device), tmp_path / "run")
    assert (tmp_path / "run" / "served" / "tokenizer.json").exists(), "there is something to serve"
    stand_in.folder = tmp_path / "other" / "served"
    device = replace(device, vllm_url=stand_in.url + "/")
    run_arm(replace(unverified_run, device=device), tmp_path / "other")
    assert stand_in.calls.count("/collective_rpc") >= 3, "weights of every round"
