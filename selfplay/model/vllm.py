"""Has a vLLM server write the texts, behind the interface of `Sampler`; only the standard library talks to it.

vLLM pins a PyTorch of its own, so it runs out of process, in an environment of its own. Before each batch the weights
are written to a folder that the server was started on, and the server reads them again. Prompts go out as token ids, a
request each, since prompts of one request would share their draws. What comes back is not repeatable to the bit.

Never run against vLLM itself: tests have a stand-in that speaks its protocol.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from selfplay.model.gpt import GPT
from selfplay.model.hf import export_hf
from selfplay.model.sampler import Completion, OnText
from selfplay.model.tokenizer import Vocabulary
from selfplay.streams import derive

N_REQUESTS, TIMEOUT_S = 64, 600.0
"""Requests in flight, which the server batches; and how long one may take."""

NAME = "selfplay"
"""Of the served model."""


@dataclass(frozen=True)
class VllmServer:
    """A server and how weights get to it.

    Attributes:
        url: Its root, such as `http://localhost:8000`.
        folder: The checkpoint it serves; written by us.
        tokenizer: Of the checkpoint.
    """

    url: str
    folder: Path
    tokenizer: Vocabulary

    @property
    def command(self) -> str:
        """What starts it. The endpoints that read weights again are its development ones."""
        return (
            f"VLLM_SERVER_DEV_MODE=1 vllm serve {self.folder} --served-model-name {NAME}"
            " --logprobs-mode processed_logprobs"
        )

    def hand_over(self, model: GPT) -> None:
        """Have the server serve these weights.

        Raises:
            ValueError: The extra `hf` is not installed, or the server does not answer as it should.
        """
        export_hf(model, self.tokenizer, self.folder)
        self.post("/collective_rpc", {"method": "reload_weights"})
        self.post("/reset_prefix_cache", {})

    def post(self, path: str, said: dict[str, Any]) -> bytes:
        """The body of the answer.

        Raises:
            ValueError: There is none.
        """
        headers = {"Content-Type": "application/json"}
        try:
            with urlopen(Request(self.url + path, json.dumps(said).encode(), headers), timeout=TIMEOUT_S) as answer:
                body: bytes = answer.read()
        except (OSError, ValueError) as error:  # refused, timed out, an HTTP status, or no URL at all
            raise ValueError(f"device.vllm_url = {self.url}: {path}: {error}; start it with: {self.command}") from None
        return body


class ServedSampler:
    """Writes continuations of token prompts with the weights that a model has when asked."""

    def __init__(self, model: GPT, server: VllmServer) -> None:
        self._model, self._server = model, server

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        *,
        key: int,
        stop: int,
        n_per_prompt: int = 1,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        first_item: int = 0,
        on_text: OnText | None = None,
    ) -> list[Completion]:
        """See `Sampler.sample`.

        Raises:
            ValueError: See `VllmServer`; or the server leaves out token ids or log-probabilities.
        """
        if not prompts:
            return []
        self._server.hand_over(self._model)
        settings = {
            "model": NAME,
            "n": n_per_prompt,
            "temperature": temperature,
            "top_k": top_k or -1,
            "top_p": top_p,
            "stop_token_ids": [stop],
            "ignore_eos": True,  # the end of an answer is no end where a task is being written
            "logprobs": 1,
            "return_token_ids": True,
        }
        requests = [
            settings
            | {
                "prompt": [*prompt],
                "max_tokens": self._model.config.context_length - len(prompt),
                "seed": derive(key, first_item + index * n_per_prompt),
            }
            for index, prompt in enumerate(prompts)
        ]
        texts: list[Completion] = []
        with ThreadPoolExecutor(N_REQUESTS) as pool:
            for answer in pool.map(lambda request: self._server.post("/v1/completions", request), requests):
                for text in self._read(answer, n_per_prompt, stop):
                    if on_text is not None:
                        on_text(len(texts), text)
                    texts.append(text)
        return texts

    def _read(self, answer: bytes, n: int, stop: int) -> list[Completion]:
        try:
            choices = sorted(json.loads(answer)["choices"], key=lambda choice: choice["index"])
            texts = [_completion(choice["token_ids"], choice["logprobs"]["token_logprobs"], stop) for choice in choices]
            ends = [choice["finish_reason"] == "stop" for choice in choices]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"device.vllm_url = {self._server.url}: no token ids with log-probabilities in its answer"
                f" ({type(error).__name__}: {error}); it takes vLLM 0.10.2 or later"
            ) from None
        if len(texts) != n or [text.finished for text in texts] != ends:
            raise ValueError(f"device.vllm_url = {self._server.url}: {len(texts)} of {n} texts, or one without its end")
        return texts


def _completion(tokens: Sequence[int], nats: Sequence[float], stop: int) -> Completion:
    pairs = list(zip(tokens, nats, strict=True))
    token_nats = tuple(float(value) for _, value in pairs)
    return Completion(tuple(tokens), sum(token_nats), bool(tokens) and tokens[-1] == stop, token_nats)
