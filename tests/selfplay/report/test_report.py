import io
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from selfplay.report.axes import log_axis
from selfplay.report.evidence import read_evidence
from selfplay.report.html import make_report
from selfplay.report.samples import KINDS, MAX_SAMPLES, choose_samples, kind_of
from selfplay.report.style import amount, looks, power
from selfplay.report.verdict import read_study
from selfplay.scaling.verdict import Answer
from selfplay.study.table import RunKey, run_keys
from tests.selfplay.report.synthetic import HOSTILE, U, study, worth, write_study

FIGURES = {
    "loss_tokens", "multiplier", "loss_flops", "accuracy_tokens", "judge", "monitors", "levels", "cost", "forest",
    "wall", "fits",
}  # fmt: skip
SMALL = study(budgets=(500_000, 1_000_000), seeds=(0, 1, 2))


class Page(HTMLParser):
    """The tags, addresses and visible text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    write_study(folder, SMALL)
    make_report(folder)
    return folder


def page(folder: Path) -> Page:
    return Page((folder / "report.html").read_text())


def test_every_figure_is_written_and_has_something_on_it(whole: Path) -> None:
    assert {path.name for path in (whole / "figures").iterdir()} == {
        f"{n}.{e}" for n in FIGURES for e in ("png", "svg")
    }
    for name in FIGURES:
        pixels = imread(io.BytesIO((whole / "figures" / f"{name}.png").read_bytes()), format="png")[..., :3]
        assert min(pixels.shape[:2]) > 300, name
        assert 0.01 < (pixels.min(axis=2) < 0.8).mean() < 0.5, name
    assert f"{U:,} distinct tokens" in " ".join(page(whole).text.split())


def test_arms_keep_their_colors_in_every_figure(whole: Path) -> None:
    colors = {arm: look.color for arm, look in looks(SMALL).items()}
    assert len(set(colors.values())) == len(colors)
    assert len({look.marker for look in looks(SMALL).values()}) == len(colors)
    for name in ("loss_tokens", "loss_flops", "accuracy_tokens"):
        svg = (whole / "figures" / f"{name}.svg").read_text()
        assert all(color in svg for color in colors.values())


def test_the_page_needs_nothing_from_elsewhere(whole: Path) -> None:
    text = (whole / "report.html").read_text()
    found = page(whole)
    assert len(found.addresses) == len(FIGURES)
    assert all(address.startswith("data:image/svg+xml;base64,") for address in found.addresses)
    assert "http" not in text
    assert "@import" not in text
    assert not {"link", "iframe", "object", "embed"} & set(found.tags)


def test_model_text_is_escaped(whole: Path) -> None:
    found = page(whole)
    assert HOSTILE in found.text  # shown as it was written
    assert found.tags.count("script") == 1  # and only the page's own is one


def test_the_page_holds_what_it_promises(whole: Path) -> None:
    text = " ".join(page(whole).text.split())
    assert "Yes, it helps at these budgets" in text
    for gate in read_study(read_evidence(whole)).decision.level.gates:
        assert gate.name in text
    for phrase in (
        "gap recovered",
        "exchange rate, incremental",
        "multiplier, equal FLOPs",
        "selfplay study",
        "seed 2",
        "unverified, round 7: reward gap 0.600 is above 0.5",
        "(3 rounds over all seeds)",
    ):
        assert phrase in text
    assert (whole / "study.yaml").read_text() in page(whole).text
    assert "Incomplete" not in text
    assert str(whole) not in text


def test_the_same_study_gives_the_same_bytes(whole: Path) -> None:
    before = {path: path.read_bytes() for path in [whole / "report.html", *(whole / "figures").iterdir()]}
    make_report(whole)
    assert {path: path.read_bytes() for path in before} == before


def test_planted_worth_is_what_the_page_shows(tmp_path: Path) -> None:
    config = study(budgets=(500_000, 1_000_000), seeds=(0, 1, 2))
    write_study(tmp_path, config, noise=0.0)
    level = read_study(read_evidence(tmp_path)).decision.level
    planted = [math.log(worth("verified", b) / worth("real", b)) for b in (500_000, 1_000_000)]
    assert level.answer is Answer.YES
    assert level.interval is not None
    assert level.interval.mean == pytest.approx(sum(planted) / 2, rel=0.05)  # interpolation of a bent curve


def test_an_incomplete_study_says_so_and_withholds_the_verdict(tmp_path: Path) -> None:
    missing = [RunKey("verified", 1_000_000, 2), RunKey("unverified", 500_000, 0)]
    write_study(tmp_path, SMALL, leave_out=missing)
    text = " ".join(Page(make_report(tmp_path).read_text()).text.split())
    assert f"Incomplete: 2 of {len(list(run_keys(SMALL)))} runs have not finished" in text
    assert "verified at 1,000,000 tokens, seed 2" in text
    assert "No verdict" in text
    assert "Not met: all runs finished (2 of" in text
    assert "Yes, it helps" not in text


def test_one_finished_run_makes_a_report(tmp_path: Path) -> None:
    only = RunKey("real", 500_000, 0)
    write_study(tmp_path, SMALL, leave_out=[key for key in run_keys(SMALL) if key != only])
    text = make_report(tmp_path).read_text()
    assert "No verdict" in text
    assert "No run of the largest budget has finished" in text


def test_unmatched_arms_are_not_drawn_over_tokens(tmp_path: Path) -> None:
    write_study(tmp_path, SMALL, extra_tokens={"verified": 20_000})
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "loss_tokens.png").write_bytes(b"of an earlier report")
    text = " ".join(Page(make_report(tmp_path).read_text()).text.split())
    assert "Held-out loss against training tokens: not drawn. At the budget of 500,000: training tokens differ" in text
    assert "verified 520,000 tokens" in text
    names = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert names == FIGURES - {"loss_tokens", "accuracy_tokens", "forest"}


def test_one_fresh_budget_is_a_reason_not_a_failure(tmp_path: Path) -> None:
    config = study(budgets=(500_000,), seeds=(0, 1, 2))
    config = replace(config, arms=[replace(arm, budgets_tokens=None) for arm in config.arms])
    write_study(tmp_path, config)
    text = " ".join(Page(make_report(tmp_path).read_text()).text.split())
    assert "Effective data multiplier: not drawn. Needs fresh runs at 3 or more budgets, has 1" in text
    assert "No verdict" in text


def test_arms_that_never_play_and_a_hostile_name_make_a_report(tmp_path: Path) -> None:
    config = replace(
        study(arms=("real", "fresh", "verified"), budgets=(200_000,), seeds=(0,)),
        name="</title><script>alert(2)</script>",
    )
    write_study(tmp_path, config)
    page_text = make_report(tmp_path).read_text()
    assert "<script>alert(2)" not in page_text
    text = " ".join(Page(page_text).text.split())
    assert "No finished run has attempts to judge" in text
    assert "No finished run has attempts to show." in text


def test_no_study_and_no_runs_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no study here"):
        make_report(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no study here"):
        make_report(tmp_path)
    write_study(tmp_path, SMALL, leave_out=list(run_keys(SMALL)))
    with pytest.raises(ValueError, match="no run of this study has finished yet"):
        make_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda lines: [*lines[:-1], lines[-1][:40]], r"rounds\.jsonl, line 5: not a round"),
        (lambda lines: lines[:-1], "the last round is at 400,000 training tokens, result.json says 500,000"),
        (lambda lines: [lines[0].replace('"lr"', '"rate"'), *lines[1:]], "line 1: not a round"),
    ],
)
def test_damaged_rounds_are_one_clear_line(tmp_path: Path, spoil, message: str) -> None:
    config = study(budgets=(500_000,), seeds=(0,))
    write_study(tmp_path, config)
    path = RunKey("verified", 500_000, 0).folder(tmp_path) / "rounds.jsonl"
    path.write_text("\n".join(spoil(path.read_text().splitlines())))
    with pytest.raises(ValueError, match=message):
        make_report(tmp_path)


def test_a_damaged_attempts_file_is_one_clear_line(tmp_path: Path) -> None:
    write_study(tmp_path, study(budgets=(500_000,), seeds=(0,)))
    path = next((RunKey("verified", 500_000, 0).folder(tmp_path) / "attempts").iterdir())
    path.write_bytes(b"no")
    with pytest.raises(ValueError, match=r"\.parquet: cannot be read") as error:
        make_report(tmp_path)
    assert "\n" not in str(error.value)


def test_null_in_rounds_is_nan(whole: Path) -> None:
    rounds = read_evidence(whole).curves("real")[0]
    assert math.isnan(rounds[0].judge.kept_precision)
    line = (RunKey("real", 1_000_000, 0).folder(whole) / "rounds.jsonl").read_text().splitlines()[0]
    assert json.loads(line)["judge"]["kept_precision"] is None


def test_curves_are_those_of_the_largest_shared_budget(whole: Path) -> None:
    assert {key.budget for key in read_evidence(whole).rounds} == {1_000_000}


def test_the_turning_point_is_where_validation_was_lowest(tmp_path: Path) -> None:
    config = study(arms=("real", "verified", "fresh"), budgets=(4_000_000,), seeds=(0, 1))
    write_study(tmp_path, config, noise=0.0)
    turned = read_evidence(tmp_path).turning_point()
    assert turned.n_seeds == 2
    assert all(1_800_000 <= tokens <= 2_700_000 for tokens in turned.tokens)


def test_a_baseline_still_improving_has_no_turning_point(whole: Path) -> None:
    assert read_evidence(whole).turning_point().tokens == ()


def test_samples_are_few_of_every_kind_and_say_how_many_there_were(whole: Path) -> None:
    samples = choose_samples(read_evidence(whole))
    assert 0 < len(samples) <= MAX_SAMPLES
    assert {sample.arm for sample in samples} == {"verified", "unverified"}
    assert {"wrong, accepted", "wrong, rejected", "right, kept"} <= {sample.kind for sample in samples}
    one = samples[0]
    path = RunKey(one.arm, 1_000_000, 0).folder(whole) / "attempts" / f"{one.round:05d}.parquet"
    rows = pq.read_table(path).to_pylist()
    assert one.n_kind == sum(kind_of(row["verdict"], row["truth"], row["kept"]) == one.kind for row in rows)


@pytest.mark.parametrize(
    ("verdict", "truth", "kept", "kind"),
    [
        ("correct", "incorrect", True, KINDS[0]),
        ("correct", "malformed", True, KINDS[0]),
        ("incorrect", "malformed", False, KINDS[1]),
        ("correct", "correct", True, KINDS[2]),
        ("correct", "correct", False, KINDS[3]),
        ("incorrect", "correct", False, KINDS[4]),
        ("malformed", "correct", False, KINDS[4]),
        ("undecided", "correct", False, KINDS[5]),
        ("correct", "undecided", True, KINDS[5]),
    ],
)
def test_kinds(verdict: str, truth: str, kept: bool, kind: str) -> None:
    assert kind_of(verdict, truth, kept) == kind


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (950, "950"), (1_500, "1.5k"), (999_900, "1M"), (4_000_000, "4M"), (2.5e9, "2.5B")]
)
def test_amounts(value: float, text: str) -> None:
    assert amount(value) == text


@pytest.mark.parametrize(("low", "high"), [(5e4, 4.4e6), (0.46, 1.1), (0.29, 0.31), (0.2, 0.9), (1e10, 9e13)])
def test_log_axes_have_a_few_labels_that_differ(low: float, high: float) -> None:
    axes = Figure().add_subplot()
    axes.set_ylim(low, high)
    log_axis(axes, "y")
    labels = [axes.yaxis.get_major_formatter()(tick, 0) for tick in axes.get_yticks()]
    assert 3 <= len(labels) <= 10
    assert len(set(labels)) == len(labels)
    assert axes.get_ylim() == pytest.approx((low, high))


def test_powers() -> None:
    assert [power(value) for value in (0, 1e12, 2.88e12)] == ["0", "1e12", "2.9e12"]


def test_the_template_asks_for_nothing_external() -> None:
    source = Path(make_report.__code__.co_filename).with_name("report.html.j2").read_text()
    assert not re.search(r"https?:|//cdn|\|\s*safe\b", source)
