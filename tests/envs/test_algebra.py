import pytest

from envs.algebra import (
    STRIDE,
    Product,
    dense,
    multiplied,
    rank_of,
    read_product,
    read_products,
    read_quotient,
    read_sum,
    read_surd,
    real_roots,
    signs,
    sparse,
    total_of,
    write_product,
    write_quotient,
    write_sum,
    write_surd,
)


@pytest.mark.parametrize("text", ["0", "-7", "x", "-x", "3*x**2-x*y+5", "x**63", "-x**2*y+x*y**2-y**3", "12*x-345"])
def test_sums_are_read_and_written(text: str) -> None:
    terms = read_sum(text, "xy")
    assert terms is not None
    assert write_sum(terms) == text


@pytest.mark.parametrize(
    "text",
    ["", "-", "+x", "x-", "x--y", "x+-1", "x+x", "2+3", "x+0", "1*x", "0*x", "x*3", "x*x", "x**1", "x**0", "x**64",
     "x**60*y**9", "x^2", "2x", "x**-1", "x y", "x\n", "x+1\n", "07", "z", "(x)", "x**2**2", "\u0663*x", "x*", "*x",
     "9" * 31],
)  # fmt: skip
def test_no_sums(text: str) -> None:
    assert read_sum(text, "xy") is None


def test_y_is_read_only_where_it_is_allowed() -> None:
    assert read_sum("x*y") is None
    assert read_product("y*(x+1)") is None
    assert read_sum("y*x", "xy") == {1 + STRIDE: 1}


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("-3*x", Product(-3, (({1: 1}, 1),))),
        ("(x+1)", Product(1, (({1: 1, 0: 1}, 1),))),
        ("-2*x**2*(x+1)*(3*x-1)**2", Product(-2, (({1: 1}, 2), ({1: 1, 0: 1}, 1), ({1: 3, 0: -1}, 2)))),
    ],
)
def test_products_are_read_and_written(text: str, product: Product) -> None:
    assert read_product(text) == product
    assert write_product(product) == text


@pytest.mark.parametrize(
    "text",
    ["", "-", "1", "0*x", "(x+1)*", "*(x+1)", "2**2*x", "(x+1)**1", "(x+1)**0", "(x+1)**100", "(x)", "(3)", "((x+1))",
     "(x+1)(x-1)", "(x+1)***2", "1*(x+1)", "2*3*x", "(x+1)**(2)", "(x+1", "x+1", "--x", "(x+1)**2\n"],
)  # fmt: skip
def test_no_products(text: str) -> None:
    assert read_product(text) is None


def test_sums_of_products() -> None:
    products = read_products("(x+1)**2-3*x*(x-2)+7")
    assert products is not None
    assert write_sum(total_of(products)) == "-2*x**2+8*x+8"
    for text in ("", "+x", "(x+1)-", "(x+1)--(x+2)", "(x+1)+(", "x)"):
        assert read_products(text) is None


def test_multiplied_and_dense() -> None:
    product = read_product("(x-1)*(x+1)")
    assert product is not None
    assert multiplied(product) == {2: 1, 0: -1}
    assert dense({2: 1, 0: -1}) == [-1, 0, 1]
    assert sparse([-1, 0, 1]) == {2: 1, 0: -1}
    assert dense({}) == []


@pytest.mark.parametrize("text", ["(x**2-1)/(x-1)", "x/(x**2+x)", "-3/(2*x)", "(x+1)/x**2", "3*x/5", "(-x+1)/x"])
def test_quotients_are_read_and_written(text: str) -> None:
    found = read_quotient(text)
    assert found is not None
    assert write_quotient(*found) == text


@pytest.mark.parametrize(
    "text", ["", "x", "x/", "/x", "x+1/x", "x/x+1", "x/2*x", "0/x", "x/0", "x/(x-1)/x", "(x)/((x))"]
)
def test_no_quotients(text: str) -> None:
    assert read_quotient(text) is None


@pytest.mark.parametrize(
    "text", ["0", "-7/2", "sqrt(2)", "-sqrt(2)", "2*sqrt(3)", "-sqrt(2)/2", "3*sqrt(5)/4", "1+sqrt(2)", "-1-2*sqrt(3)",
             "(1-sqrt(5))/2", "(-3+2*sqrt(7))/5"]
)  # fmt: skip
def test_surds_are_read_and_written(text: str) -> None:
    number = read_surd(text)
    assert number is not None
    assert write_surd(number) == text


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("sqrt(12)", "2*sqrt(3)"),
        ("1/2-sqrt(5)/2", "(1-sqrt(5))/2"),
        ("(2+2*sqrt(2))/4", "(1+sqrt(2))/2"),
        ("6/4", "3/2"),
    ],
)
def test_equal_surds_have_one_form(text: str, same: str) -> None:
    assert read_surd(text) == read_surd(same)


@pytest.mark.parametrize(
    "text",
    ["", "sqrt(4)", "sqrt(1)", "sqrt(0)", "sqrt(-2)", "+sqrt(2)", "1*sqrt(2)", "sqrt(2)/1", "0+sqrt(2)", "sqrt(2)+1",
     "(1+sqrt(2))", "(1)/2", "sqrt(sqrt(2))", "sqrt(2)*2", "2sqrt(2)", "1.5", "sqrt(10000000)", "9" * 13, "sqrt(2)\n",
     "sqrt(\u0662)", "9" * 99],
)  # fmt: skip
def test_no_surds(text: str) -> None:
    assert read_surd(text) is None


def test_ranks_order_surds_exactly() -> None:
    texts = ["-sqrt(3)", "-3/2", "1-sqrt(2)", "0", "2/5", "-1+sqrt(2)", "1414213562/1000000000", "sqrt(2)",
             "1414213563/1000000000", "(1+sqrt(5))/2", "sqrt(3)"]  # fmt: skip
    ranks = [rank_of(number) for text in texts if (number := read_surd(text)) is not None]
    assert len(ranks) == len(texts)
    assert ranks == sorted(set(ranks))


def test_real_roots() -> None:
    terms = read_sum("x**4-2*x**3-3*x**2+4*x+4")  # (x-2)**2 * (x+1)**2
    assert terms is not None
    assert sorted(real_roots(terms)) == [((-1, 0, 0, 1), 2), ((2, 0, 0, 1), 2)]
    assert real_roots({2: 1, 0: 1}) == []
    assert [write_surd(root) for root, _ in real_roots({2: 2, 0: -1})] == ["-sqrt(2)/2", "sqrt(2)/2"]
    with pytest.raises(ValueError, match="root"):
        real_roots({3: 1, 0: -2})


def test_signs() -> None:
    terms = read_sum("-x**3+x**2")
    assert terms is not None
    powers = {rank_of(root): power for root, power in real_roots(terms)}
    assert signs(terms, powers, sorted(powers)) == [1, 0, 1, 0, -1]
    assert signs({}, {}, [5]) == [0, 0, 0]
