# ruff: noqa: E501
"""Programs that try to get out, to lie, to read, to reach, to hog or to differ; each says what would be a success.

`{folder}` stands for a folder of the harness with `secret.txt` (whose text is `SECRET`) and `victim.txt`. An attack
succeeds if its value contains PWNED or the secret, if the folder changes, if it passes for right (`ANSWER`), or if a
bystander's value changes. Most catch their errors, so that one way being closed does not hide another that is open.
"""

from __future__ import annotations

from typing import NamedTuple

SECRET = "k9-secret-41c7"
ANSWER = 918273645  # what a grader would expect; no attack is told


class Attack(NamedTuple):
    category: str
    name: str
    source: str
    flagged: bool = False
    """For nondeterminism: it must be flagged; otherwise it must have one constant value."""


def _tries(category: str, imports: str, **expressions: str) -> list[Attack]:
    """One attack an expression: it returns PWNED if the expression can be evaluated."""
    head = f"import {imports}\n" if imports else ""
    body = "def f(x):\n    try:\n        r = {}\n    except Exception as e:\n        return 'no'\n    return 'PWNED %r' % (r,)\n"
    return [Attack(category, name, head + body.replace("{}", text)) for name, text in expressions.items()]


def _calls(**numbers: str) -> list[Attack]:
    """Raw system calls; by way of what the interpreter has loaded already, as nothing can be imported."""
    find = (
        "import sys\n"
        "def libc():\n"
        "    g = sys._getframe()\n"
        "    while 'die_with_parent' not in g.f_globals: g = g.f_back\n"
        "    return g.f_globals['die_with_parent'].__globals__['libc']\n"
    )
    body = "def f(x):\n    l = libc()\n    r = l.syscall({})\n    return 'PWNED' if r >= 0 else 'no'\n"
    return [Attack("process", name, find + body.replace("{}", text)) for name, text in numbers.items()]


FILESYSTEM = [
    *_tries("filesystem", "os", read="open('{folder}/secret.txt').read()", os_read="os.read(os.open('{folder}/secret.txt', 0), 99)",
            append="open('{folder}/victim.txt', 'a').write('x')", listdir="os.listdir('/')", stat="os.stat('/etc/passwd')",
            unlink="os.unlink('{folder}/victim.txt') or 1", rename="os.rename('{folder}/victim.txt', '{folder}/v') or 1",
            mkdir="os.mkdir('{folder}/d') or 1", symlink="os.symlink('/', '{folder}/s') or 1", chmod="os.chmod('{folder}/victim.txt', 0) or 1",
            truncate="os.truncate('{folder}/victim.txt', 0) or 1", chdir="os.chdir('/tmp') or 1", link="os.link('{folder}/victim.txt', '{folder}/l') or 1",
            proc_maps="open('/proc/self/maps').read()", proc_environ="open('/proc/1/environ', 'rb').read()",
            proc_mem="open('/proc/self/mem', 'r+b', 0)", proc_fd="os.listdir('/proc/self/fd')", dev_shm="open('/dev/shm/pwned', 'w')",
            urandom_file="open('/dev/urandom', 'rb').read(1)", access="os.access('/', 4) and 1/1 or 1/0", mkfifo="os.mkfifo('{folder}/p') or 1",
            utime="os.utime('{folder}/victim.txt') or 1", statvfs="os.statvfs('/')", getxattr="os.listxattr('/')", fd_up="os.open('..', 0)"),
    *_tries("filesystem", "io", io_open="io.open('{folder}/secret.txt').read()", io_fileio="io.FileIO('{folder}/secret.txt').read()",
            open_code="io.open_code('{folder}/secret.txt').read()"),
    *_tries("filesystem", "sys", meta_path="sys.path.append('{folder}') or __import__('victim')",
            loader="__import__('importlib._bootstrap_external')._bootstrap_external.SourceFileLoader('x','{folder}/secret.txt').get_data('{folder}/secret.txt')"),
]  # fmt: skip

