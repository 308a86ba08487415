import warnings

import pytest

from envs.program_reader import ProgramRefused, read
from envs.program_tree import size
from envs.program_writer import write


@pytest.mark.parametrize(
    ("body", "canonical"),
    [
        ("def f(n:int):\n    return  n * ( 3 ) + 1", "def f(x:int):\n return x*3+1"),
        ("def f(x: list) :\n\n t = 0\n for v in x:\n  t += v\n return t",
         "def f(x:list):\n a=0\n for b in x:\n  a=a+b\n return a"),
        ("def f(x:int):\n if x>1: return 1\n elif x>0:\n  return 2\n else: return 3",
         "def f(x:int):\n if x>1:\n  return 1\n else:\n  if x>0:\n   return 2\n  else:\n   return 3"),
        ("def f(x:int): return x-(x-1)-(2)", "def f(x:int):\n return x-(x-1)-2"),
        ("def f(x:int):\n return -(x%3)", "def f(x:int):\n return -(x%3)"),
        ("def f(x:int):\n return (-x)%3", "def f(x:int):\n return -x%3"),
        ("def f(x:int):\n return not(x==1)or x>2 and(x>3 or x>4)",
         "def f(x:int):\n return not x==1 or x>2 and (x>3 or x>4)"),
        ("def f(x:int):\n return (x==1)==x", None),
        ("def f(x:int):\n return 1 if x>0 else(2 if x>1 else 3)",
         "def f(x:int):\n return 1 if x>0 else 2 if x>1 else 3"),
        ("def f(x:int):\n return (1 if x>0 else 2)if x>1 else 3",
         "def f(x:int):\n return (1 if x>0 else 2) if x>1 else 3"),
        ("def f(x:str):\n return (x+'a')[::-1][1:][:-1][0:2]", "def f(x:str):\n return (x+'a')[::-1][1:][:-1][0:2]"),
        ("def f(x:int):\n return x*(2*3)", "def f(x:int):\n return x*(2*3)"),
        ("def f(x:int):\n return x--1", "def f(x:int):\n return x--1"),
        ("def f(x:str):\n return 'a'in x", "def f(x:str):\n return 'a' in x"),
    ],
)  # fmt: skip
def test_spellings_have_one_text(body: str, canonical: str | None) -> None:
    if canonical is None:
        with pytest.raises(ProgramRefused):
            read(body)
    else:
        assert write(read(body)) == canonical
        assert write(read(canonical)) == canonical


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not one function"),
        ("return 1", "not one function"),
        ("def g(x:int):\n return x", "not one function"),
        ("def f(x:int):\n return x\nf(1)", "not one function"),
        ("def f(x:int)->int:\n return x", "not one function"),
        ("@f\ndef f(x:int):\n return x", "outside the subset"),
        ("def f(x):\n return x", "one parameter"),
        ("def f(x:int,y:int):\n return x", "one parameter"),
        ("def f(x:int=1):\n return x", "one parameter"),
        ("def f(*x:int):\n return x", "one parameter"),
        ("def f(x:bool):\n return x", "one parameter"),
        ("def f(x:float):\n return x", "one parameter"),
        ("def f(f:int):\n return f", "no name"),
        ("def f(xy:int):\n return xy", "no name"),
        ("def f(x:int):\n a=x", "without a return"),
        ("def f(x:int):\n if x>0:\n  return x", "without a return"),
        ("def f(x:int):\n for a in range(x):\n  return a", "without a return"),
        ("def f(x:int):\n return", "statement outside"),
        ("def f(x:int):\n return x\n return x", "after a return"),
        ("def f(x:int):\n if x>0:\n  return x\n return 'a'", "two types"),
        ("def f(x:int):\n x='a'\n return x", "two types"),
        ("def f(x:int):\n return a", "no value"),
        ("def f(x:int):\n if x>0:\n  a=1\n return a", "no value"),
        ("def f(x:int):\n for a in range(x):\n  b=a\n return b", "no value"),
        ("def f(x:int):\n while x>0:\n  x=x-1\n return x", "While"),
        ("def f(x:int):\n return f(x)", "f of int"),
        ("def f(x:int):\n return x+'a'", "of int, str"),
        ("def f(x:int):\n return (x>1)+1", "of bool, int"),
        ("def f(x:int):\n return x and 1", "of int, int"),
        ("def f(x:int):\n if x:\n  return 1\n return 2", "no bool"),
        ("def f(x:int):\n return x**2", "of int, int"),
        ("def f(x:int):\n return x/2", "outside the subset"),
        ("def f(x:str):\n return x*9", "of str, int"),
        ("def f(x:int):\n return 1<x<3", "Compare"),
        ("def f(x:int):\n return x==1==1", "Compare"),
        ("def f(x:int):\n return [x,'a']", "other than integers"),
        ("def f(x:int):\n return [[x]]", "other than integers"),
        ("def f(x:list):\n return [a for a in x]", "ListComp"),
        ("def f(x:list):\n return {1,2}", "outside the subset"),
        ("def f(x:list):\n return set(x)", "set of list"),
        ("def f(x:str):\n return hash(x)", "hash of str"),
        ("def f(x:str):\n return id(x)", "id of str"),
        ("def f(x:list):\n return print(x)", "print of list"),
        ("def f(x:list):\n return sorted(x,reverse=True)", "Call"),
        ("def f(x:list):\n x+=[1]\n return x", "augmented"),
        ("def f(x:int):\n x//=2\n return x", "augmented"),
        ("def f(x:list):\n x.append('a')\n return x", "append"),
        ("def f(x:list):\n return x.append(1)", "append of"),
        ("def f(x:list):\n x.sort()\n return x", "Expr"),
        ("def f(x:list):\n return x[::2]", "a slice"),
        ("def f(x:list):\n return x[:]", "a slice"),
        ("def f(x:list):\n x[0]=1\n return x", "statement outside"),
        ("def f(x:int):\n a=range(x)\n return a", "only for a loop"),
        ("def f(x:int):\n return range(x)", "only for a loop"),
        ("def f(x:int):\n for a in x:\n  x=a\n return x", "a loop over"),
        ("def f(x:int):\n for a in range(x):\n  x=a\n else:\n  x=1\n return x", "For"),
        ("def f(x:int):\n a=b=x\n return a", "statement outside"),
        ("def f(x:int):\n a,b=1,2\n return a", "statement outside"),
        ("def f(x:int):\n 'doc'\n return x", "Expr"),
        ("def f(x:int):\n import os\n return x", "Import"),
        ("def f(x:int):\n return x.__class__", "outside the subset"),
        ("def f(x:int):\n return lambda:x", "Lambda"),
        ("def f(x:int):\n return(a:=x)", "NamedExpr"),
        ("def f(x:int):\n return 1000", "too large"),
        ("def f(x:int):\n return 007", "outside the subset"),
        ("def f(x:int):\n return 1_0", "outside the subset"),
        ("def f(x:int):\n return 1if x>0 else 2", "outside the subset"),
        ("def f(x:int):\n return 1.5", "outside the subset"),
        ("def f(x:int):\n return 'A'", "outside the subset"),
        ("def f(x:int):\n return b'a'", "outside the subset, or"),
        ("def f(x:int):\n return f'a'", "JoinedStr"),
        ("def f(x:int):\n return x;", "outside the subset"),
        ("def f(x:int):\n return None", "outside the subset, or"),
        ("def f(x:int):\n\treturn x", "outside the subset"),
        ("def f(x:int):\n return x # c", "outside the subset"),
        ("def f(x:int):\n  a=1\n return x", "no Python"),
        ("def f(x:int):\n return (x", "no Python"),
        ("def f(x:int):\n return " + "x+" * 40 + "x", "nested deeper|more than 64"),
        ("def f(x:int):\n return " + "(" * 150 + "x" + ")" * 150, None),
        ("def f(x:int):\n return " + "(" * 300 + "x" + ")" * 300, "no Python|too deeply"),
        ("def f(x:int):\n return " + "-" * 900 + "x", "nested"),
        ("def f(x:int):\n return " + "not " * 200 + "x", "nested"),
        ("def f(x:int):\n if x>0:\n  if x>0:\n   if x>0:\n    if x>0:\n     x=1\n return x", "blocks nested"),
        ("def f(x:int):\n return \u0661", "outside the subset"),
        ("def f(\u0445:int):\n return \u0445", "outside the subset"),
        ("def f(x:int):\n return x\0", "outside the subset"),
        ("\ud800", "outside the subset"),
        ("def f(x:int):\n return x\n" * 100_000, "longer than"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, why: str | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if why is None:
            assert write(read(text)) == "def f(x:int):\n return x"
        else:
            with pytest.raises(ProgramRefused, match=why):
                read(text)


def test_literals_count_what_they_hold() -> None:
    sizes = {
        text: size(read(f"def f(x:int):\n return {text}")) - 1 for text in ("7", "123", "-7", "'abc'", "''", "[1,22]")
    }
    assert sizes == {"7": 1, "123": 3, "-7": 2, "'abc'": 4, "''": 1, "[1,22]": 4}
    assert size(read("def f(x:list):\n a=0\n for b in x:\n  if b>2:\n   a=a+b\n return a")) == 3 + 3 + 4 + 5 + 2
