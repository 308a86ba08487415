"""The `selfplay` command, one process of which gets a signal as a round begins: MORTAL="RANK SIGNAL ROUND"."""

from __future__ import annotations

import os
import signal
import sys

from selfplay import ranks
from selfplay.cli import main
from selfplay.play.savepoint import Savepoint
from selfplay.play.state import RunState


def mark(rank: int, name: str, number: int) -> None:
    """Have a process of a run get a signal as a round begins."""
    begin = Savepoint.begin

    def marked(self: Savepoint, state: RunState) -> None:
        begin(self, state)
        if (ranks.rank(), state.round) == (rank, number):
            os.kill(os.getpid(), signal.Signals[name])

    Savepoint.begin = marked


if __name__ == "__main__":
    of, sent, at = os.environ["MORTAL"].split()
    mark(int(of), sent, int(at))
    sys.exit(main())
