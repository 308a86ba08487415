from collections import Counter
from random import Random

from envs.core import Task
from selfplay.data.store import ReplayStore
from selfplay.records import Example, Source


def example(prompt: str, answer: str = "1") -> Example:
    return Example(Task("e", prompt, 1, prompt), answer, Source.SYNTHETIC, 0)


def test_task_and_answer_together_are_stored_once():
    store = ReplayStore(max_draws=2)
    assert store.append([example("a"), example("a"), example("a", "2"), example("b")]) == 3
    assert store.append([example("b"), example("c")]) == 1


def test_draws_are_even_and_capped_over_the_life_of_the_store():
    store = ReplayStore(max_draws=3)
    store.append(example(c) for c in "abcd")
    drawn = Counter()
    draws = store.draws(Random(0))
    for n in range(1, 7):
        drawn[next(draws).task.prompt] += 1
        assert max(drawn.values()) - min(drawn.get(c, 0) for c in "abcd") <= 1, n
    rest = Counter(item.task.prompt for item in store.draws(Random(1)))
    assert all(drawn[c] + rest[c] == 3 for c in "abcd")
    assert next(store.draws(Random(2)), None) is None


def test_an_empty_store_draws_nothing():
    assert list(ReplayStore(5).draws(Random(0))) == []
