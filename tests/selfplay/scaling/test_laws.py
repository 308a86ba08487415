import itertools

import numpy as np
import pytest

from selfplay.scaling.laws import LAWS, Law, law_named

RNG = np.random.default_rng(5)
LOGS = {
    "N": RNG.uniform(np.log(1e7), np.log(1e10), 40),
    "D": RNG.uniform(np.log(1e8), np.log(1e11), 40),
    "U": RNG.uniform(np.log(1e8), np.log(1e10), 40),
    "C": RNG.uniform(np.log(1e16), np.log(1e22), 40),
}
PARAMS: dict[str, dict[str, float]] = {
    "chinchilla": {"E": 1.8, "A": 480.0, "B": 2000.0, "alpha": 0.35, "beta": 0.37},
    "data-constrained": {"E": 1.8, "A": 480.0, "B": 2000.0, "alpha": 0.35, "beta": 0.37, "R_D": 15.0, "R_N": 5.0},
    "overfit-penalty": {
        "E": 1.8, "A": 480.0, "B": 2000.0, "alpha": 0.35, "beta": 0.37, "P": 0.01, "delta": 0.8, "kappa": 0.4,
    },
    "power": {"a": 300.0, "b": 0.12, "c": 1.5},
    "broken-power": {"a": 300.0, "b": 0.12, "c": 1.5, "break": 1e19, "b2": 0.05},
    "asymptote": {"E": 1.8, "A": 480.0, "alpha": 0.35},
}  # fmt: skip


@pytest.fixture(params=LAWS)
def law(request: pytest.FixtureRequest) -> Law:
    return LAWS[request.param]


def loss(law: Law, params: dict[str, float], **inputs: float) -> float:
    logs = {name: np.log([value]) for name, value in inputs.items()}
    return float(np.exp(law.log_loss(law.encode(params)[None], logs)[0][0, 0]))


def test_gradients_are_those_of_finite_differences(law: Law) -> None:
    coded = law.encode(PARAMS[law.name]) + RNG.normal(0, 0.02, (3, len(law.names)))
    _, slopes = law.log_loss(coded, LOGS)
    for i in range(len(law.names)):
        step = np.zeros(len(law.names))
        step[i] = 1e-6
        measured = (law.log_loss(coded + step, LOGS)[0] - law.log_loss(coded - step, LOGS)[0]) / 2e-6
        np.testing.assert_allclose(slopes[:, :, i], measured, rtol=1e-5, atol=1e-7)
        assert np.abs(measured).max() > 1e-5  # the parameter matters on these inputs


def test_coding_is_undone(law: Law) -> None:
    coded = law.encode(PARAMS[law.name])
    np.testing.assert_allclose(law.decode(coded), list(PARAMS[law.name].values()), rtol=1e-12)


def test_far_from_the_data_nothing_overflows(law: Law) -> None:
    coded = RNG.uniform(-50, 50, (500, len(law.names)))
    for i, name in enumerate(law.names):
        if name in ("alpha", "beta", "b"):
            coded[:, i] = np.abs(coded[:, i]) / 10 + 1e-3
    value, slopes = law.log_loss(coded, LOGS)
    assert np.isfinite(value).all()
    assert np.isfinite(slopes).all()


def test_chinchilla_by_hand() -> None:
    assert loss(LAWS["chinchilla"], PARAMS["chinchilla"], N=1e9, D=2e10) == pytest.approx(
        1.8 + 480 / 1e9**0.35 + 2000 / 2e10**0.37
    )


def test_repeating_is_worth_less_and_less() -> None:
    law, params = LAWS["data-constrained"], PARAMS["data-constrained"]
    plain = LAWS["chinchilla"], PARAMS["chinchilla"]
    once = loss(law, params, N=1e7, D=1e9, U=1e9)
    assert once == pytest.approx(loss(*plain, N=1e7, D=1e9))  # N is below N_opt(U): fresh data is Chinchilla's
    seen = [loss(law, params, N=1e7, D=1e9 * k, U=1e9) for k in (1, 2, 4, 1e3, 1e6)]
    assert all(a > b for a, b in itertools.pairwise(seen[:-1]))
    assert seen[-1] == pytest.approx(loss(*plain, N=1e7, D=1e9 * 16))  # at most R_D = 15 more passes' worth


def test_parameters_beyond_the_optimum_are_worth_less() -> None:
    law, params = LAWS["data-constrained"], PARAMS["data-constrained"]
    # alpha A / N^alpha = beta B / U^beta
    optimum = (0.35 * 480 / (0.37 * 2000) * 1e9**0.37) ** (1 / 0.35)
    plain = LAWS["chinchilla"], PARAMS["chinchilla"]
    for factor, excess in ((0.5, False), (2.0, True)):
        given = loss(law, params, N=factor * optimum, D=1e9, U=1e9)
        assert (given > loss(*plain, N=factor * optimum, D=1e9) + 1e-9) == excess


def test_a_penalty_only_where_data_repeats() -> None:
    law, params = LAWS["overfit-penalty"], PARAMS["overfit-penalty"]
    plain = loss(LAWS["chinchilla"], PARAMS["chinchilla"], N=1e8, D=4e9)
    assert loss(law, params, N=1e8, D=4e9, U=4e9) == pytest.approx(plain)
    assert loss(law, params, N=1e8, D=4e9, U=1e9) == pytest.approx(plain + 0.01 * 3**0.8 * 0.1**0.4)


def test_slopes_on_both_sides_of_a_break() -> None:
    law, params = LAWS["broken-power"], PARAMS["broken-power"] | {"c": 1e-9}
    for at, slope in ((1e16, 0.12), (1e22, 0.05)):
        drop = np.log(loss(law, params, C=at) / loss(law, params, C=10 * at)) / np.log(10)
        assert drop == pytest.approx(slope, abs=1e-6)


def test_unknown_names_and_values_are_refused() -> None:
    law = law_named("power")
    for params, message in (
        ({"a": 1.0, "b": 1.0}, "also needs c; its parameters are a, b, c"),
        ({"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}, "has no d"),
        ({"a": -1.0, "b": 1.0, "c": 1.0}, "a = -1: must be above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            law.encode(params)
    with pytest.raises(ValueError, match="law 'pwr': choose one of chinchilla, "):
        law_named("pwr")
