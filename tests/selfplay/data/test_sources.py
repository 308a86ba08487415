"""Real data: disjoint by id, nested by size, the same for all arms of a seed, and finite where it is."""

from dataclasses import dataclass, replace
from itertools import islice, pairwise

import pytest

from envs.core import Corpus, Solved, Task
from envs.math.arithmetic import Arithmetic
from envs.math.linear import Linear
from selfplay.config import DataConfig, TaskConfig
from selfplay.data.certify import certify
from selfplay.data.sources import RealSource, distinct, draw_real_data
from selfplay.streams import stream

ADDITION = TaskConfig(Arithmetic(operations="+", max_digits=2), levels=[2])


def ids(examples) -> list[str]:
    return [solved.task.id for solved in examples]


@pytest.fixture
def config() -> DataConfig:
    return DataConfig([ADDITION, TaskConfig(Linear(), weight=2.0, levels=[1])], 300, 50, 100, 100)


def test_sets_are_disjoint_and_distinct(config: DataConfig):
    data = draw_real_data(config, 0)
    everything = ids(data.heldout) + ids(data.validation) + ids(data.pool)
    assert len(everything) == len(set(everything)) == 450
    assert not set(ids(data.fresh(0) + data.fresh(1))) & data.reserved
    assert data.reserved == set(ids(data.heldout) + ids(data.validation))


def test_a_small_pool_is_the_beginning_of_a_large_one(config: DataConfig):
    small, large = (draw_real_data(replace(config, n_real=n), 0) for n in (100, 300))
    assert small.pool == large.pool[:100]
    assert small.heldout == large.heldout


def test_seeds_differ_and_repeat(config: DataConfig):
    assert draw_real_data(config, 0).heldout == draw_real_data(config, 0).heldout
    shared = set(ids(draw_real_data(config, 0).pool)) & set(ids(draw_real_data(config, 1).pool))
    assert len(shared) < 60  # neighbouring seeds meet by chance only


def test_weights_set_the_shares(config: DataConfig):
    pool = draw_real_data(config, 0).pool
    share = sum(solved.task.env == "math/linear" for solved in pool) / len(pool)
    assert share == pytest.approx(2 / 3, abs=0.08)


def test_asking_for_more_tasks_than_exist_is_refused():
    config = DataConfig([TaskConfig(Arithmetic(operations="+", max_digits=1), levels=[1])], 50, 10, 10, 10)
    said = r"math/arithmetic level 1: asked for more tasks than exist \(asked for about 70, capacity 55, found 35 more"
    with pytest.raises(ValueError, match=said):
        draw_real_data(config, 0)


def test_what_is_asked_of_a_level_is_its_share():
    few = TaskConfig(Arithmetic(operations="+", max_digits=3), levels=[1, 3], level_weights=[3.0, 1.0])
    config = DataConfig([few, TaskConfig(Linear(), weight=4.0)], 1_000, 100, 100, 100)
    with pytest.raises(ValueError, match=r"arithmetic level 1: .*asked for about 180, capacity 55"):
        draw_real_data(config, 0)


@dataclass(frozen=True)
class Listed(Arithmetic, Corpus):
    """Single-digit sums as a finite list."""

    def rows(self):
        return [Solved(Task("math/arithmetic", f"{a}+9", 1, f"{a}+9"), str(a + 9)) for a in range(30)]


def test_a_corpus_is_found_to_its_last_row():
    draws = distinct([TaskConfig(Listed(), levels=[1])], stream(0, "x"), set())
    assert len(set(ids(islice(draws, 30)))) == 30
    with pytest.raises(ValueError, match="asked for more tasks than exist"):
        next(draws)


def test_levels_of_a_corpus_come_as_often_as_they_are_in_it():
    @dataclass(frozen=True)
    class Uneven(Arithmetic, Corpus):
        def rows(self):
            return [Solved(Task("math/arithmetic", f"{a}+9", level, f"{a}+9"), str(a + 9)) for a, level in
                    enumerate([1] * 40 + [2] * 10)]  # fmt: skip

    whole = list(islice(distinct([TaskConfig(Uneven())], stream(0, "x"), set()), 50))
    assert sum(solved.task.level == 2 for solved in whole) == 10
    only = list(islice(distinct([TaskConfig(Uneven(), levels=[2])], stream(0, "x"), set()), 10))
    assert {solved.task.level for solved in only} == {2}


