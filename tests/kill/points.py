"""Named moments of the sweep and the dispatcher at which a process can be made to stand still, to be killed there.

Each step of the product is wrapped, never replaced: it does what it does, and says that it has come to a point. The
test has ordered one point and the number of the passing at which everything in the process's group is stopped.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

FOLDER = "HARBOUR_KILL_FOLDER"

CLOCKS_STARTED = "sweep: clocks started, not committed"
ALERTS_AHEAD = "sweep: alerts about to be written"
ALERTS_UNDER_WAY = "sweep: alerts and e-mails being written"
ALERTS_WRITTEN = "sweep: alerts and e-mails written, not committed"
MISSED_WRITTEN = "sweep: alerts of an event written, not committed"
SWEPT = "sweep: committed, the run not finished"
SWEEP_DONE = "sweep: done, the broker not told"
CHOSEN = "mail: chosen and locked, not sent"
ACCEPTED = "mail: accepted by the server, not marked"
MARKED = "mail: marked, not committed"
COMMITTED = "mail: committed, the next not chosen"
RUNG = "beat: a task handed to the broker"


def passed(name: str) -> None:
    """Stand still here, with every process of this group, if the test has ordered it."""
    folder = Path(os.environ[FOLDER])
    try:
        order = json.loads((folder / "order").read_text())
    except FileNotFoundError:
        return
    if order["point"] != name:
        return
    counter = os.open(folder / f"passed-{order['number']}", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(counter, b".")
    passing = os.lseek(counter, 0, os.SEEK_CUR)  # its own place in the file, whoever else writes
    os.close(counter)
    if passing == order["passing"]:
        (folder / f"reached-{order['number']}").touch()
        os.killpg(os.getpgrp(), signal.SIGSTOP)


def around(
    owner: Any,
    step: str,
    *,
    before: str = "",
    during: str = "",
    after: str = "",
    ahead: Callable[[], bool] = lambda: True,
    wrote: Callable[[Any], bool] = lambda result: True,
) -> None:
    """Wrap one step. `ahead` says whether there is something to do, `wrote` whether something was done."""
    real = getattr(owner, step)

    @wraps(real)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before and ahead():
            passed(before)
        if during and ahead():
            # The driver waits for the database without Python's lock, so that another thread gets its turn meanwhile.
            threading.Timer(0.003, passed, [during]).start()
        result = real(*args, **kwargs)
        if after and wrote(result):
            passed(after)
        return result

    setattr(owner, step, wrapped)


def install_in_worker() -> None:
    """Wrap the steps of sweep and dispatch; called once, before the worker's processes are forked."""
    from django.core.mail import EmailMessage

    from cases.clocks import services
    from cases.clocks.models import OutboxMessage
    from cases.clocks.services import outbox, running, sweeping

    started = {"some": False}

    def note(result: tuple[int, int]) -> bool:
        started["some"] = started["some"] or result[0] > 0
        return result[0] > 0

    def some() -> bool:
        return started["some"]

    def forget(swept: Any) -> bool:
        started["some"] = False
        return bool(swept[0].climbed)

    around(sweeping, "start_left_out", after=CLOCKS_STARTED, wrote=note)
    around(running, "write_alerts", before=ALERTS_AHEAD, during=ALERTS_UNDER_WAY, ahead=some)
    around(running, "write_alerts", after=ALERTS_WRITTEN, wrote=lambda result: result[0] > 0)
    around(sweeping, "write_alerts", after=MISSED_WRITTEN, wrote=lambda result: result[0] > 0)
    around(sweeping, "_sweep", after=SWEPT, wrote=forget)
    around(services, "sweep", after=SWEEP_DONE, wrote=lambda swept: swept.climbed > 0)
    around(outbox, "_mail", after=CHOSEN)
    around(EmailMessage, "send", after=ACCEPTED)
    around(OutboxMessage, "save", after=MARKED)
    around(outbox, "_send_next", after=COMMITTED, wrote=bool)


def install_in_beat(scheduler: Any) -> None:
    around(scheduler, "apply_async", after=RUNG)
