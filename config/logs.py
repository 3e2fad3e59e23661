"""Log lines without personal data: what failed and where, never with which values."""

import logging
import traceback
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
    """Keeps what happened ("Internal Server Error") and drops the address it happened at."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.args and isinstance(record.msg, str) and "%s: %s" in record.msg:
            record.msg, record.args = "%s", (record.args[0],) if isinstance(record.args, tuple) else ()
        for name in ("request", "status_code", "sock"):
            record.__dict__.pop(name, None)
        return True
