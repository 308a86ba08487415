"""The real examples of an arm as texts: solved tasks, and among them what its other roles learn from.

An arm that proposes solutions reads some examples as their solutions; one whose model judges reads some as verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from envs.core import Env, SolutionFirst, Solved
from selfplay.config import RunConfig
from selfplay.data.encoding import Encoder, Text
from selfplay.play.state import RunState
from selfplay.records import Practice
from selfplay.streams import stream


def real_texts(
    state: RunState, encoder: Encoder, config: RunConfig, practice: Sequence[Practice] = ()
) -> Iterator[Text]:
    """Endless texts of the arm's real data, from where `state` has come to.

    Args:
        state: Its position moves.
        encoder: Of the texts.
        config: The run.
        practice: Answers with exact verdicts, read in turn with the verdicts on real answers.
    """
    composes, judge = config.arm.proposer == "solution", config.arm.model_judge
    envs = {task.env.name: task.env for task in config.data.tasks}
    waiting = list(practice)

    def plain(solved: Solved) -> Text:
        return encoder.solved(solved.task, solved.answer, work=solved.work)

    while True:
        epoch, index = state.real.position
        solved = next(state.real)
        env = envs[solved.task.env]
        # The epoch shifts which examples are shown otherwise: each one is, in turn.
        turn = epoch + index
        if composes and isinstance(env, SolutionFirst) and turn % config.play.compose_every == 0:
            yield encoder.composed(env.name, env.solution(solved))
        elif judge is not None and turn % judge.verdict_every == 0:
            if waiting and turn % 2:
                item = waiting.pop()
            else:
                answer, right = _verdict(env, solved, config, epoch, index)
                item = Practice(solved.task, answer, right, solved.work)
            text = encoder.verdict(item.task, item.answer, item.right, item.work if judge.n_checks else None)
            yield text if text.n_tokens <= encoder.context_length else plain(solved)
        else:
            yield plain(solved)


def _verdict(env: Env, solved: Solved, config: RunConfig, epoch: int, index: int) -> tuple[str, bool]:
    """The answer, another spelling of it, or (half the time) a near miss, and whether it is right."""
    rng = stream(config.seed, "verdict", epoch, index)
    draw = rng.random()
    if draw < 0.5:
        return env.near_miss(solved, rng), False
    return env.equivalent(solved, rng) if draw < 0.75 else solved.answer, True