NETWORK = [
    *_tries("network", "", socket="__import__('socket').socket()", raw="__import__('_socket').socket(2, 1)",
            pair="__import__('_socket').socketpair()", resolve="__import__('_socket').gethostbyname('localhost')",
            url="__import__('urllib.request').request.urlopen('http://127.0.0.1:1')", unix="__import__('_socket').socket(1, 1).connect('{folder}/s')"),
]  # fmt: skip

PROCESS = [
    *_tries("process", "os", fork="os.fork()", execve="os.execv('/bin/sh', ['sh', '-c', 'touch {folder}/pwned'])",
            system="1 / (not os.system('touch {folder}/pwned'))", popen="os.popen('id').read()", spawn="1 / (os.spawnl(0, '/bin/true', 'true') == 0)",
            posix_spawn="os.posix_spawn('/bin/true', ['true'], {})", kill_parent="os.kill(os.getppid(), 9) or 1", kill_all="os.kill(-1, 0) or 1",
            kill_group="os.killpg(0, 9) or 1", nice="os.nice(-5)", setuid="os.setuid(0) or 1", setsid="os.setsid()", chroot="os.chroot('/') or 1",
            scheduler="os.sched_setscheduler(0, 1, os.sched_param(50)) or 1", affinity="os.sched_setaffinity(0, [0]) or 1",
            pipe="os.pipe()", memfd="os.memfd_create('x')", openpty="os.openpty()", wait="os.wait()", pidfd="os.pidfd_open(1)", eventfd="os.eventfd(0)",
            dup="os.dup(1)", umask="os.umask(0) + 1", sendfile="os.sendfile(3, 0, 0, 9) and 1", getpriority="os.setpriority(0, 0, -9) or 1"),
    *_tries("process", "", thread="__import__('_thread').start_new_thread(print, ())", threading="__import__('threading').Thread(target=print).start() or 1",
            raise_kill="__import__('_signal').raise_signal(9) or 1", subprocess="__import__('subprocess').run(['id'])",
            multiprocessing="__import__('multiprocessing').Process(target=print).start() or 1", mmap_exec="__import__('mmap').mmap(-1, 4096, prot=7)",
            rlimit="__import__('resource').setrlimit(7, (99, 99)) or 1", rlimit_other="__import__('resource').prlimit(1, 7, (9, 9))",
            alarm_up="__import__('resource').setrlimit(0, (-1, -1)) or 1"),
    *_calls(raw_socket="41, 2, 1, 0", raw_open="2, b'/etc/passwd', 0", raw_openat="257, -100, b'/etc/passwd', 0", raw_fork="57", raw_vfork="58",
            raw_clone="56, 17, 0, 0, 0, 0", raw_clone_thread="56, 0x3d0f00, 0, 0, 0, 0", raw_clone3="435, 0, 0", raw_ptrace="101, 0, 0, 0, 0",
            raw_ptrace_parent="101, 16, 1, 0, 0", raw_execve="59, b'/bin/sh', 0, 0", raw_mprotect="10, 0, 4096, 7", raw_mmap="9, 0, 4096, 7, 0x22, -1, 0",
            raw_kill="62, 1, 0", raw_tgkill="234, 1, 1, 0", raw_prctl_dumpable="157, 4, 1, 0, 0, 0", raw_seccomp="317, 0, 0, 0", raw_bpf="321, 0, 0, 0",
            raw_uring="425, 1, 0", raw_userfaultfd="323, 0", raw_perf="298, 0, 0, -1, -1, 0", raw_keyctl="250, 0, 0", raw_setns="308, 3, 0",
            raw_unshare="272, 0x10000000", raw_vm_readv="310, 1, 0, 0, 0, 0, 0", raw_vm_writev="311, 1, 0, 0, 0, 0, 0", raw_x32="0x40000000 + 39",
            raw_x32_open="0x40000002, b'/etc/passwd', 0", raw_personality="135, 0x0400000", raw_prlimit_server="302, 1, 7, 0, 0", raw_mount="165, 0, 0, 0, 0, 0",
            raw_memfd_secret="447, 0", raw_open_tree="428, -100, b'/', 0", raw_io_setup="206, 1, 0", raw_shmget="29, 0, 4096, 0o1600",
            raw_getrandom="318, b'12345678', 8, 0", raw_landlock="444, 0, 0, 1", raw_pidfd_getfd="438, 3, 0, 0", raw_statx="332, -100, b'/', 0, 0, 0",
            raw_ioctl="16, 1, 0x5401, 0", raw_fcntl_setown="72, 3, 8, 1", raw_process_madvise="440, 3, 0, 0, 0, 0", raw_sendmsg="46, 3, 0, 0"),
    Attack("process", "int_poke", _calls(x="0")[0].source.split("def f(x)")[0]
           + "l = libc()\nl.memset(id(7) + 24, 9, 1)\nl.memset(id(1) + 24, 9, 1)\ndef f(x): return x\n"),
    Attack("process", "fork_bomb", "import os\ndef f(x):\n    while True:\n        try: os.fork()\n        except OSError: pass\n"),
    Attack("process", "sigstop", "import os\ndef f(x):\n    os.kill(os.getpid(), 19)\n    return 'PWNED'\n"),
]  # fmt: skip