@dataclass(frozen=True)
class Grouped(Arithmetic, Corpus):
    """Sums in groups of very different sizes: group 0 has 60 rows, each of the 60 others has 2."""

    def rows(self):
        return [Solved(Task("math/arithmetic", f"{a}+9", 1, f"{a}+9"), str(a + 9)) for a in range(180)]

    def groups(self):
        return {row.task.id: str(max(0, (i - 60) // 2 + 1)) for i, row in enumerate(self.rows())}


def grouped(n_real: int, n_heldout: int = 21) -> DataConfig:
    return DataConfig([TaskConfig(Grouped(), levels=[1])], n_real, 11, n_heldout, 0)


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_on_two_sides(seed: int):
    data, groups = draw_real_data(grouped(60), seed), Grouped().groups()
    sides = [{groups[task_id] for task_id in ids(drawn)} for drawn in (data.heldout, data.validation, data.pool)]
    assert len(set().union(*sides)) == sum(map(len, sides))
    spent = {task_id for task_id, group in groups.items() if group in sides[0] | sides[1]}
    assert data.reserved == spent > set(ids(data.heldout + data.validation))  # a cut group is reserved whole


def test_held_out_tasks_come_group_by_group():
    data, groups = draw_real_data(grouped(60), 1), Grouped().groups()
    heldout = [groups[task_id] for task_id in ids(data.heldout)]
    assert sum(here != there for here, there in pairwise(heldout)) + 1 == len(set(heldout))


def test_a_large_group_is_no_likelier_to_be_held_out_than_a_small_one():
    groups = Grouped().groups()
    first = [groups[ids(draw_real_data(grouped(10, n_heldout=1), seed).heldout)[0]] for seed in range(40)]
    assert first.count("0") <= 4  # 1 of 61 groups, though a third of the rows


def test_pools_of_a_grouped_corpus_are_nested_and_held_out_tasks_the_same():
    small, large = (draw_real_data(grouped(n), 0) for n in (15, 60))
    assert small.pool == large.pool[:15]
    assert (small.heldout, small.validation) == (large.heldout, large.validation)


def test_certificate_counts_split_groups(monkeypatch):
    assert certify(grouped(30), 0).n_split_groups == 0
    data, groups = draw_real_data(grouped(30), 0), Grouped().groups()
    group = groups[data.heldout[-1].task.id]  # 21 tasks of groups of 2: the last is cut
    row = next(r for r in Grouped().rows() if groups[r.task.id] == group and r.task.id not in ids(data.heldout))
    monkeypatch.setattr("selfplay.data.certify.draw_real_data", lambda *_: replace(data, pool=(*data.pool, row)))
    certificate = certify(grouped(30), 0)
    assert (certificate.n_overlaps, certificate.n_split_groups) == (0, 1)
    assert not certificate.clean
    assert "split groups 1" in certificate.line()


def test_the_pool_is_walked_whole_in_a_new_order_each_epoch(config: DataConfig):
    pool = draw_real_data(config, 0).pool
    source = RealSource.pool(pool, seed=0)
    first, second = ([next(source) for _ in pool] for _ in range(2))
    assert sorted(ids(first)) == sorted(ids(second)) == sorted(ids(pool))
    assert ids(first) != ids(second)


@pytest.mark.parametrize("n_before", [0, 7, 300, 1000])
def test_a_saved_position_goes_on_where_it_was(config: DataConfig, n_before: int):
    data = draw_real_data(config, 0)
    for make in (lambda *p: RealSource.pool(data.pool, 0, *p), lambda *p: RealSource(data.fresh, *p)):
        source = make()
        for _ in range(n_before):
            next(source)
        again = make(source.position)
        assert [next(source) for _ in range(40)] == [next(again) for _ in range(40)]


def test_certificate_counts_what_is_wrong(config: DataConfig, monkeypatch):
    assert certify(config, 0).clean
    data = draw_real_data(config, 0)
    leaky = replace(data, pool=(*data.pool, data.heldout[0], data.pool[0], Solved(data.validation[0].task, "nonsense")))
    monkeypatch.setattr("selfplay.data.certify.draw_real_data", lambda *_: leaky)
    certificate = certify(config, 0)
    assert (certificate.n_repeats, certificate.n_overlaps, certificate.n_wrong) == (1, 2, 1)
    assert not certificate.clean
    assert "FAILED" in certificate.line()
