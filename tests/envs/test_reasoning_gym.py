"""Tasks of reasoning-gym as envs; what needs the library is left out where it is not installed."""

import importlib.util
import os
import subprocess
import sys
from random import Random

import pytest

from envs.core import MalformedTask, Outcome
from envs.foreign.reasoning_gym import ReasoningGym

INSTALLED = importlib.util.find_spec("reasoning_gym") is not None
needs_library = pytest.mark.skipif(not INSTALLED, reason="reasoning-gym is not installed")


def test_without_the_library_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)  # what an import finds where there is none
    with pytest.raises(ValueError, match=r"pip install 'selfplay-testbed\[rg\]'"):
        ReasoningGym("chain_sum")


@needs_library
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task": "chain_sums"}, r"task='chain_sums': reasoning-gym has .*chain_sum"),
        ({"task": "chain_sum", "config": {"max_terms": 0}}, r"config=\{'max_terms': 0\}"),
        ({"task": "chain_sum", "config": {"no_such": 1}}, "no_such"),
        ({"task": "chain_sum", "max_level": 0}, "max_level=0"),
        ({"task": "chain_sum", "max_chars": 9}, "max_chars=9"),
    ],
)
def test_impossible_settings_are_one_clear_error(fields: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ReasoningGym(**fields)


@needs_library
def test_a_prompt_is_the_question_of_its_number() -> None:
    env = ReasoningGym("chain_sum")
    prompt = env.sample(Random(0), 1).task.prompt
    head, _, question = prompt.partition("|")
    other = f"{(int(head[2:], 16) + 1) % 16**5:05x}"
    for bad in (question, f"1.{other}|{question}", f"2.{head[2:]}|{question}", f"1.FFFFF|{question}", prompt + " ",
                prompt.replace("+", "-").replace("= ", "=")[:-1], f"9.{head[2:]}|{question}"):  # fmt: skip
        with pytest.raises(MalformedTask):
            env.parse(bad)
    assert env.verify(env.sample(Random(0), 1).task, "  ").outcome is Outcome.MALFORMED


@needs_library
def test_neighbouring_numbers_share_nothing() -> None:
    """The library's own seeds 42 and 43 share 499 of 500 questions."""
    env = ReasoningGym("chain_sum", config={"min_terms": 4, "max_terms": 4, "min_digits": 3, "max_digits": 3})
    questions = [env._entry(1, number).question for number in range(300)]  # type: ignore[union-attr]
    assert len(set(questions)) == 300
    again = [env.sample(Random(seed), 1).task.id for seed in (1, 1, 2)]
    assert again[0] == again[1] != again[2]


@needs_library
def test_partial_credit_is_not_correctness() -> None:
    env = ReasoningGym("chain_sum")
    solved = env.sample(Random(3), 2)
    more = env.verify(solved.task, f"{solved.answer} or so")
    assert more.outcome is Outcome.INCORRECT
    assert more.detail.startswith("score 0.")  # which the library would pay


@needs_library
def test_answers_that_are_code_reach_no_scorer(tmp_path) -> None:
    env = ReasoningGym("simple_integration")
    solved = env.sample(Random(0), 1)
    target = tmp_path / "written"
    for code in (f"open({str(target)!r},'w')", "__import__('os').getpid()", "exec('1')", "(lambda x: x)(1)"):
        assert env.verify(solved.task, code).outcome is Outcome.MALFORMED
    assert not target.exists()
    assert env.verify(solved.task, solved.answer).outcome is Outcome.CORRECT


@needs_library
def test_scorers_that_pay_for_junk_are_named() -> None:
    assert ReasoningGym("chain_sum").concerns == ()
    assert "any word" in ReasoningGym("game_of_life_halting").concerns


@needs_library
def test_entries_are_the_same_in_every_process() -> None:
    code = (
        "from envs.foreign.reasoning_gym import ReasoningGym; from random import Random;"
        "print([ReasoningGym(t).sample(Random(5), 1) for t in ('chain_sum', 'graph_color', 'letter_counting')])"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }  # fmt: skip
    assert len(texts) == 1


@needs_library
def test_the_survey_lists_failures_by_name() -> None:
    from envs.foreign.survey import survey

    good, bad = survey(["gcd", "no_such_task"])
    assert (good.failure, good.n_levels) == ("", 3)
    assert good.drawn_per_s > 0
    assert bad.task == "no_such_task"
    assert "no_such_task" in bad.failure
