"""Proposers write the synthetic tasks of a round.

Whatever writes them, a task counts only once its env has parsed it, and never when it is held out or already
in the real pool.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from envs.core import Env, Executed, MalformedTask, SolutionFirst, Solved
from selfplay.config import RunConfig
from selfplay.data.encoding import Encoder
from selfplay.data.sources import RealData, draw_task
from selfplay.model.flops import decode_flops, forward_flops
from selfplay.model.gpt import GPT
from selfplay.model.sampler import Completion, Sampler
from selfplay.model.vllm import ServedSampler, VllmServer
from selfplay.play.exchange import first_of_mine, gathered, mine
from selfplay.records import Proposals, Written
from selfplay.streams import derive, stream


@dataclass(frozen=True)
class Admission:
    """Which proposed tasks may enter: distinct ones that fit, are not held out and not in the pool."""

    encoder: Encoder
    reserved: frozenset[str]
    pool: frozenset[str]

    @classmethod
    def of(cls, data: RealData, encoder: Encoder) -> Admission:
        """The rule for one run's real data."""
        return cls(encoder, data.reserved, frozenset(solved.task.id for solved in data.pool))

    def admit(self, read: Iterable[Solved | None], *, posed: bool, n_tokens: int = 0, n_flops: int = 0) -> Proposals:
        """Sort what was read; None stands for text that its env refused."""
        admitted: dict[str, Solved] = {}
        n_raw = n_malformed = n_repeated = n_heldout = 0
        for solved in read:
            n_raw += 1
            if solved is None or not self.encoder.fits(solved.task, solved.answer, solved.work):
                n_malformed += 1
            elif solved.task.id in self.reserved:
                n_heldout += 1
            elif solved.task.id in self.pool or solved.task.id in admitted:
                n_repeated += 1
            else:
                admitted[solved.task.id] = solved
        tasks = tuple(solved.task for solved in admitted.values())
        solutions = tuple(admitted.values()) if posed else ()
        return Proposals(tasks, solutions, n_raw, n_malformed, n_repeated, n_heldout, n_tokens, n_flops)


class Proposer(ABC):
    """Writes tasks."""

    @abstractmethod
    def propose(self, n_tasks: int, *, round: int) -> Proposals:
        """Write `n_tasks` texts and return the tasks among them that are admitted."""


class NoProposer(Proposer):
    """Proposes nothing: an arm without synthetic data is the same round over empty lists."""

    def propose(self, n_tasks: int, *, round: int) -> Proposals:  # noqa: ARG002
        """See `Proposer.propose`."""
        return Proposals()


class EnvProposer(Proposer):
    """Draws tasks from the envs themselves (the procedural arm). Their answers are not used."""

    def __init__(self, admission: Admission, config: RunConfig) -> None:
        self._admission, self._tasks, self._seed = admission, config.data.tasks, config.seed

    def propose(self, n_tasks: int, *, round: int) -> Proposals:
        """See `Proposer.propose`."""
        rng = stream(self._seed, "procedural", round)
        return self._admission.admit([draw_task(self._tasks, rng) for _ in range(n_tasks)], posed=False)


class ModelProposer(Proposer):
    """The model writes tasks (task first), or solutions that their env poses tasks from (solution first)."""

    def __init__(
        self,
        model: GPT,
        admission: Admission,
        config: RunConfig,
        *,
        solution_first: bool,
        server: VllmServer | None = None,
    ) -> None:
        self._model, self._admission, self._config = model, admission, config
        self._encoder = admission.encoder
        self._envs = {task.env.name: task.env for task in config.data.tasks}
        self._weights = [task.weight for task in config.data.tasks]
        self._solution_first, self._server = solution_first, server

    def propose(self, n_tasks: int, *, round: int) -> Proposals:
        """See `Proposer.propose`; each text is asked of an env drawn by weight."""
        config = self._config
        names = stream(config.seed, "propose-env", round).choices(list(self._envs), self._weights, k=n_tasks)
        prompt = self._encoder.compose_prompt if self._solution_first else self._encoder.task_prompt
        stop = self._encoder.tokenizer.end if self._solution_first else self._encoder.tokenizer.solve
        sampler = ServedSampler(self._model, self._server) if self._server else Sampler(self._model)
        my_names = mine(names)
        my_texts = sampler.sample(
            [prompt(name) for name in my_names],
            key=derive(config.seed, "propose", round),
            stop=stop,
            temperature=config.play.propose_temperature,
            first_item=first_of_mine(n_tasks),
        )
        my_written = [self._encoder.answer(text) for text in my_texts]
        if not self._solution_first:
            self._run_ahead(my_names, my_written)
        read = gathered([self._read(self._envs[n], *text) for n, text in zip(my_names, my_written, strict=True)])
        texts, written = gathered(my_texts), gathered(my_written)
        n_tokens = sum(len(text.tokens) for text in texts)
        admitted = self._admission.admit(
            read, posed=self._solution_first, n_tokens=n_tokens, n_flops=self._flops(texts)
        )  # fmt: skip
        return admitted if self._solution_first else replace(admitted, written=_written(names, written, read, admitted))

    def _run_ahead(self, names: Sequence[str], written: Sequence[tuple[str, bool]]) -> None:
        """Run the programs of all prompts together: `parse` asks for them one by one."""
        for env in self._envs.values():
            if isinstance(env, Executed):
                pairs = zip(names, written, strict=True)
                env.run_ahead([(text, "") for name, (text, complete) in pairs if name == env.name and complete])

    def _read(self, env: Env, written: str, complete: bool) -> Solved | None:
        if not complete:
            return None
        try:
            if self._solution_first:
                assert isinstance(env, SolutionFirst), "checked when the configuration was read"
                return env.pose(written)
            return Solved(env.parse(written), "")
        except MalformedTask:
            return None

    def _flops(self, texts: Sequence[Completion]) -> int:
        model = self._model
        read = forward_flops(model.config, model.vocab_size, [1] * len(texts))
        written = sum(decode_flops(model.config, model.vocab_size, 1, len(text.tokens)) for text in texts)
        return model.n_members * (read + written)


def _written(
    names: Sequence[str], written: Sequence[tuple[str, bool]], read: Sequence[Solved | None], admitted: Proposals
) -> tuple[Written, ...]:
    """The complete texts, each with the admitted task it is; a text that repeats one is none."""
    waiting = {task.id for task in admitted.tasks}
    found = []
    for name, (text, complete), solved in zip(names, written, read, strict=True):
        if complete:
            task_id = solved.task.id if solved is not None and solved.task.id in waiting else ""
            waiting.discard(task_id)
            found.append(Written(name, text, task_id))
    return tuple(found)