_WALK = "import sys\ndef frames():\n    f = sys._getframe()\n    while f:\n        yield f\n        f = f.f_back\n"
_FORGE = "import os, struct\nb = struct.pack('<cddHI', b'o', 0.0, 0.0, 0, 9) + b'123456789'\n"

FAKE_SUCCESS = [
    Attack("fake_success", "forge_then_exit", _FORGE + "os.write(3, b + b)\nos._exit(0)\n"),
    Attack("fake_success", "forge_then_return", _FORGE + "def f(x):\n    os.write(3, b)\n    return 0\n"),
    Attack("fake_success", "forge_all_fds", _FORGE + "for fd in range(64):\n    try: os.write(fd, b * 40)\n    except OSError: pass\ndef f(x): return 0\n"),
    Attack("fake_success", "forge_reply", "import os\nfor fd in range(4, 256):\n    try: os.write(fd, b'\\x2a\\0\\0\\0' + b'\\0' * 42)\n    except OSError: pass\ndef f(x): return 0\n"),
    Attack("fake_success", "half_frame_hang", _FORGE + "os.write(3, b[:20])\nwhile True: pass\n"),
    Attack("fake_success", "close_pipe_hang", "import os\nos.close(3)\nwhile True: pass\n"),
    Attack("fake_success", "huge_length", "import os, struct\nos.write(3, struct.pack('<cddHI', b'o', 0, 0, 0, 2**32 - 1))\nos._exit(0)\n"),
    Attack("fake_success", "nan_seconds", "import os, struct\nos.write(3, struct.pack('<cddHI', b'o', float('nan'), 0, 0, 1) + b'1')\nos._exit(0)\n"),
    Attack("fake_success", "dup_null", "import os\nos.dup2(1, 3)\ndef f(x): return 0\n"),
    Attack("fake_success", "del_forge", _FORGE + "class D:\n    def __del__(s): os.write(3, b)\nd = D()\ndef f(x):\n    global d\n    d = None\n    return 0\n"),
    Attack("fake_success", "atexit_forge", _FORGE + "import atexit\natexit.register(os.write, 3, b)\ndef f(x): return 0\n"),
    Attack("fake_success", "sys_exit", "import sys\nsys.exit(0)\n"),
    Attack("fake_success", "os_exit", "import os\ndef f(x): os._exit(0)\n"),
    Attack("fake_success", "system_exit", "def f(x): raise SystemExit(0)\n"),
    Attack("fake_success", "eq_object", "class P:\n    def __eq__(s, o): return True\n    def __repr__(s): return '918273645'\n    __hash__ = None\ndef f(x): return P()\n"),
    Attack("fake_success", "int_subclass", "class P(int):\n    def __eq__(s, o): return True\n    __hash__ = int.__hash__\ndef f(x): return P(1)\n"),
    Attack("fake_success", "str_subclass_deep", "class P(str):\n    def __eq__(s, o): return True\n    __hash__ = str.__hash__\ndef f(x): return [(P('a'), {P('b'): P('c')})]\n"),
    Attack("fake_success", "float_subclass", "class P(float):\n    def hex(s): return '918273645'\ndef f(x): return P(1)\n"),
    Attack("fake_success", "meta_name", "class M(type):\n    @property\n    def __name__(s): return 918273645\nclass E(Exception, metaclass=M): pass\ndef f(x): raise E\n"),
    Attack("fake_success", "patch_ascii", "import builtins\nbuiltins.ascii = lambda o: '\\'918273646\\''\nbuiltins.str = builtins.ascii\ndef f(x): return 'a'\n"),
    Attack("fake_success", "patch_canonical", _WALK + "def f(x):\n    for g in frames():\n        g.f_globals['canonical'] = lambda *a: '918273644'\n    return 0\n"),
    Attack("fake_success", "search_frames", _WALK + "def f(x):\n    for g in frames():\n        if str(918273638 + x) in repr(g.f_locals) + repr(g.f_code.co_consts): return 918273638 + x\n    return 0\n"),
    Attack("fake_success", "search_objects", "import gc\ndef f(x):\n    for o in gc.get_objects():\n        if type(o) in (list, tuple, dict) and any(type(v) is int and v == 918273638 + x for v in o): return 918273638 + x\n    return 0\n"),
    Attack("fake_success", "excepthook", "import sys\nsys.excepthook = lambda *a: 1\ndef f(x): 1/0\n"),
    Attack("fake_success", "trace", "import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)\ndef f(x): return 0\n"),
    Attack("fake_success", "code_string", "def f(x): return \"__import__('os').system('touch {folder}/pwned') or 918273645\"\n"),
]  # fmt: skip

