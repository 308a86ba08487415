"""The properties every env must have, run on every concrete `Env` below `envs` without being asked.

A new env needs no change here if its fields all have defaults. One that needs arguments, or whose other
configurations deserve the same checks, adds a line to `CONFIGURED`.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pickle
import pkgutil
import signal
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import envs
from envs.code.abduction import Abduction
from envs.code.deduction import Deduction
from envs.code.repair import Repair
from envs.core import MAX_CHARS, Corpus, Env, MalformedTask, Outcome, SolutionFirst, Solved, Task
from envs.corpus.dataset import Dataset, ProgramSet
from envs.corpus.jsonl import Jsonl
from envs.foreign.reasoning_gym import ReasoningGym
from envs.math.antiderivative import Antiderivative
from envs.math.arithmetic import Arithmetic
from envs.math.base_conversion import BaseConversion
from envs.math.chain import Chain
from envs.math.definite_integral import DefiniteIntegral
from envs.math.derivative import Derivative
from envs.math.differential_equation import DifferentialEquation
from envs.math.expansion import Expansion
from envs.math.fraction import Fraction
from envs.math.horizon import Horizon
from envs.math.limit import Limit
from envs.math.linear import Linear
from envs.math.linear_system import LinearSystem
from envs.math.matrix_inverse import MatrixInverse
from envs.math.modular import Modular
from envs.math.polynomial_roots import PolynomialRoots
from envs.math.quadratic import Quadratic
from envs.math.series_coefficient import SeriesCoefficient
from envs.math.trigonometric_simplification import TrigonometricSimplification

FIXTURES = Path(__file__).parent / "fixtures"

CONFIGURED: dict[type[Env], list[Callable[[], Env]]] = {
    Jsonl: [
        lambda: Jsonl(str(FIXTURES / "expressions.jsonl")),
        lambda: Jsonl(str(FIXTURES / "integrals.jsonl"), checker=Antiderivative()),
    ],
    Arithmetic: [lambda: Arithmetic("+-*", max_digits=5), lambda: Arithmetic("-*", reverse=True)],
    BaseConversion: [lambda: BaseConversion((2, 8, 10, 16), max_digits=9)],
    Chain: [lambda: Chain("+", max_operations=3), lambda: Chain("-", max_operations=3, max_digits=3)],
    Expansion: [lambda: Expansion("xy", max_factors=5, max_coefficient=99)],
    Fraction: [lambda: Fraction("-:", max_digits=3)],
    Horizon: [lambda: Horizon("*g", max_steps=20, max_operand=9, modulus=10)],
    LinearSystem: [lambda: LinearSystem(max_unknowns=4, max_coefficient=1, max_value=1)],
    MatrixInverse: [lambda: MatrixInverse(max_rows=4, max_entry=1)],
    Modular: [lambda: Modular("+-*/o", moduli=(2, 3, 113)), lambda: Modular("/", moduli=(97,))],
    PolynomialRoots: [lambda: PolynomialRoots(max_degree=4, max_root=1), lambda: PolynomialRoots(roots="rational")],
    TrigonometricSimplification: [lambda: TrigonometricSimplification("xy", max_calls=5)],
    Quadratic: [lambda: Quadratic(max_digits=1, roots="rational")],
    Linear: [lambda: Linear(max_digits=1, solutions="integer")],
    Antiderivative: [
        lambda: Antiderivative(integrands="polynomial"),
        lambda: Antiderivative(variable="t", parameters="x", max_coefficient=1),
    ],
    DefiniteIntegral: [lambda: DefiniteIntegral(max_coefficient=2, max_bound=20)],
    Derivative: [lambda: Derivative(max_level=5, max_coefficient=99)],
    DifferentialEquation: [lambda: DifferentialEquation(max_coefficient=99)],
    Limit: [lambda: Limit(max_coefficient=99)],
    SeriesCoefficient: [lambda: SeriesCoefficient(max_parts=5, max_order=12, max_coefficient=1)],
    Dataset: [lambda form=form: Dataset(str(FIXTURES / f"{form}.jsonl"), form) for form in ("gsm8k", "math", "texts")],
    ProgramSet: [
        *[
            lambda form=form: ProgramSet(str(FIXTURES / f"{form}.jsonl"), form)
            for form in ("human-eval", "mbpp", "azr-program")
        ],
        *[lambda form=form: ProgramSet(str(FIXTURES / "azr.jsonl"), form) for form in ("azr-output", "azr-input")],
    ],
    ReasoningGym: [
        lambda: ReasoningGym("chain_sum"),
        lambda: ReasoningGym("gcd", config={"min_numbers": 2, "max_numbers": 3}),
        lambda: ReasoningGym("letter_counting", max_level=2),
    ]
    if importlib.util.find_spec("reasoning_gym")
    else [],
    Abduction: [lambda: Abduction(max_level=6)],
    Repair: [lambda: Repair(max_level=6)],
    Deduction: [lambda: Deduction(max_statements=2, max_value=50, operators="+-", calls=False, choices=False)],
}

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def concrete_envs() -> list[type[Env]]:
    """Every `Env` below `envs` that can be built."""
    found = set()
    for module in pkgutil.walk_packages(envs.__path__, "envs."):
        for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(member, Env) and not inspect.isabstract(member):
                found.add(member)
    return sorted(found, key=lambda cls: f"{cls.__module__}.{cls.__name__}")


def needs_arguments(cls: type[Env]) -> bool:
    parameters = inspect.signature(cls).parameters.values()
    return any(parameter.default is inspect.Parameter.empty for parameter in parameters)


def instances() -> list[Env]:
    built: list[Env] = []
    for cls in concrete_envs():
        assert not needs_arguments(cls) or cls in CONFIGURED, f"{cls.__name__} needs arguments: add it to CONFIGURED"
        built += [cls()] if not needs_arguments(cls) else []
        built += [build() for build in CONFIGURED.get(cls, [])]
    return built


@pytest.fixture(params=instances(), ids=lambda env: repr(env)[:60], scope="module")
def env(request: pytest.FixtureRequest) -> Env:
    return request.param


def has_solutions(env: Env) -> bool:
    """Whether tasks can be posed from solutions; a corpus can if its checker can."""
    if not isinstance(env, SolutionFirst):
        return False
    try:
        env.solution(draw(env, 0, env.levels[0]))
    except MalformedTask:
        assert isinstance(env, Corpus), "only a corpus may leave it to its checker"
        return False
    return True


def draw(env: Env, seed: int, level: int) -> Solved:
    return env.sample(Random(seed), level)


# Generated by hypothesis so that a failing case shrinks; few choices so that it also repeats and branches oddly.
randoms = st.randoms(use_true_random=False)
seeds = st.integers(0, 2**32)
hostile_text = st.one_of(
    st.text(max_size=80),
    st.text("0123456789+-*/()=;@.,xabcCEI \0\n_^%!<>", max_size=60),
    st.text("\u0663\uff15\u00b2\u00bdx+=", max_size=12),  # digits to Python, not to us
    st.sampled_from(["(", "-", "1+", "x**", "sin(", "a=1;", "9" * 50, "\0", "1 if a else ", "abs("]).flatmap(
        lambda piece: st.sampled_from([3, 70, 500, 20_000]).map(lambda n: piece * n)
    ),
    st.sampled_from(["9**9**9**9", "0**0", "1/0", "-0", "+1", "007", "1e5", "nan", "oo", "None", "x=x", "0x=0"]),
)


def test_every_module_is_found() -> None:
    assert {"Arithmetic", "Linear", "Jsonl"} <= {cls.__name__ for cls in concrete_envs()}


def test_shape(env: Env) -> None:
    assert isinstance(env.version, int), "version is a class attribute"
    assert env.version >= 1
    assert env.name
    assert env.name == env.name.strip()
    assert len(env.levels) > 0
    assert env.levels.step == 1
    assert len(set(env.alphabet)) == len(env.alphabet), "alphabet repeats a character"
    assert env.asymmetry == env.asymmetry.strip() != ""
    assert "\n" not in env.asymmetry, "the asymmetry is one line"
    assert len(env.tiers) == len(set(env.tiers)) > 0
    assert "" not in env.tiers


def test_names_are_unique() -> None:
    owners: dict[str, type[Env]] = {}
    for env in instances():
        assert owners.setdefault(env.name, type(env)) is type(env), f"{env.name} names two families"


def test_config_is_a_value(env: Env) -> None:
    copy = pickle.loads(pickle.dumps(env))
    assert copy == env
    assert hash(copy) == hash(env)
    assert draw(copy, 0, env.levels[0]) == draw(env, 0, env.levels[0])


def test_level_outside_the_range_is_refused(env: Env) -> None:
    for level in (env.levels.start - 1, env.levels.stop):
        with pytest.raises(ValueError, match="level"):
            draw(env, 0, level)
        with pytest.raises(ValueError, match="level"):
            env.capacity(level)


@QUICK
@given(rng=randoms)
def test_right_answers_are_accepted_and_wrong_ones_not(env: Env, rng: Random) -> None:
    for level in env.levels:
        solved = env.sample(rng, level)
        for answer in (solved.answer, env.equivalent(solved, rng)):
            verdict = env.verify(solved.task, answer)
            assert verdict.outcome is Outcome.CORRECT, f"{solved.task.prompt} -> {answer}: {verdict}"
            assert verdict.tier in env.tiers, f"{verdict} is of no tier the env names"
        wrong = env.near_miss(solved, rng)
        verdict = env.verify(solved.task, wrong)
        assert verdict.outcome is not Outcome.CORRECT, f"{solved.task.prompt} -> {wrong}"
        assert verdict.outcome is not Outcome.INCORRECT or verdict.tier in env.tiers, f"{verdict} is of no tier"


@QUICK
@given(rng=randoms)
def test_parse_inverts_the_prompt(env: Env, rng: Random) -> None:
    for level in env.levels:
        task = env.sample(rng, level).task
        assert env.parse(task.prompt) == task
        assert task.env == env.name
        assert task.level == level
        assert pickle.loads(pickle.dumps(task)) == task


@QUICK
@given(rng=randoms)
def test_text_stays_within_alphabet_and_length(env: Env, rng: Random) -> None:
    alphabet = set(env.alphabet)
    for level in env.levels:
        solved = env.sample(rng, level)
        texts = [solved.task.prompt, solved.answer, solved.work]
        texts += [env.equivalent(solved, rng), env.near_miss(solved, rng)]
        if has_solutions(env) and isinstance(env, SolutionFirst):
            texts.append(env.solution(solved))
        for text in texts:
            assert set(text) <= alphabet, f"{text!r} has {set(text) - alphabet}"
            assert len(text) <= MAX_CHARS


@QUICK
@given(seed=seeds)
def test_same_rng_state_gives_the_same_task(env: Env, seed: int) -> None:
    for level in env.levels:
        first, second = draw(env, seed, level), draw(env, seed, level)
        assert first == second
        assert first.task.id == second.task.id
        assert len(first.task.id) == 16


def test_capacity_is_an_amount_that_sampling_reaches(env: Env) -> None:
    for level in env.levels:
        capacity = env.capacity(level)
        assert isinstance(capacity, int)
        assert capacity >= 1
        # Half of a small level, or 200 different tasks of a large one, must come in 2,000 draws.
        rng, wanted, found = Random(7), min(200, -(-capacity // 2)), set[str]()
        for _ in range(2_000):
            found.add(env.sample(rng, level).task.id)
            if len(found) >= wanted:
                break
        assert len(found) >= wanted, f"level {level}: {len(found)} different tasks, of {capacity}"


def test_sampling_varies(env: Env) -> None:
    level = env.levels[-1]
    tasks = {draw(env, seed, level).task.id for seed in range(40)}
    assert len(tasks) >= 2, "forty seeds gave one task"


@settings(QUICK, max_examples=120)
@given(text=hostile_text)
def test_parse_refuses_or_returns_a_task(env: Env, text: str) -> None:
    try:
        task = env.parse(text)
    except MalformedTask as refusal:
        if not str(refusal):
            pytest.fail("a refusal says why")
        return
    assert isinstance(task, Task)
    assert env.parse(task.prompt) == task


@settings(QUICK, max_examples=120)
@given(text=hostile_text, seed=st.integers(0, 3))
def test_verify_is_total(env: Env, text: str, seed: int) -> None:
    verdict = env.verify(draw(env, seed, env.levels[0]).task, text)
    assert verdict.outcome in Outcome
    assert verdict.outcome is Outcome.CORRECT or verdict.detail, "a verdict against says why"


@settings(QUICK, max_examples=60)
@given(text=hostile_text)
def test_verify_is_total_for_tasks_nobody_parsed(env: Env, text: str) -> None:
    task = Task(env.name, text, env.levels[0], text)
    try:
        env.parse(text)
    except MalformedTask:
        assert env.verify(task, "1").outcome is Outcome.UNDECIDED


@settings(QUICK, max_examples=60)
@given(text=hostile_text)
def test_pose_refuses_or_solves(env: Env, text: str) -> None:
    if not has_solutions(env):
        pytest.skip("tasks come first in this env")
    assert isinstance(env, SolutionFirst)
    try:
        posed = env.pose(text)
    except MalformedTask:
        return
    assert env.verify(posed.task, posed.answer).outcome is Outcome.CORRECT
    assert env.parse(posed.task.prompt) == posed.task


LONG = ["(", ")", "-", "1+", "x**", "9", "9**", "0", "\0", "\u0663", "\U0001d7d9", "a=1;", "[", "sin(", "1 if a else ",
        "lambda:", "\n", " ", "1,", ";", "~", "p>", "x/", "if x:\n ", "def f(x):\n"]  # fmt: skip
LONG_CHARS = 10**6
MOST_S, MOST_BYTES = 5, 64 * 2**20
"""Of one look at a million characters: far above what any env needs, far below what would hurt a worker."""


@pytest.mark.parametrize("piece", LONG)
def test_a_million_characters(env: Env, piece: str) -> None:
    """Neither an exception, nor a hang, nor much memory, as prompt and as answer."""

    def too_slow(*_: object) -> None:
        raise TimeoutError(f"{env.name}: more than {MOST_S} s over {piece!r} times {LONG_CHARS // len(piece)}")

    text = piece * (LONG_CHARS // len(piece))
    task = draw(env, 0, env.levels[0]).task
    env.verify(task, "")  # what is built once is not the text's doing
    previous = signal.signal(signal.SIGALRM, too_slow)
    signal.setitimer(signal.ITIMER_REAL, MOST_S)
    tracemalloc.start()
    try:
        with pytest.raises(MalformedTask):
            env.parse(text)
        assert env.verify(task, text).outcome is not Outcome.CORRECT
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@QUICK
@given(rng=randoms)
def test_pose_inverts_solution(env: Env, rng: Random) -> None:
    if not has_solutions(env):
        pytest.skip("tasks come first in this env")
    assert isinstance(env, SolutionFirst)
    for level in env.levels:
        solved = env.sample(rng, level)
        posed = env.pose(env.solution(solved))
        assert posed.task.id == solved.task.id
        assert env.verify(posed.task, posed.answer).outcome is Outcome.CORRECT


def test_corpus_rows_are_its_tasks(env: Env) -> None:
    if not isinstance(env, Corpus):
        pytest.skip("not a corpus")
    rows = env.rows()
    assert len({row.task.id for row in rows}) == len(rows) > 0
    for row in rows:
        assert env.parse(row.task.prompt) == row.task
        assert row.task.level in env.levels
    for level in env.levels:
        assert env.capacity(level) == sum(row.task.level == level for row in rows)
