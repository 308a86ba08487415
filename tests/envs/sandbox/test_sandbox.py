import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from envs.sandbox import Limits, Outcome, Program, Sandbox, SandboxUnavailable, canonical, doctor, monty
from tests.envs.sandbox.attacking import LIMITS, prepare, successes, unflagged
from tests.envs.sandbox.attacks import ATTACKS

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SHORT = Limits(cpu_s=0.2, wall_s=1.0)


@pytest.fixture(scope="module")
def box():
    with Sandbox(SHORT) as sandbox:
        yield sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prepare(tmp_path)
    return tmp_path


def answers(sandbox: Sandbox, programs: list[Program]) -> list[object]:
    return [execution.answer for execution in sandbox.run(programs)]


@pytest.mark.parametrize(
    ("program", "outcome", "value", "error"),
    [
        (Program("def f(x): return x + 1", "f", (3,)), "ok", "4", None),
        (Program("a=7;b=a*2+1;b-a"), "ok", "8", None),
        (Program("None"), "ok", "None", None),
        (Program("x = 1"), "ok", None, None),
        (Program(""), "ok", None, None),
        (Program("if __name__ == '__main__': 1/0\n2"), "ok", "2", None),
        (Program("class A:\n    x = 1\nA().x"), "ok", "1", None),
        (Program("1/0"), "error", None, "ZeroDivisionError"),
        (Program("def f(:"), "error", None, "SyntaxError"),
        (Program("x = 1", "f"), "error", None, "NameError"),
        (Program("open('/etc/passwd')"), "error", None, "PermissionError"),
        (Program("while True: pass"), "timeout", None, None),
        (Program("import os\nos.fork()"), "violation", None, "system call"),
        (Program("import os\nos.write(3, b'x')"), "violation", None, "wrong bytes in the result pipe"),
        (Program("import os\nos._exit(0)"), "no_result", None, "ended without a result"),
        (Program("object()"), "no_result", None, "type object"),
        (Program("'x' * 300_001"), "output_limit", None, None),
        (Program("x=1\n" * 20_000), "refused", None, "source of more than 65536 bytes"),
        (Program("'\ud800'"), "refused", None, "source is no Unicode text"),
        (Program("1\0"), "refused", None, "source holds NUL"),
        (Program("1", args=(object(),)), "refused", None, "argument: type object"),
    ],
)
def test_outcome(box: Sandbox, program: Program, outcome: str, value: str | None, error: str | None):
    (execution,) = box.run([program])
    assert execution.answer == (outcome, value, error)


def test_a_crash_names_its_signal(box: Sandbox):
    source = "a = ()\nfor _ in range(300_000): a = (a,)\nhash(a)"  # which no recursion limit guards
    (execution,) = box.run([Program(source)])
    assert execution.answer == ("crash", None, "SIGSEGV")


def mixed() -> list[Program]:
    good = [Program(f"def f(x):\n    return [x * i for i in range({k})]", "f", (k,)) for k in range(40)]
    bad = [Program("1/0"), Program("while True: pass"), Program("import os\nos.getpid()"), Program("id")]
    return [*good[:20], *bad, *good[20:]]


def test_lanes_and_numbers_of_workers_agree():
    with Sandbox(SHORT, lane="solo") as alone, Sandbox(SHORT, workers=1) as one, Sandbox(SHORT, workers=3) as three:
        expected = answers(alone, mixed())
        assert answers(one, mixed()) == answers(three, mixed()) == expected
        assert alone.status().n_batch == 0
        assert one.status().n_batch > 30


def test_every_second_look_agrees():
    with Sandbox(SHORT, second_looks=1.0) as sandbox:
        sandbox.run(mixed()[:20])
        status = sandbox.status()
        assert (status.n_second_looks, status.mismatch_rate) == (20, 0.0)


