from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay.ledger import Ledger, Phase, Spent

charges = st.lists(st.tuples(st.sampled_from(Phase), st.integers(0, 10**9), st.integers(0, 10**15), st.floats(0, 1e4)))


@given(charges)
def test_parts_sum_to_the_whole(items):
    ledger = Ledger()
    for phase, tokens, flops, seconds in items:
        ledger.charge(phase, tokens=tokens, flops=flops, seconds=seconds)
    totals = ledger.totals()
    assert totals.train_tokens + totals.generated_tokens == sum(
        tokens for phase, tokens, _, _ in items if phase in (Phase.LEARN, Phase.PROPOSE, Phase.SOLVE)
    )
    assert totals.total_flops == sum(flops for phase, _, flops, _ in items if phase is not Phase.EVALUATE)
    assert totals.method_s + totals.evaluate_s == pytest.approx(sum(item[3] for item in items))


@given(charges)
def test_state_restores_it(items):
    ledger = Ledger()
    for phase, tokens, flops, seconds in items:
        ledger.charge(phase, tokens=tokens, flops=flops, seconds=seconds)
    assert asdict(Ledger(ledger.state()).totals()) == asdict(ledger.totals())


def test_refuses_negative_amounts():
    with pytest.raises(ValueError, match="-1 tokens"):
        Ledger().charge(Phase.LEARN, tokens=-1)


def test_clock_charges_its_phase_only():
    ledger = Ledger()
    with ledger.clock(Phase.JUDGE):
        sum(range(10_000))
    assert ledger.spent(Phase.JUDGE).seconds > 0
    assert ledger.spent(Phase.LEARN).seconds == 0


def test_seconds_of_a_running_clock_count_before_it_stops(monkeypatch: pytest.MonkeyPatch):
    now = iter([10.0, 13.0, 15.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(now))
    ledger = Ledger()
    with ledger.clock(Phase.LEARN):
        ledger.settle()
        assert ledger.seconds()["learn"] == 3.0
    assert ledger.seconds()["learn"] == 5.0


def test_seconds_of_an_interrupted_process_are_taken_over_and_nothing_else():
    ledger = Ledger()
    ledger.charge(Phase.SOLVE, tokens=3, flops=4, seconds=1.0)
    ledger.take_seconds({**ledger.seconds(), "solve": 8.0})
    assert ledger.spent(Phase.SOLVE) == Spent(3, 4, 8.0)
