"""Which programs may run beside others in one process, and what they see there.

A program that runs in a batch must leave nothing behind for the next. Three things see to that. Its compiled code may
hold listed instructions only, none of which sets an attribute, makes a class or awaits, and no name that leads to
another frame, to code or to the interpreter. Its builtins are a fresh dictionary of listed functions. Its imports are
fresh modules of listed names, none of which is mutable, a module or a way to reach attributes by their names' text.
Whatever is not listed is not refused: the program runs alone. So a list may be short, and a new instruction of a new
Python costs speed, never safety.
"""

from __future__ import annotations

import builtins
import dis
import importlib
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, ModuleType

_INSTRUCTIONS = [
    "BEFORE_WITH",
    "BINARY_OP",
    "BINARY_SLICE",
    "BINARY_SUBSCR",
    "BUILD_CONST_KEY_MAP",
    "BUILD_LIST",
    "BUILD_MAP",
    "BUILD_SET",
    "BUILD_SLICE",
    "BUILD_STRING",
    "BUILD_TUPLE",
    "CACHE",
    "CALL",
    "CALL_FUNCTION_EX",
    "CALL_INTRINSIC_1",
    "CALL_KW",
    "CHECK_EG_MATCH",
    "CHECK_EXC_MATCH",
    "CLEANUP_THROW",
    "COMPARE_OP",
    "CONTAINS_OP",
    "CONVERT_VALUE",
    "COPY",
    "COPY_FREE_VARS",
    "DELETE_DEREF",
    "DELETE_FAST",
    "DELETE_GLOBAL",
    "DELETE_NAME",
    "DELETE_SUBSCR",
    "DICT_MERGE",
    "DICT_UPDATE",
    "END_FOR",
    "END_SEND",
    "EXTENDED_ARG",
    "FORMAT_SIMPLE",
    "FORMAT_VALUE",
    "FORMAT_WITH_SPEC",
    "FOR_ITER",
    "GET_ITER",
    "GET_LEN",
    "GET_YIELD_FROM_ITER",
    "IMPORT_FROM",
    "IMPORT_NAME",
    "IS_OP",
    "JUMP_BACKWARD",
    "JUMP_BACKWARD_NO_INTERRUPT",
    "JUMP_FORWARD",
    "JUMP_IF_FALSE_OR_POP",
    "JUMP_IF_TRUE_OR_POP",
    "KW_NAMES",
    "LIST_APPEND",
    "LIST_EXTEND",
    "LIST_TO_TUPLE",
    "LOAD_ASSERTION_ERROR",
    "LOAD_ATTR",
    "LOAD_CLOSURE",
    "LOAD_CONST",
    "LOAD_DEREF",
    "LOAD_FAST",
    "LOAD_FAST_AND_CLEAR",
    "LOAD_FAST_CHECK",
    "LOAD_FAST_LOAD_FAST",
    "LOAD_GLOBAL",
    "LOAD_METHOD",
    "LOAD_NAME",
    "MAKE_CELL",
    "MAKE_FUNCTION",
    "MAP_ADD",
    "MATCH_KEYS",
    "MATCH_MAPPING",
    "MATCH_SEQUENCE",
    "NOP",
    "POP_EXCEPT",
    "POP_JUMP_BACKWARD_IF_FALSE",
    "POP_JUMP_BACKWARD_IF_NONE",
    "POP_JUMP_BACKWARD_IF_NOT_NONE",
    "POP_JUMP_BACKWARD_IF_TRUE",
    "POP_JUMP_FORWARD_IF_FALSE",
    "POP_JUMP_FORWARD_IF_NONE",
    "POP_JUMP_FORWARD_IF_NOT_NONE",
    "POP_JUMP_FORWARD_IF_TRUE",
    "POP_JUMP_IF_FALSE",
    "POP_JUMP_IF_NONE",
    "POP_JUMP_IF_NOT_NONE",
    "POP_JUMP_IF_TRUE",
    "POP_TOP",
    "PRECALL",
    "PUSH_EXC_INFO",
    "PUSH_NULL",
    "RAISE_VARARGS",
    "RERAISE",
    "RESUME",
    "RETURN_CONST",
    "RETURN_GENERATOR",
    "RETURN_VALUE",
    "SEND",
    "SET_ADD",
    "SET_FUNCTION_ATTRIBUTE",
    "SET_UPDATE",
    "STORE_DEREF",
    "STORE_FAST",
    "STORE_FAST_LOAD_FAST",
    "STORE_FAST_MAYBE_NULL",
    "STORE_FAST_STORE_FAST",
    "STORE_GLOBAL",
    "STORE_NAME",
    "STORE_SLICE",
    "STORE_SUBSCR",
    "SWAP",
    "TO_BOOL",
    "UNARY_INVERT",
    "UNARY_NEGATIVE",
    "UNARY_NOT",
    "UNARY_POSITIVE",
    "UNPACK_EX",
    "UNPACK_SEQUENCE",
    "WITH_EXCEPT_START",
    "YIELD_VALUE",
]

_OPCODES = frozenset(dis.opmap[name] for name in _INSTRUCTIONS if name in dis.opmap)
_ASYNC_FLAGS = 0x80 | 0x100 | 0x200  # coroutine, iterable coroutine, async generator

_BUILTINS = [
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "chr",
    "complex",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "frozenset",
    "hash",
    "hex",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "oct",
    "ord",
    "pow",
    "print",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "slice",
    "sorted",
    "str",
    "sum",
    "tuple",
    "zip",
    "True",
    "False",
    "None",
    "NotImplemented",
    "Ellipsis",
]

