"""Log lines without personal data: what failed and where, never with which values."""

import logging
import traceback
from collections.abc import Mapping
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PlainJsonFormatter(JsonFormatter):
    """One JSON object a line. An exception is its class and the places it passed, for a database's message may
    quote a row, and Django's own message quotes the address."""

    def formatException(self, exc_info: ExceptionInfo) -> str:
        kind, _, trace = exc_info
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
        return "\n".join([kind.__name__ if kind else "", *places])


class WithoutAddress(logging.Filter):
    """Keeps what happened ("Internal Server Error") and drops the address it happened at, what a task was given or
    gave back, and the words of an exception, of which the class is kept."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.args and isinstance(record.msg, str) and "%s: %s" in record.msg:
            record.msg, record.args = "%s", (record.args[0],) if isinstance(record.args, tuple) else ()
        if isinstance(record.args, Mapping):
            if record.args.keys() & {"exc", "return_value"}:
                said = [record.args[name] for name in ("name", "description") if name in record.args]
                record.msg, record.args = " ".join(["Task", *(["%s"] * len(said))]), tuple(said)
        elif record.args:
            record.args = tuple(type(arg).__name__ if isinstance(arg, BaseException) else arg for arg in record.args)
        for name in ("request", "status_code", "sock", "data"):
            record.__dict__.pop(name, None)
        return True