def test_no_attack_succeeds_here(folder: Path):
    assert len(ATTACKS) >= 200
    with Sandbox(LIMITS, workers=2) as sandbox:
        assert successes(sandbox, ATTACKS, folder) == []
        assert unflagged(sandbox, folder) == []
        assert sandbox.status().n_restarts == 0
        assert sandbox.status().n_mismatches == 0


def attack_as(command: list[str], python: str, folder: Path, **how: object) -> dict[str, object]:
    environment = {"PYTHONPATH": f"{ROOT}:{HERE}", "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    run = [*command, python, str(HERE / "attacking.py"), str(folder)]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, cwd="/", timeout=120, **how)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_attack_succeeds_as_an_ordinary_user(folder: Path):
    if os.getuid() != 0:
        pytest.skip("the other tests are that test")
    python = "/usr/bin/python3"
    probe = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import envs.sandbox; sys.exit(sys.version_info < (3, 11))"
    if not Path(python).exists() or subprocess.run([python, "-c", probe], user=12345, group=12345, cwd="/").returncode:
        pytest.skip("no interpreter that an ordinary user may execute")
    for path in [folder, *folder.iterdir()]:
        os.chown(path, 12345, 12345)
    for parent in list(folder.parents)[:3]:
        if parent.stat().st_uid == 0 and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o055)
    said = attack_as([], python, folder, user=12345, group=12345, extra_groups=[])
    assert said["uid"] == 12345
    assert said["found"] == []
    assert said["restarts"] == 0


def test_no_attack_succeeds_in_a_namespace(folder: Path):
    command = ["unshare", "-Urnp", "--fork"]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("user namespaces are not allowed here")
    said = attack_as(command, sys.executable, folder)
    assert said["found"] == []
    assert said["restarts"] == 0


def test_without_seccomp_the_self_test_refuses():
    with pytest.raises(SandboxUnavailable, match=r"self-test: a child could .* seccomp"), Sandbox(_without=["seccomp"]):
        pass


def test_the_ways_out_are_closed_without_landlock_too(folder: Path):
    with Sandbox(LIMITS, _without=["landlock", "namespaces"]) as sandbox:
        files = [attack for attack in ATTACKS if attack.category in ("filesystem", "network")]
        assert successes(sandbox, files, folder) == []
        assert {layer.name for layer in sandbox.status().layers if not layer.active} == {"landlock", "namespaces"}


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_nothing_is_left():
    before, running = descriptors(), children()
    with Sandbox(SHORT, workers=2) as sandbox:
        sandbox.run(mixed())
        sandbox.determinism(Program("1"), 2)
        pids = [worker.pid for worker in (*sandbox._workers, *sandbox._seeded)]
        assert set(map(str, pids)) <= set(children())
    assert descriptors() == before
    assert children() == running


def resident_kb(pid: int) -> int:
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def test_memory_and_descriptors_of_a_server_stay():
    hostile = Program("import os\nx = bytearray(10**7)\nos.write(3, b'x' * 50_000)")
    with Sandbox(SHORT) as sandbox:
        sandbox.run([hostile, *mixed()[:20]] * 5)
        (worker,) = sandbox._workers
        size, n_open = resident_kb(worker.pid), descriptors()
        sandbox.run([hostile, *mixed()[:20]] * 40)
        assert resident_kb(worker.pid) < size + 1_000
        assert descriptors() == n_open
        assert [w.pid for w in sandbox._workers] == [worker.pid]


def test_a_killed_server_is_replaced():
    with Sandbox(SHORT) as sandbox:
        os.kill(sandbox._workers[0].pid, signal.SIGKILL)
        assert answers(sandbox, [Program("1+1"), Program("2+2")]) == [("ok", "2", None), ("ok", "4", None)]
        assert sandbox.status().n_restarts == 1