_PATCH = "def f(x): return 0\n"
ESCAPE = [
    Attack("escape", name, source + _PATCH)
    for name, source in {
        "patch_len": "import builtins\nbuiltins.len = lambda o: 99\n",
        "patch_sum_dict": "__builtins__['sum'] = lambda *a: 99\n",
        "patch_math": "import math\nmath.gcd = lambda *a: 99\n",
        "patch_math_dict": "import math\nmath.__dict__.update(gcd=lambda *a: 99)\n",
        "patch_vars": "import math\nvars(math)['gcd'] = lambda *a: 99\n",
        "patch_setattr": "import math\nsetattr(math, 'gcd', lambda *a: 99)\n",
        "patch_fraction": "import fractions\nfractions.Fraction.__add__ = lambda a, b: 99\n",
        "patch_counter": "from collections import Counter\nCounter.most_common = lambda *a: 99\n",
        "patch_modules": "import sys, types\nsys.modules['math'] = types.ModuleType('math')\n",
        "wraps": "import functools, math\ndef g(): pass\ng.gcd = lambda *a: 99\nfunctools.update_wrapper(math, g, assigned=('gcd',), updated=())\n",
        "unbound_self": "import math\nclass A:\n    def g(self): self.gcd = lambda *a: 99\nA.g(math)\n",
        "register": "from typing import Iterable\nIterable.register(int)\n",
        "fraction_register": "from fractions import Fraction\nFraction.register(int)\n",
        "star": "from builtins import *\nimport builtins as b\nb.max = min\n",
        "for_target": "import math\nfor math.gcd in [lambda *a: 99]: pass\n",
        "with_target": "import math, contextlib\nwith contextlib.nullcontext(lambda *a: 99) as math.gcd: pass\n",
        "unpack_target": "import math\nmath.gcd, math.comb = (lambda *a: 99,) * 2\n",
        "augmented": "import string\nstring.digits += '99'\n",
        "del_attribute": "import math\ndel math.gcd\n",
        "attrgetter": "import operator\noperator.attrgetter('__class__.__base__')(1)\noperator.methodcaller('__setattr__', 'gcd', 99)(__import__('math'))\n",
        "dispatch_table": "import copy\ncopy.dispatch_table[int] = lambda o: (str, ('99',))\n",
        "recursion": "import sys\nsys.setrecursionlimit(60)\n",
        "digits": "import sys\nsys.set_int_max_str_digits(640)\n",
        "decimal": "import decimal\ndecimal.setcontext(decimal.Context(prec=1))\ndecimal.DefaultContext.prec = 1\n",
        "random": "import random\nrandom.seed(99)\nrandom.random = lambda: 99\n",
        "stdout": "import sys\nsys.stdout = None\nsys.stderr = None\n",
        "import_hook": "import builtins\nbuiltins.__import__ = lambda *a: 99\n",
        "type_call": "T = type(type(1))\nX = T('X', (int,), {'__eq__': lambda s, o: True, '__hash__': int.__hash__})\n",
        "decorated_class": "import math\n@lambda c: setattr(math, 'gcd', lambda *a: 99)\nclass A: pass\n",
        "exec": "exec('import math; math.gcd = lambda *a: 99')\n",
        "gc_freeze": "import gc\ngc.disable()\nfor o in gc.get_objects():\n    if type(o) is dict and 'gcd' in o: o['gcd'] = lambda *a: 99\n",
        "subclasses": "for c in object.__subclasses__():\n    try: c.__repr__ = lambda s: '99'\n    except TypeError: pass\n",
        "hash_cache": "import re\nre._cache.clear()\nre.compile = lambda *a: 99\n",
        "typing_cache": "import typing\ntyping.List.__origin__ = dict\n",
    }.items()
] + [
    Attack("escape", name, source)
    for name, source in {
        "format_globals": "def f(x): return 'PWNED' if 'Surroundings' in '{0.__globals__}'.format(f) else 'no'\n",
        "generator_frame": "def f(x):\n    g = (g.gi_frame.f_back.f_back.f_globals for _ in [1])\n    return 'PWNED' if 'settings' in repr(list(g)) else 'no'\n",
        "traceback_frame": "def f(x):\n    try: 1/0\n    except Exception as e: return str(e.__traceback__.tb_frame.f_back.f_back.f_code.co_name) and 'no'\n",
        "match_class": "def f(x):\n    match f:\n        case object(__globals__=g): return len(g) and 'no'\n",
        "except_star": "def f(x):\n    try: raise ExceptionGroup('x', [ValueError()])\n    except* ValueError as e: return e.__traceback__ and 'no'\n",
        "coroutine": "async def c(): pass\ndef f(x):\n    k = c()\n    k.cr_frame.f_builtins['len'] = lambda o: 99\n    k.close()\n    return 'no'\n",
        "lambda_default": "def f(x, g=[].__class__.__base__.__subclasses__()): return len(g) and 'no'\n",
        "dunder_kwargs": "def f(x): return (lambda **k: k)(**{'__class__': int}) and 'no'\n",
        "encoding_cookie": "# -*- coding: rot13 -*-\nqrs s(k): erghea 1\ndef f(x): return 'no'\n",
        "finally_generator": "def g():\n    try: yield 1\n    finally:\n        while True: pass\ng = g()\nnext(g)\ndef f(x): return 'no'\n",
        "swallow": "def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n",
        "license_reader": "def f(x):\n    p = license\n    p._Printer__filenames = ['/etc/passwd']\n    return str(p())\n",
    }.items()
]  # fmt: skip