_NAMES_ALLOWED = frozenset({"_", "__name__"})
_NAMES_ALONE = frozenset(
    [
        "format",
        "format_map",
        "mro",
        "register",
        "with_traceback",
        "gi_frame",
        "gi_code",
        "gi_yieldfrom",
        "gi_running",
        "gi_suspended",
        "cr_frame",
        "cr_code",
        "cr_await",
        "cr_origin",
        "ag_frame",
        "ag_code",
        "ag_await",
        "tb_frame",
        "tb_next",
        "tb_lasti",
        "tb_lineno",
        "f_back",
        "f_builtins",
        "f_code",
        "f_globals",
        "f_lasti",
        "f_lineno",
        "f_locals",
        "f_trace",
        "co_code",
        "co_consts",
        "co_names",
    ]
)
"""`str.format` reads attributes by text; `register` of an abstract class changes it for all."""

_MODULES: dict[str, str | None] = {
    "math": None,
    "cmath": None,
    "itertools": None,
    "heapq": "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest",
    "bisect": "bisect bisect_left bisect_right insort insort_left insort_right",
    "collections": "Counter OrderedDict defaultdict deque",
    "copy": "copy deepcopy",
    "fractions": "Fraction",
    "functools": "cache cmp_to_key lru_cache partial reduce",
    "hashlib": "md5 sha1 sha256",
    "json": "dumps loads",
    "operator": "abs add and_ concat contains countOf eq floordiv ge getitem gt index indexOf inv invert itemgetter le"
    " lt matmul mod mul ne neg not_ or_ pos pow rshift setitem sub truediv truth xor lshift is_ is_not delitem",
    "re": "A ASCII DOTALL I IGNORECASE M MULTILINE S X VERBOSE compile error escape findall finditer fullmatch match"
    " search split sub subn",
    "statistics": "fmean geometric_mean harmonic_mean mean median median_high median_low mode multimode pstdev"
    " pvariance stdev variance",
    "string": "ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits punctuation printable"
    " whitespace",
    "typing": "Any Callable DefaultDict Deque Dict FrozenSet Generator Iterable Iterator List Mapping Optional Sequence"
    " Set Tuple Union",
}
"""Modules and the names of theirs that a batch may share; None means all but the private ones."""

CANARY = """
import math
from collections import Counter
from fractions import Fraction
from functools import reduce
def f(n):
    digits = sorted({str(i % 7) for i in range(n)}, key=lambda s: -int(s))
    try:
        digits[n]
    except IndexError:
        digits.append("x")
    return [len(digits), digits, sum(x * x for x in range(n)), math.gcd(n, 42), math.comb(n, 3), math.factorial(n),
            isinstance(n, int), max(digits), dict(Counter("abca")), str(Fraction(1, 3) + Fraction(1, 6)), divmod(n, 5),
            reduce(lambda p, q: p * q, range(1, 8)), tuple(zip("ab", (1.5, None))), "%05d" % n, f"{n:x}", abs(-n),
            all(digits), any([0]), round(2.5), list(map(ord, "az")), "a,b".split(","), min(3, 2), pow(3, 4, 5)]
"""
CANARY_ARGUMENT = 12
CANARY_VALUE = (
    "[8, ['6', '5', '4', '3', '2', '1', '0', 'x'], 506, 6, 220, 479001600, True, 'x', {'a': 2, 'b': 1, 'c': 1}, '1/2', "
    "(2, 2), 5040, (('a', 0x1.8000000000000p+0), ('b', None)), '00012', 'c', 12, True, False, 2, [97, 122], "
    "['a', 'b'], 2, 1]"
)
"""The last program of every batch; another value means that one before it changed something."""

_real = vars(builtins)
_SHARED = {name: _real[name] for name in _BUILTINS} | {
    name: value for name, value in _real.items() if isinstance(value, type) and issubclass(value, BaseException)
}
_ELSEWHERE = frozenset(_real) - frozenset(_SHARED) - _NAMES_ALLOWED


def passes(code: CodeType) -> bool:
    """Whether compiled code, with all code inside it, may run beside other programs."""
    waiting = [code]
    while waiting:
        code = waiting.pop()
        if code.co_flags & _ASYNC_FLAGS or not _OPCODES.issuperset(code.co_code[::2]):
            return False
        for name in code.co_names:
            if (name[0] == "_" and name not in _NAMES_ALLOWED) or name in _NAMES_ALONE or name in _ELSEWHERE:
                return False
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return True


def load_modules() -> dict[str, Mapping[str, object]]:
    """What each listed module shares."""
    loaded: dict[str, Mapping[str, object]] = {}
    for name, names in _MODULES.items():
        module = vars(importlib.import_module(name))
        shared = names.split() if names else [name for name in module if name[0] != "_"]
        loaded[name] = {name: module[name] for name in shared if name in module}
    return loaded


class Surroundings:
    """The builtins of one program in a batch.

    Attributes:
        names: For its `__builtins__`.
        asked_for_more: Whether it met the edge, so that its result says nothing and it has to run alone.
    """

    def __init__(self, modules: Mapping[str, Mapping[str, object]]) -> None:
        self.asked_for_more = False
        self._modules = modules
        self._made: dict[str, ModuleType] = {}
        self.names: dict[str, object] = dict(_SHARED)
        self.names["__import__"] = self._importer()

    def _importer(self) -> Callable[..., ModuleType]:
        def import_listed(
            name: str,
            globals: object = None,
            locals: object = None,
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> ModuleType:
            del globals, locals, fromlist
            if level or name not in self._modules:
                self.asked_for_more = True
                raise ImportError(name)
            if name not in self._made:
                module = self._made[name] = ModuleType(name)
                vars(module).update(self._modules[name])
                vars(module)["__getattr__"] = self._missing
            return self._made[name]

        return import_listed

    def _missing(self, name: str) -> object:
        self.asked_for_more = True
        raise AttributeError(name)