def test_a_killed_parent_takes_its_servers_along():
    source = (
        "import os\nfrom envs.sandbox import *\nbox = Sandbox(workers=2)\nbox.start()\n"
        "print(*[w.pid for w in box._workers], flush=True)\nbox.run([Program('while True: pass')] * 2)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    servers = [os.pidfd_open(int(pid)) for pid in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert len(servers) == 2
    for server in servers:
        assert select.select([server], [], [], 10)[0]
        os.close(server)


def test_a_ctrl_c_leaves_nothing_and_the_next_call_is_right():
    running = children()

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, interrupt)
    try:
        with Sandbox(Limits(cpu_s=20)) as sandbox:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(KeyboardInterrupt):
                sandbox.run([Program("while True: pass")])
            assert children() == running
            assert answers(sandbox, [Program("1+1")]) == [("ok", "2", None)]
    finally:
        signal.signal(signal.SIGALRM, old)


def test_off_has_to_be_asked_for_and_marks_results():
    with Sandbox(SHORT, backend="off") as sandbox:
        (execution,) = sandbox.run([Program("import os\nos.path.exists('/')")])
        assert (execution.value, execution.unsafe) == ("True", True)
        assert not sandbox.status().safe
    with Sandbox(SHORT) as sandbox:
        assert not sandbox.run([Program("1")])[0].unsafe


def test_monty():
    if not monty.version():
        with pytest.raises(SandboxUnavailable, match="the extra 'monty'"):
            Sandbox(backend="monty").start()
        return
    with Sandbox(SHORT, backend="monty") as sandbox:
        programs = [Program("def f(x): return [x, 'a']", "f", (2,)), Program("1/0"), Program("while True: pass")]
        expected = [("ok", "[2, 'a']", None), ("error", None, "ZeroDivisionError"), ("timeout", None, None)]
        assert answers(sandbox, programs) == expected


def test_doctor_names_the_layers():
    text = doctor()
    assert "sandbox: process" in text
    for name in ("seccomp", "no_new_privs", "identity", "rlimits", "landlock", "namespaces"):
        assert name in text


@pytest.mark.parametrize("text", ["cpu_s=0", "wall_s=1", "memory_bytes=1", "output_chars=0", "source_bytes=0"])
def test_limits_are_checked(text: str):
    name, value = text.split("=")
    with pytest.raises(ValueError, match=text):
        Limits(**{name: int(value)})


def test_outcomes_are_their_names():
    assert Outcome.OK == "ok"
    assert canonical([1, True, 1.0]) == "[1, True, 0x1.0000000000000p+0]"


HOARDER = "x = [bytes(400 * 10**6)]\nx.append(x)\ndef f(): return 0"
NEEDY = "def f():\n    a = [0] * (20 * 10**6)\n    return len(a)"
PATIENT = "def f():\n    try: return len([0] * (20 * 10**6))\n    except MemoryError: return 'too little'"


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        (HOARDER, NEEDY, "20000000"),
        (HOARDER, PATIENT, "20000000"),
        ("import typing\nx = typing.List[1]\ndef f(): return 0",
         "import typing\ndef f(): return repr(typing.List[True])", "'typing.List[True]'"),
        ("import typing\nx = typing.Union[1, 2]\ndef f(): return 0",
         "import typing\ndef f(): return repr(typing.Union[True, 2.0])", "'typing.Union[True, 2.0]'"),
        ("import re\nre.match('secret', '', 2)\ndef f(): return 0",
         "import re\ndef f():\n    try: re.match('secret', '', 2.0)\n    except TypeError: return 'not seen'\n"
         "    return 'seen'", "'not seen'"),
    ],
)  # fmt: skip
def test_a_program_leaves_nothing_to_the_next_of_its_batch(first: str, second: str, value: str):
    with Sandbox(second_looks=0.0) as box:
        (alone,) = box.run([Program(second, "f")])
        beside = box.run([Program(first, "f"), *[Program(second, "f")] * 3])[1:]
    assert [run.value for run in (alone, *beside)] == [value] * 4
