"""Solvers answer proposed tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from envs.core import Task
from selfplay.config import RunConfig
from selfplay.data.encoding import Encoder
from selfplay.model.flops import decode_flops, forward_flops
from selfplay.model.gpt import GPT
from selfplay.model.sampler import Completion, Sampler
from selfplay.model.vllm import ServedSampler, VllmServer
from selfplay.play.exchange import first_of_mine, gathered, mine
from selfplay.play.judges import Verifier
from selfplay.play.state import RunState
from selfplay.records import Attempt, Attempts, Proposals
from selfplay.streams import derive


def answer_tasks(
    model: GPT,
    tasks: Sequence[Task],
    encoder: Encoder,
    *,
    n_per_task: int,
    temperature: float,
    key: int,
    step: int,
    server: VllmServer | None = None,
    ahead: Callable[[Task, str], None] | None = None,
) -> Attempts:
    """Sample answers from a model.

    Args:
        model: Samples in evaluation mode.
        tasks: Distinct or not.
        encoder: Of the model's texts.
        n_per_task: Answers to each.
        temperature: 0 for the greedy answer.
        key: Of the draws, from `streams.derive`.
        step: Recorded as the model's step.
        server: What samples instead of us.
        ahead: Called with a task and a complete answer to it as soon as that is written, in any order.
    """
    prompts = [encoder.solve_prompt(task) for task in tasks]
    stop, first = encoder.tokenizer.end, first_of_mine(len(prompts)) * n_per_task
    sampler = ServedSampler(model, server) if server else Sampler(model)

    def on_text(place: int, text: Completion) -> None:
        _, answer, complete = encoder.response(text)
        if complete and ahead is not None:
            ahead(tasks[(first + place) // n_per_task], answer)

    texts = gathered(
        sampler.sample(
            mine(prompts), key=key, stop=stop, n_per_prompt=n_per_task, temperature=temperature, first_item=first,
            on_text=on_text if ahead is not None else None,
        )
    )  # fmt: skip
    attempts = []
    n_flops = forward_flops(model.config, model.vocab_size, map(len, prompts))
    for index, text in enumerate(texts):
        n_read, n_new = len(prompts[index // n_per_task]), len(text.tokens)
        work, answer, complete = encoder.response(text)
        task = tasks[index // n_per_task]
        attempts.append(Attempt(task, answer, complete, n_read, n_new, text.logprob_nats, step, work))
        n_flops += decode_flops(model.config, model.vocab_size, n_read, n_new)
    n_tokens = sum(attempt.n_new_tokens for attempt in attempts)
    return Attempts(tuple(attempts), n_tokens, model.n_members * n_flops)


class Solver(ABC):
    """Answers tasks."""

    @abstractmethod
    def attempt(self, proposals: Proposals, n_per_task: int, *, round: int) -> Attempts:
        """Up to `n_per_task` attempts at each proposed task."""


class ModelSolver(Solver):
    """The model answers, with its averaged weights or those it had when self-play began."""

    def __init__(
        self, state: RunState, encoder: Encoder, verifier: Verifier, config: RunConfig, server: VllmServer | None = None
    ) -> None:
        self._state, self._encoder, self._verifier = state, encoder, verifier
        self._config, self._server = config, server

    def attempt(self, proposals: Proposals, n_per_task: int, *, round: int) -> Attempts:
        """See `Solver.attempt`."""
        frozen = self._config.arm.solver_weights == "frozen"
        return answer_tasks(
            self._state.first if frozen else self._state.average,
            proposals.tasks,
            self._encoder,
            n_per_task=n_per_task,
            temperature=self._config.play.solve_temperature,
            key=derive(self._config.seed, "solve", round),
            step=self._state.step,
            server=self._server,
            ahead=self._verifier.ahead,  # whatever the judge says, the truth is measured beside it
        )


class PosedSolver(Solver):
    """The solution a task was posed from is its one attempt: the env supplies the label, at no cost."""

    def __init__(self, state: RunState) -> None:
        self._state = state

    def attempt(self, proposals: Proposals, n_per_task: int, *, round: int) -> Attempts:  # noqa: ARG002
        """See `Solver.attempt`."""
        step = self._state.step
        return Attempts(tuple(Attempt(s.task, s.answer, True, 0, 0, 0.0, step, s.work) for s in proposals.posed))
