from fractions import Fraction
from random import Random

import pytest

from envs import infix


@pytest.mark.parametrize(
    "text",
    ["", "()", "3+", "+3", "-3", "3 4", "3(4)", "(3)4", "(3", "3)", ")3(", "3++4", "03", "0", "3**4", "3.5", "x",
     "\u0663", "3\n", "(" * 40 + "3" + ")" * 40, "1+" * 500 + "1"],
)  # fmt: skip
def test_no_expressions(text: str) -> None:
    assert infix.read(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("2+3*4", 14), ("(2+3)*4", 20), ("9-3-2", 4), ("9-(3-2)", 8), ("12/6/2", 1), ("12/(6/2)", 4),
     ("12*3/4", 9), ("((3))", 3), ("2-3", -1), ("7/2", None), ("7/(3-3)", None), ("0+1", "unread")],
)  # fmt: skip
def test_values(text: str, value: int | str | None) -> None:
    tree = infix.read(text)
    if value == "unread":
        assert tree is None
    else:
        assert tree is not None
        assert infix.value(tree) == value


def random_tree(rng: Random, n_leaves: int) -> infix.Tree:
    if n_leaves == 1:
        return rng.randint(1, 30)
    n_left = rng.randrange(1, n_leaves)
    return rng.choice("+-*/"), random_tree(rng, n_left), random_tree(rng, n_leaves - n_left)


def exact(tree: infix.Tree) -> Fraction:
    if isinstance(tree, int):
        return Fraction(tree)
    left, right = exact(tree[1]), exact(tree[2])
    return {"+": left.__add__, "-": left.__sub__, "*": left.__mul__, "/": left.__truediv__}[tree[0]](right)


def test_writing_keeps_the_value() -> None:
    rng = Random(1)
    for _ in range(2_000):
        tree = random_tree(rng, rng.randint(1, 6))
        again = infix.read(infix.write(tree))
        assert again is not None
        value = infix.value(tree)
        assert infix.value(again) == value
        assert infix.leaves(again) == infix.leaves(tree)
        if value is not None:
            assert value == exact(tree)
            assert infix.value(infix.mirrored(tree, rng)) == value
            assert sorted(infix.leaves(infix.mirrored(tree, rng))) == sorted(infix.leaves(tree))
