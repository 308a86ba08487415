from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from selfplay.scaling.frame import Frame, parse_columns, read_frame

TEXT = "arm,N,tokens,loss\nreal,1e6,20,3.5\nfresh, 2e6 ,40,3.1\nreal,4e6,,\n7,8e6,x,2\n"


def written(folder: Path, text: str = TEXT, name: str = "runs.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_columns_go_by_both_names(tmp_path: Path) -> None:
    frame = read_frame(written(tmp_path), {"D": "tokens"}, "N < 2e6 and N > 0")
    assert frame.rows == (0,)
    assert frame.numbers("D").tolist() == frame.numbers("tokens").tolist() == [20.0]


def test_numbers_and_texts(tmp_path: Path) -> None:
    frame = read_frame(written(tmp_path))
    assert frame.numbers("N").tolist() == [1e6, 2e6, 4e6, 8e6]
    assert frame.numbers("N").dtype == np.float64
    assert frame.texts("arm") == ("real", "fresh", "real", "7")
    assert np.isnan(frame.numbers("loss", empty=True)).tolist() == [False, False, True, False]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_delimiters_and_byte_order_mark(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "runs.tsv"
    path.write_text(TEXT.replace(",", delimiter), encoding="utf-8-sig")
    assert list(read_frame(path).cells) == ["arm", "N", "tokens", "loss"]


def test_parquet_is_the_same_table(tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    columns = {"arm": ["real", "fresh"], "N": [2**60, 1], "loss": [3.5, None], "ok": [True, False]}
    pq.write_table(pa.table(columns), path)
    frame = read_frame(path, where="ok == 1")
    assert frame.rows == (0,)
    assert frame.numbers("N").tolist() == [float(2**60)]
    with pytest.raises(ValueError, match=r"row 1: loss is empty or NaN"):
        read_frame(path).numbers("loss")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tokens", r"row 2 \(line 4\): tokens is empty or NaN; .*--where 'tokens > 0'"),
        ("arm", r"row 0 \(line 2\): arm = 'real' is not a number"),
        ("n", r"no column 'n'; it has arm, N, tokens, loss. Map one: --columns n=N"),
        ("zebra", r"no column 'zebra'; it has .*--columns zebra=COLUMN"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_frame(written(tmp_path)).numbers(name)


def test_rows_keep_their_number_when_filtered(tmp_path: Path) -> None:
    frame = read_frame(written(tmp_path), where="N > 1e6")
    assert frame.rows == (1, 2, 3)
    with pytest.raises(ValueError, match=r"row 3 \(line 5\): tokens = 'x' is not a number"):
        frame.where("arm == '7'").numbers("tokens")


@pytest.mark.parametrize(
    ("value", "message"), [("0", "L = 0, must be above 0"), ("-1", "L = -1, must"), ("inf", "is not finite")]
)
def test_positive(tmp_path: Path, value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_frame(written(tmp_path, f"L\n1\n{value}\n")).positive("L")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a,b\n", "has no rows"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cells, the header has 2"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_frame(written(tmp_path, text))


def test_bytes_that_are_no_table(tmp_path: Path) -> None:
    for name in ("runs.csv", "runs.parquet"):
        (tmp_path / name).write_bytes(b"\xff\xfe\x00\x81")
        with pytest.raises(ValueError, match=name):
            read_frame(tmp_path / name)


def test_equal_rows_are_found() -> None:
    frame = Frame("t", {"N": (1.0, 2.0, 1.0), "loss": (3.0, 3.0, 3.0)}, (0, 4, 5))
    assert frame.repeated(["N", "loss"]) == [(0, 5)]
    assert frame.repeated(["loss"]) == [(0, 4, 5)]


def test_mapping() -> None:
    assert parse_columns("N=params, D = total tokens") == {"N": "params", "D": "total tokens"}
    for wrong, message in (("N", "expected NAME=COLUMN"), ("N=a,N=b", "names N twice")):
        with pytest.raises(ValueError, match=message):
            parse_columns(wrong)
