"""A run's model as the judge of answers: how likely it finds them.

The score of an answer is its mean probability a token, end included, given the task: exp of the mean log-probability.
No token for a verdict is trained yet; when one is, its probability takes the place of `_scores` and nothing else
changes. The threshold is calibrated on one half of the tasks, and rates are measured on the other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F

from selfplay.config import RunConfig
from selfplay.configfile import CONFIG, load_config
from selfplay.data.encoding import Text, collate
from selfplay.measure.cases import Case, Judgement, Ruling
from selfplay.measure.loading import Question
from selfplay.measure.rates import best_threshold
from selfplay.measure.subject import Progress, Subject
from selfplay.model.ensemble import build_model
from selfplay.play.checkpoint import load_checkpoint
from selfplay.play.run import BEST, build_encoder, build_fabric

BATCH_TEXTS = 512


class ModelSubject(Subject):
    """The early-stopped weights of a run folder."""

    calibrates = True

    def __init__(self, folder: Path) -> None:
        """Load the weights.

        Raises:
            ValueError: The folder holds no run with a finished round, a damaged one, or one with `data.work`.
        """
        if not (folder / CONFIG).is_file():
            raise ValueError(f"{folder}: no run here ({CONFIG} is missing); name a folder made by train, or a cell")
        config = load_config(RunConfig, folder / CONFIG)
        if config.data.work:
            raise ValueError(f"{folder}: its model writes worked steps first and has no probability of an answer alone")
        saved = load_checkpoint(folder / BEST)
        self._fabric = build_fabric(config)
        self._encoder = build_encoder(config, folder)
        model = build_model(config.model, len(self._encoder.tokenizer), config.arm.n_members)
        self._model = model.to(self._fabric.device)
        self._model.load_state_dict(saved["model"])
        self._alphabets = {task.env.name: set(task.env.alphabet) for task in config.data.tasks}
        self.threshold = 0.5

    def calibrate(self, cases: Sequence[Case]) -> float:
        """The threshold where J is largest on these cases; malformed ones are rejected at any threshold."""
        rulings = self.rule([(case.task, case.gold, case.answer) for case in cases])
        seen = [Judgement(case, ruling) for case, ruling in zip(cases, rulings, strict=True) if not ruling.malformed]
        scores = [judgement.ruling.score or 0.0 for judgement in seen]
        self.threshold = best_threshold(scores, [judgement.case.right for judgement in seen])
        return self.threshold

    def rule(
        self, questions: Sequence[Question], *, trial: int = 0, on_done: Progress = lambda _: None
    ) -> list[Ruling]:
        """See `Subject.rule`; text the model could not have written is malformed. Every trial is alike."""
        del trial
        rulings = [Ruling(False, malformed=True, score=0.0, detail="no text of the model's")] * len(questions)
        texts: list[tuple[int, Text]] = []
        for index, (task, _, answer) in enumerate(questions):
            known = self._alphabets.get(task.env, set())
            if answer and {*task.prompt, *answer} <= known and self._encoder.fits(task, answer):
                texts.append((index, self._encoder.solved(task, answer)))
        texts.sort(key=lambda item: item[1].n_tokens)  # little padding
        for start in range(0, len(texts), BATCH_TEXTS):
            chunk = texts[start : start + BATCH_TEXTS]
            began = time.perf_counter()
            scores = self._scores([text for _, text in chunk])
            ms = (time.perf_counter() - began) * 1e3 / len(chunk)  # a batch's time, shared evenly
            for (index, _), score in zip(chunk, scores, strict=True):
                rulings[index] = Ruling(score >= self.threshold, score=score, detail=f"score {score:.3f}", ms=ms)
            on_done(start + len(chunk))
        return rulings

    @torch.inference_mode()  # type: ignore[untyped-decorator]  # torch is not followed
    def _scores(self, texts: Sequence[Text]) -> list[float]:
        """The score of each text's answer, in [0, 1]."""
        self._model.eval()
        batch = collate(texts)
        with self._fabric.autocast():
            logits = self._model(batch.inputs.to(self._fabric.device)).float()
        losses = F.cross_entropy(
            logits.flatten(0, 1), batch.targets.to(self._fabric.device).flatten(), reduction="none"
        )
        losses = losses.view(batch.targets.shape).double().cpu().masked_fill(~batch.is_answer, 0.0)
        scores: list[float] = torch.exp(-losses.sum(1) / batch.is_answer.sum(1)).clamp(0.0, 1.0).tolist()
        return scores