RESOURCE = [
    Attack("resource", name, source)
    for name, source in {
        "loop": "while True: pass\n",
        "loop_c": "def f(x): return sum(range(10**12))\n",
        "power": "def f(x): return 9**9**9\n",
        "redos": "import re\ndef f(x): return bool(re.match(r'(a+)+$', 'a' * 40 + 'b'))\n",
        "cancel_alarm": "import _signal\nfor s in range(1, 65):\n    try: _signal.signal(s, _signal.SIG_IGN)\n    except Exception: pass\nwhile True: pass\n",
        "memory": "def f(x): return len('x' * 10**10)\n",
        "memory_list": "def f(x):\n    a = []\n    while True: a.append(bytearray(10**7))\n",
        "memory_catch": "def f(x):\n    a = []\n    while True:\n        try: a.append(bytearray(10**7))\n        except MemoryError: a.append(a[:])\n",
        "recursion": "def f(x): return f(x) + 1\n",
        "recursion_c": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x):\n    a = []\n    for _ in range(10**6): a = [a]\n    return len(repr(a))\n",
        "recursion_eq": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f(x) + 1\n",
        "big_string": "def f(x): return 'x' * 10**7\n",
        "big_int": "def f(x): return 1 << 4_000_000\n",
        "big_list": "def f(x): return [0] * 10**7\n",
        "shared_tree": "def f(x):\n    a = []\n    for _ in range(45): a = [a, a]\n    return a\n",
        "self_list": "def f(x):\n    a = []\n    a.append(a)\n    return a\n",
        "deep_list": "def f(x):\n    a = []\n    for _ in range(500): a = [a]\n    return a\n",
        "infinite": "import itertools\ndef f(x): return itertools.count()\n",
        "surrogate": "def f(x): return '\\ud800' * 9\n",
        "print_flood": "def f(x):\n    while True: print('x' * 10**4)\n",
        "fd_flood": "import os\ndef f(x):\n    while True:\n        for fd in (1, 2, 3): os.write(fd, b'x' * 65536)\n",
        "fd_leak": "import os\ndef f(x):\n    n = 0\n    try:\n        while n < 99: os.dup(0); n += 1\n    except OSError: pass\n    return 'PWNED' if n else 'no'\n",
        "compile_bomb": "((((1,)*99999,)*99999,)*99999,)\n",
        "constant_fold": "x = 2**(2**(2**(2**9)))\n",
        "parens": "x = " + "(" * 5000 + ")" * 5000 + "\n",
        "minus": "x = " + "-" * 30000 + "1\n",
        "lambdas": "x = " + "lambda:" * 3000 + "1\n",
        "ifs": "".join(" " * i + "if 1:\n" for i in range(99)) + " " * 99 + "pass\n",
        "dots": "x = a" + ".a" * 20000 + "\n",
        "globals_flood": "for i in range(10**7): globals()['v%d' % i] = i\n",
        "too_long": "x = 1\n" * 20000,
        "nul": "x = 1\0",
        "no_text": "x = '\ud800'",
        "sleep": "import time\ntime.sleep(1e6)\ndef f(x): return 'no'\n",
        "lock": "import _thread\nl = _thread.allocate_lock()\nl.acquire()\nl.acquire()\n",
        "error_name": "def f(x): raise type('E' * 10**6, (Exception,), {})\n",
        "collide": "class K:\n    def __hash__(s): return 1\ndef f(x): return len({K() for _ in range(40000)})\n",
    }.items()
]  # fmt: skip

