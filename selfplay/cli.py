"""The `selfplay` command: parse, import late, call one function.

    selfplay train --config FILE --out DIR      one self-play training job
    selfplay study --config FILE --out DIR      arms side by side, then the report
    selfplay report DIR                         figures and report.html of a study
    selfplay tasks {list,sample,certify}        the envs, their tasks, proof that data sets are disjoint
    selfplay eval RUN                           loss, accuracy and pass@k of a finished or running job

Every configuration key is also an option: `--optim.lr 1e-3`. Interrupted work is saved at round ends; the same
command again goes on from there.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

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
    try:
        return int(arguments.command(arguments) or 0)
    except KeyboardInterrupt:
        print(f"\nstopped; finished rounds are saved. To continue: {_again(argv)}", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone: nothing more to say
        return 1
    except (ValueError, OSError) as error:
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

    train = _add(commands, "train", _train, "Run one self-play training job, or go on with it.")
    study = _add(commands, "study", _study, "Run arms side by side, then write the report. Finished runs are skipped.")
    for command in (train, study):
        command.add_argument("--config", required=True, metavar="FILE", help="YAML configuration")
        command.add_argument("--out", type=Path, metavar="DIR", help="folder of the result (default: runs/, by CONFIG)")
        command.add_argument("--print_config", action="store_true", help="print the resolved configuration and stop")

    report = _add(commands, "report", _report, "Write figures and report.html of a study folder.")
    report.add_argument("folder", type=Path, metavar="DIR")

    actions = commands.add_parser("tasks", help="Look at envs and their tasks.")
    tasks = actions.add_subparsers(required=True, metavar="ACTION")
    _add(tasks, "list", _tasks_list, "List the envs that come with the package.")
    sample = _add(tasks, "sample", _tasks_sample, "Print real tasks of a configuration.")
    sample.add_argument("config", metavar="CONFIG")
    sample.add_argument("-n", type=int, default=10, help="tasks to print (default 10)")
    certify = _add(tasks, "certify", _tasks_certify, "Prove that data sets hold no repeats and do not overlap.")
    certify.add_argument("config", metavar="CONFIG")
    for command in (train, study, sample, certify):
        command.epilog = EPILOG

    evaluate = _add(commands, "eval", _eval, "Measure the best weights of a run: loss, greedy accuracy, pass@k.")
    evaluate.add_argument("run", type=Path, metavar="RUN", help="run folder, as made by train, or a cell of a study")
    evaluate.add_argument("-k", type=int, default=8, help="attempts per task for pass@k (default 8)")
    return parser


def _add(commands: Commands, name: str, function: Command, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    command.set_defaults(command=function)
    return command


def _version() -> str:
    from importlib.metadata import version

    return version("selfplay-testbed")


def _train(arguments: argparse.Namespace) -> None:
    from selfplay.config import RunConfig
    from selfplay.configfile import load_config, to_yaml

    config = load_config(RunConfig, arguments.config, arguments.overrides)
    if arguments.print_config:
        print(to_yaml(config), end="")
        return
    folder = arguments.out or Path("runs") / f"train-{Path(arguments.config).stem}"
    from selfplay.play.run import run_arm
    from selfplay.progress import Progress

    title = f"{config.arm.name} seed {config.seed}"
    with Progress(config.budget_tokens) as progress:
        progress.begin(title, config.budget_tokens, 0)
        result = run_arm(config, folder, on_round=lambda report: progress.round(title, report))
        progress.end(title, f"loss {result.loss:.3f} nats per answer token, accuracy {result.accuracy:.3f}")
    print(f"{folder}: finished; see rounds.jsonl, or: tensorboard --logdir {folder}")


def _study(arguments: argparse.Namespace) -> None:
    from selfplay.config import StudyConfig
    from selfplay.configfile import load_config, to_yaml

    config = load_config(StudyConfig, arguments.config, arguments.overrides)
    if arguments.print_config:
        print(to_yaml(config), end="")
        return
    folder = arguments.out or Path("runs") / Path(arguments.config).stem
    from selfplay.study.engine import run_study

    run_study(config, folder)
    arguments.folder = folder
    _report(arguments)


def _report(arguments: argparse.Namespace) -> None:
    from selfplay.report.html import make_report

    path = make_report(arguments.folder)
    print(f"report: {path}")


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


def _eval(arguments: argparse.Namespace) -> None:
    from selfplay.play.examine import examine

    print("\n".join(examine(arguments.run, arguments.k).lines()))


if __name__ == "__main__":
    sys.exit(main())
