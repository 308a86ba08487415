"""What functions do: our interpreter, Python in the sandbox, and the bounds they share."""

from random import Random

import pytest

from envs import sandbox
from envs.execution import sandbox as shared_sandbox
from envs.program_interpreter import compute
from envs.program_reader import read
from envs.program_runs import NoResult, results, run_together, runnable
from envs.program_sampler import draw_failing_chain, draw_function
from envs.program_tree import ERRORS, OPERATIONS
from envs.program_values import inputs, is_input, read_value, write_value
from envs.program_writer import write
from envs.sandbox import gate
from envs.sandbox.child import Item, compiled


def test_interpreter_and_python_agree_on_drawn_functions() -> None:
    rng = Random(0)
    functions = [
        draw_function(rng, level, lambda *_: True, risky=risky)[0]
        for level in range(1, 7)
        for risky in (False, True)
        for _ in range(50)
    ]
    functions += [draw_failing_chain(rng, level, error) for level in range(1, 7) for error in ERRORS for _ in range(3)]
    run_together([(function, inputs(function.takes)) for function in functions])
    for function in functions:
        known = inputs(function.takes)
        assert results(function, known) == compute(function, known), write(function)


def test_the_text_that_was_written_does_the_same_as_what_is_run() -> None:
    """The sandbox runs text of ours with bounds in it; here Python runs the plain text, one call a program."""
    rng = Random(1)
    drawn = [draw_function(rng, level, lambda *_: True) for level in range(1, 7) for _ in range(25)]
    plain = [
        sandbox.Program(write(function), call="f", args=(read_value(given, function.takes),))
        for function, _ in drawn
        for given in inputs(function.takes)[:3]
    ]
    with sandbox.Sandbox() as box:
        runs = box.run(plain)
    assert [run.value.replace(" ", "") for run in runs if run.value] == [text for _, done in drawn for text in done[:3]]


def test_every_operation_is_drawn_and_agrees() -> None:
    rng, seen = Random(2), set()
    for _ in range(1_500):
        function, _ = draw_function(rng, rng.randint(1, 4), lambda *_: True, risky=True)
        seen |= {operation.spelling for operation in _operations(function)}
    assert seen == {operation.spelling for operation in OPERATIONS.values()}


def _operations(part: object) -> list:
    found = [part.operation] if hasattr(part, "operation") else []
    for name in ("body", "then", "otherwise", "arguments", "items", "value", "test"):
        inside = getattr(part, name, ())
        for other in inside if isinstance(inside, tuple) else (inside,):
            if hasattr(other, "__dataclass_fields__"):
                found += _operations(other)
    return found


@pytest.mark.parametrize(
    ("text", "given", "result"),
    [
        ("def f(x:int):\n return x*999*999", "1", "998001"),
        ("def f(x:int):\n return x*999*999", "2", "!OverflowError"),
        ("def f(x:int):\n a=1\n for b in range(x):\n  a=a*9\n return 1", "40", "!OverflowError"),
        ("def f(x:str):\n for a in range(60):\n  x=x+x\n return x", "'ab'", "!OverflowError"),
        ("def f(x:str):\n return len(" + "x" + ".replace('','abcabc')" * 5 + ")", "'abc'", "!OverflowError"),
        ("def f(x:list):\n for a in x:\n  x.append(a)\n return x", "[1]", "!OverflowError"),
        ("def f(x:int):\n for a in range(999):\n  for b in range(999):\n   for c in range(999):\n    x=a\n return x",
         "1", "!OverflowError"),
        ("def f(x:list):\n for a in range(99):\n  for b in x:\n   x=[b*b*b*b*b]\n return x", "[3]", "!OverflowError"),
        ("def f(x:int):\n for a in range(300):\n  x=a\n return x", "1", "299"),
        ("def f(x:int):\n for a in range(301):\n  x=a\n return x", "1", "!OverflowError"),
        ("def f(x:int):\n return 1//x", "0", "!ZeroDivisionError"),
        ("def f(x:str):\n return x[9]", "'ab'", "!IndexError"),
        ("def f(x:str):\n return int(x)", "'-4'", "-4"),
        ("def f(x:str):\n return int(x)", "'a'", "!ValueError"),
        ("def f(x:str):\n return ord(x)", "''", "!TypeError"),
        ("def f(x:list):\n return max(x)", "[]", "!ValueError"),
        ("def f(x:list):\n a=x\n a.append(1)\n return x", "[5]", "[5,1]"),
        ("def f(x:int):\n return x>0 or 1//x>0", "3", "True"),
        ("def f(x:int):\n return x>0 and 1//x>0", "0", "False"),
        ("def f(x:int):\n return 1//x if x>0 else 7", "0", "7"),
    ],
)  # fmt: skip
def test_bounds_and_errors(text: str, given: str, result: str) -> None:
    function = read(text)
    assert compute(function, [given]) == [result]
    assert results(function, [given]) == [result]