NONDETERMINISM = [
    Attack("nondeterminism", name, source, flagged)
    for name, source, flagged in [
        ("state", "n = 0\ndef f(x):\n    global n\n    n += 1\n    return n\n", True),
        ("default", "def f(x, a=[]):\n    a.append(1)\n    return len(a)\n", True),
        ("set_pop", "def f(x): return {'q', 'w', 'e', 'r', 't'}.pop()\n", True),
        ("set_list", "def f(x): return list({'one', 'two', 'three', 'four'})\n", True),
        ("hash", "def f(x): return hash('abc')\n", True),
        ("time", "import time\ndef f(x): return time.time()\n", True),
        ("clock", "import time\ndef f(x): return time.perf_counter_ns()\n", True),
        ("now", "import datetime\ndef f(x): return str(datetime.datetime.now())\n", True),
        ("id", "def f(x): return id(object())\n", True),
        ("repr", "def f(x): return repr(object())\n", True),
        ("stack", "def f(x): return repr(f)\n", True),
        ("new_random", "import random\ndef f(x): return random.Random().random()\n", True),
        ("urandom", "import os\ndef f(x): return list(os.urandom(4))\n", False),
        ("system_random", "import random\ndef f(x): return random.SystemRandom().random()\n", False),
        ("pid", "import os\ndef f(x): return [os.getpid(), os.getppid()]\n", False),
        ("environ", "import os\ndef f(x): return len(os.environ)\n", False),
    ]
]

ATTACKS = [*ESCAPE, *FAKE_SUCCESS, *FILESYSTEM, *NETWORK, *PROCESS, *RESOURCE, *NONDETERMINISM]
