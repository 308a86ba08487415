"""The `selfplay` command: parse, import late, call one function.

    selfplay train --config FILE --out DIR      one self-play training job
    selfplay study --config FILE --out DIR      arms side by side, then the report
    selfplay report DIR                         figures and report.html of a study
    selfplay audit [VERIFIER]                   how often a verifier accepts wrong answers and rejects right ones
    selfplay verify --checker C --in A --out B  verdicts on many answers or programs in a file
    selfplay tasks {list,sample,certify}        the envs, their tasks, proof that data sets are disjoint
    selfplay corpus build NAME                  human-written tasks read from a package's sources, each checked
    selfplay eval RUN                           loss, accuracy and pass@k of a finished or running job
    selfplay fit --data RUNS --law LAW          a scaling law with intervals, from any run table
    selfplay compare-laws --data RUNS           laws side by side: AICc, and larger runs foretold from smaller ones
    selfplay predict STUDY --cell A/B/seedN     what a run will give, written down before it; score-prediction after
    selfplay verdict --data RUNS --primary ARM  does the arm help, and does it keep scaling? any run table
    selfplay power --noise S                    seeds needed for a clean NO and for a YES
    selfplay export CKPT --to hf DIR            the weights for Hugging Face transformers
    selfplay doctor                             what this machine offers to run programs safely

Every configuration key is also an option: `--optim.lr 1e-3`. Work is saved as rounds end, and within long
ones; the same command again goes on from there.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from selfplay.commands import export, fit, predict, verdict
from selfplay.ranks import leads

if TYPE_CHECKING:
    from selfplay.config import RunConfig, StudyConfig

    Config = TypeVar("Config", RunConfig, StudyConfig)

Command = Callable[[argparse.Namespace], int | None]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

EPILOG = "Any key of the configuration may follow as an option, for example --optim.lr 1e-3 or --seeds '[0, 1]'."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors of the user's are one line on stderr and exit code 1 (2 for wrong usage)."""
    parser = _parser()
    arguments, overrides = parser.parse_known_args(argv)
    if overrides and not hasattr(arguments, "config"):
        parser.error(f"unrecognized arguments: {' '.join(overrides)}")
    arguments.overrides = overrides
    if getattr(arguments, "sandbox", None):
        os.environ["SELFPLAY_SANDBOX"] = arguments.sandbox  # worker processes inherit it
    try:
        return int(arguments.command(arguments) or 0)
    except KeyboardInterrupt:
        if not leads():
            return 0
        print(f"\nstopped; what was finished is saved. To continue: {_again(argv)}", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone: nothing more to say
        return 1
    except (ValueError, OSError) as error:
        if not leads():
            return 0  # of several processes one speaks
        print(f"error: {_one_line(error)}", file=sys.stderr)
        return 1


def _one_line(error: ValueError | OSError) -> str:
    plain = isinstance(error, OSError) and error.filename is not None and error.strerror
    return f"{error.filename}: {error.strerror}" if plain else " ".join(str(error).split())  # type: ignore[union-attr]


def _again(argv: Sequence[str] | None) -> str:
    import shlex

    return shlex.join(["selfplay", *(sys.argv[1:] if argv is None else argv)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="selfplay",
        allow_abbrev=False,
        description="A testbed for verified self-play: does held-out loss keep falling past the real-data limit?",
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    jobs = _add_jobs(commands)
    report = _add(commands, "report", _report, "Write figures and report.html of a study folder.")
    report.add_argument("folder", type=Path, metavar="DIR")

    _add_verify(commands)
    actions = commands.add_parser("tasks", help="Look at envs and their tasks.")
    tasks = actions.add_subparsers(required=True, metavar="ACTION")
    _add(tasks, "list", _tasks_list, "List the envs that come with the package.")
    sample = _add(tasks, "sample", _tasks_sample, "Print real tasks of a configuration.")
    sample.add_argument("config", metavar="CONFIG")
    sample.add_argument("-n", type=int, default=10, help="tasks to print (default 10)")
    certify = _add(tasks, "certify", _tasks_certify, "Prove that data sets hold no repeats and do not overlap.")
    certify.add_argument("config", metavar="CONFIG")
    for command in (*jobs, sample, certify):
        command.epilog = EPILOG

    corpora = commands.add_parser("corpus", help="Human-written tasks from the sources of packages.")
    build = _add(corpora.add_subparsers(required=True, metavar="ACTION"), "build", _corpus_build, "Build a corpus.")
    build.add_argument("name", metavar="NAME", help="rubi, sympy or cpython")
    build.add_argument("--out", type=Path, default=Path("runs/corpora"), metavar="DIR", help="default runs/corpora")
    build.add_argument(
        "--source", "--wheel", type=Path, metavar="FILE", help="wheel, archive or folder (default: found, or by pip)"
    )
    build.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default 1)")
    _add_sandbox(build)

    _add_audit(commands)
    evaluate = _add(commands, "eval", _eval, "Measure the best weights of a run: loss, greedy accuracy, pass@k.")
    evaluate.add_argument("run", type=Path, metavar="RUN", help="run folder, as made by train, or a cell of a study")
    evaluate.add_argument("-k", type=int, default=8, help="attempts per task for pass@k (default 8)")
    again = _add(commands, "rescore", _rescore, "Judge a run's stored attempts again: what would it have kept?")
    again.add_argument("run", type=Path, metavar="RUN", help="run folder, as made by train, or a cell of a study")
    again.add_argument(
        "--judge", required=True, metavar="JUDGE", help="env, accept-all, module:callable, or a run folder"
    )
    _add_sandbox(again)
    fit.add(commands)
    predict.add(commands)
    verdict.add(commands)
    export.add(commands)
    _add(commands, "doctor", _doctor, "Say what this machine offers to run programs safely.")
    return parser


def _add_jobs(commands: Commands) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    train = _add(commands, "train", _train, "Run one self-play training job, or go on with it.")
    study = _add(commands, "study", _study, "Run arms side by side, then write the report. Finished runs are skipped.")
    study.add_argument(
        "--up-to", type=int, metavar="TOKENS", help="run budgets of at most this now; the same command does the rest"
    )
    for command in (train, study):
        command.add_argument("--config", required=True, metavar="FILE", help="YAML configuration")
        command.add_argument("--out", type=Path, metavar="DIR", help="folder of the result (default: runs/, by CONFIG)")
        command.add_argument("--print_config", action="store_true", help="print the resolved configuration and stop")
        command.add_argument(
            "--from-hf",
            metavar="DIR",
            help="start from a local Qwen3 or Llama checkpoint, with its tokenizer (extra hf)",
        )
        _add_sandbox(command)
    return train, study


def _add_verify(commands: Commands) -> None:
    verify = _add(commands, "verify", _verify, "Verify every row of a JSONL file; interrupted work goes on.")
    verify.add_argument("--checker", required=True, choices=("expression", "program"), help="what the rows are")
    verify.add_argument("--in", required=True, dest="source", type=Path, metavar="FILE", help="JSONL with the cases")
    verify.add_argument("--out", required=True, type=Path, metavar="FILE", help="JSONL: the cases with their verdicts")
    verify.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default 1)")
    _add_sandbox(verify)


def _add_audit(commands: Commands) -> None:
    audit = _add(commands, "audit", _audit, "Measure what a verifier accepts and rejects wrongly; exit code 1 on FAIL.")
    audit.add_argument("--config", metavar="FILE", help="YAML configuration (default: the built-in audit)")
    audit.add_argument("--out", type=Path, metavar="DIR", help="folder of the result (default: runs/audit-NAME)")
    audit.add_argument("--fuzz", action="store_true", help="also search for a wrong verdict, and shrink it")
    _add_sandbox(audit)
    audit.add_argument("--print_config", action="store_true", help="print the resolved configuration and stop")
    # VERIFIER is read in `_verifier`: as an argument of its own it would swallow the value of an overriding option.
    audit.usage = "selfplay audit [VERIFIER] [--config FILE] [--out DIR] [--fuzz] [--print_config] [--KEY VALUE ...]"
    audit.epilog = (
        "VERIFIER: env (default, each env's own), accept-all, noisy, module:callable of yours, or a run folder, whose"
        " model then judges. Any key of the configuration may follow as an option, for example --n_wrong 5000."
    )


def _add(commands: Commands, name: str, function: Command, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    command.set_defaults(command=function)
    return command


def _add_sandbox(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--sandbox",
        choices=("auto", "process", "monty", "off"),
        help="what runs programs: auto (the default) is the process sandbox, else monty; off is unsafe",
    )


def _version() -> str:
    from importlib.metadata import version

    return version("selfplay-testbed")


def _load(kind: type[Config], arguments: argparse.Namespace) -> Config:
    """The configuration of a job, with the shape of the checkpoint it starts from, if any."""
    from dataclasses import replace

    from selfplay.configfile import given_keys, load_config

    words: list[str] = [*arguments.overrides]
    if arguments.from_hf:
        words += ["--model.from_hf", arguments.from_hf]
    config = load_config(kind, arguments.config, words)
    if config.model.from_hf is None:
        return config
    from selfplay.model.architecture import shaped

    return replace(config, model=shaped(config.model, given_keys(kind, arguments.config, words, "model")))


def _train(arguments: argparse.Namespace) -> None:
    from selfplay.config import RunConfig
    from selfplay.configfile import to_yaml

    config = _load(RunConfig, arguments)
    if arguments.print_config:
        print(to_yaml(config), end="")
        return
    folder = arguments.out or Path("runs") / f"train-{Path(arguments.config).stem}"
    from selfplay.play.ensemble import run_job
    from selfplay.progress import Progress

    if not leads():
        run_job(config, folder)
        return
    title = f"{config.arm.name} seed {config.seed}"
    print(f"{title}: learning rate {config.optim.rate:g}")
    with Progress(config.budget_tokens) as progress:
        progress.begin(title, config.budget_tokens, 0)
        result = run_job(config, folder, on_round=lambda report: progress.round(title, report))
        progress.end(title, f"loss {result.loss:.3f} nats per answer token, accuracy {result.accuracy:.3f}")
    print(f"{folder}: finished; see rounds.jsonl, or: tensorboard --logdir {folder}")


def _study(arguments: argparse.Namespace) -> None:
    from selfplay.config import StudyConfig
    from selfplay.configfile import to_yaml

    config = _load(StudyConfig, arguments)
    if arguments.print_config:
        print(to_yaml(config), end="")
        return
    folder = arguments.out or Path("runs") / Path(arguments.config).stem
    from selfplay.study.engine import run_study

    run_study(config, folder, up_to=arguments.up_to)
    arguments.folder = folder
    _report(arguments)


def _report(arguments: argparse.Namespace) -> None:
    from selfplay.report.html import make_report

    path = make_report(arguments.folder)
    print(f"report: {path}")


def _verify(arguments: argparse.Namespace) -> None:
    from selfplay.batch import verify_file

    summary = verify_file(arguments.source, arguments.out, arguments.checker, workers=arguments.workers)
    print("\n".join(summary.lines()))
    print(f"{arguments.out}: written")


def _doctor(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    from envs.sandbox import probe

    diagnosis = probe()
    print(diagnosis.text)
    return 0 if diagnosis.backend else 1


def _verifier(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The one word that is neither an option nor an option's value, and the rest."""
    found: list[str] = []
    overrides: list[str] = []
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            found.append(word)
        else:
            overrides += [word] if "=" in word else [word, *([value] if (value := next(rest, None)) else [])]
    if len(found) > 1:
        raise ValueError(f"{' '.join(found)}: name one verifier")
    return (found[0] if found else None), overrides


def _audit(arguments: argparse.Namespace) -> int:
    from selfplay.configfile import to_yaml
    from selfplay.files import require_folder
    from selfplay.measure.audit import load_audit, run_audit

    verifier, overrides = _verifier(arguments.overrides)
    config = load_audit(arguments.config, overrides, verifier)
    if arguments.print_config:
        print(to_yaml(config), end="")  # type: ignore[arg-type]  # any configuration dataclass will do
        return 0
    folder = arguments.out or Path("runs") / f"audit-{config.title}"
    require_folder(folder)  # before an hour of work

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    audit = run_audit(config, say=say)
    from selfplay.report.audit import terminal_lines, write_audit

    page = write_audit(audit, folder)
    print("\n".join(terminal_lines(audit)))
    print(f"report: {page}")
    found = []
    if arguments.fuzz:
        from selfplay.measure.fuzz import fuzz
        from selfplay.report.audit import fuzz_lines, write_fuzz

        found = fuzz(config, say=say)
        write_fuzz(found, folder)
        print("\n".join(fuzz_lines(found)))
    return 0 if audit.passed and not any(search.found for search in found) else 1


def _tasks_list(arguments: argparse.Namespace) -> None:  # noqa: ARG001
    from selfplay.catalogue import list_envs

    for line in list_envs():
        print(line)


def _tasks_sample(arguments: argparse.Namespace) -> None:
    from selfplay.catalogue import load_data
    from selfplay.streams import stream

    data, _ = load_data(arguments.config, arguments.overrides)
    from selfplay.data.sources import draw_task

    if arguments.n < 1:
        raise ValueError(f"-n {arguments.n}: needs at least 1 task")
    rng = stream(0, "show")
    for _ in range(arguments.n):
        solved = draw_task(data.tasks, rng)
        print(f"{solved.task.env}  level {solved.task.level}  {solved.task.prompt}  ->  {solved.answer}")


def _tasks_certify(arguments: argparse.Namespace) -> int:
    from selfplay.catalogue import load_data
    from selfplay.data.certify import certify

    data, seeds = load_data(arguments.config, arguments.overrides)
    certificates = [certify(data, seed) for seed in seeds]
    for certificate in certificates:
        print(certificate.line())
    return 0 if all(certificate.clean for certificate in certificates) else 1


def _rescore(arguments: argparse.Namespace) -> None:
    from selfplay.measure.rescore import rescore, table

    print("\n".join(table(rescore(arguments.run, arguments.judge))))
    print(f"{arguments.run / 'rescored'}: written")


def _corpus_build(arguments: argparse.Namespace) -> None:
    from selfplay.corpora import build

    built = build(arguments.name, arguments.out, arguments.source, workers=arguments.workers)
    print("\n".join(built.lines()))
    print(f"{built.path}: written, {built.n_bytes:,} bytes; what is not served, and why: {arguments.name}.rejected.txt")


def _eval(arguments: argparse.Namespace) -> None:
    from selfplay.play.examine import examine

    print("\n".join(examine(arguments.run, arguments.k).lines()))


if __name__ == "__main__":
    sys.exit(main())