def test_runs_share_nothing() -> None:
    appends = read("def f(x:list):\n x.append(1)\n return x")
    assert results(appends, ["[]", "[]"]) == compute(appends, ["[]", "[]"]) == ["[1]", "[1]"]
    spends = read("def f(x:int):\n for a in range(200):\n  x=x+1\n return x")
    assert results(spends, ["1", "2", "3"]) == compute(spends, ["1", "2", "3"]) == ["201", "202", "203"]


def test_what_runs_passes_the_gate_so_that_many_share_a_process() -> None:
    rng = Random(3)
    functions = [draw_function(rng, 4, lambda *_: True)[0] for _ in range(40)]
    programs = [runnable(function, inputs(function.takes)) for function in functions]
    codes = [compiled(Item(program.source.encode(), None, b"")) for program in programs]
    # Not where they ran: a busy machine has them run again alone when a batch takes long.
    assert all(gate.passes(code.body) and code.last and gate.passes(code.last) for code in codes)


def test_no_result_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    function = read("def f(x:int):\n return x+9")
    for value in ("[('', 1.5)]", "[('', 1)] ", "[('', 1), ('', 2)]", "[]", "[('', None)]", "1"):
        fake = sandbox.Execution(sandbox.Outcome.OK, value)
        monkeypatch.setattr("envs.program_runs.execute", lambda _, fake=fake: [fake])
        with pytest.raises(NoResult):
            results(function, ["1"])
    fake = sandbox.Execution(sandbox.Outcome.TIMEOUT)
    monkeypatch.setattr("envs.program_runs.execute", lambda _: [fake])
    with pytest.raises(NoResult, match="timeout"):
        results(function, ["1"])


def test_functions_give_one_value_under_every_hash_seed() -> None:
    rng = Random(4)
    for _ in range(12):
        function, _ = draw_function(rng, 4, lambda *_: True, risky=True)
        found = shared_sandbox().determinism(runnable(function, inputs(function.takes)))
        assert found.deterministic, f"{write(function)}: {found.reason}"


@pytest.mark.parametrize("kind", ["int", "str", "list"])
def test_known_inputs_are_distinct_inputs_in_their_one_spelling(kind: str) -> None:
    known = inputs(kind)
    assert len(set(known)) == len(known) == 40
    for text in known:
        assert is_input(text, kind)
        assert write_value(read_value(text, kind)) == text


@pytest.mark.parametrize(
    ("text", "kind"),
    [("", "int"), ("07", "int"), ("-0", "int"), ("+1", "int"), ("1000", "int"), ("\u0661", "int"), ("1 ", "int"),
     ("1\n", "int"), ("'a", "str"), ('"a"', "str"), ("'A'", "str"), ("'a b'", "str"), ("'abcdefghijklm'", "str"),
     ("'a'+'b'", "str"), ("[1, 2]", "list"), ("[1,]", "list"), ("[1", "list"), ("[01]", "list"), ("['a']", "list"),
     ("[1,2,3,4,5,6,7,8,9]", "list"), ("[1000]", "list"), ("9" * 10**6, "int"), ("[" * 10**6, "list"),
     ("True", "int"), ("x", "int")],
)  # fmt: skip
def test_what_is_no_input(text: str, kind: str) -> None:
    assert not is_input(text, kind)
