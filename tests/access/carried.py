"""What leaves Harbour beside an answer: e-mails, whole, and lines of the log as production words them."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message

from django.core.mail import EmailMessage
from pypdf import PdfReader

from accounts.selectors import now
from accounts.services.email_codes import send_codes
from accounts.services.notices import send_notices
from cases.clocks.services import dispatch
from config.logs import PlainJsonFormatter


def send_what_waits() -> None:
    """Every e-mail that waits in a table goes out, as the beat would send it."""
    at = now()
    dispatch(at)
    send_notices(at)
    send_codes(at)


def text_of_mail(mail: EmailMessage) -> str:
    """Everything that an e-mail carries: each header, each version of its text, each attachment with its name."""
    message = mail.message()
    lines = []
    for part in message.walk():
        lines += [f"{name}: {make_header(decode_header(str(value)))}" for name, value in part.items()]
        lines += [part.get_filename() or "", *([] if part.is_multipart() else [_text_of_part(part)])]
    return "\n".join([*lines, *mail.recipients()])


def _text_of_part(part: Message) -> str:
    body = part.get_payload(decode=True)
    assert isinstance(body, bytes)
    if part.get_content_type() == "application/pdf":
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)
    return body.decode("utf-8", "replace")


class Listener(logging.Handler):
    """Keeps each line as the handler of production would have written it."""

    def __init__(self, of_production: logging.Handler, lines: list[str]) -> None:
        super().__init__(of_production.level)
        self.of_production, self.lines = of_production, lines

    def emit(self, record: logging.LogRecord) -> None:
        record = copy.copy(record)  # the filters of production change what they are given
        if self.of_production.filter(record):
            self.lines.append(self.of_production.format(record))


@contextlib.contextmanager
def listening() -> Iterator[list[str]]:
    """The lines that are written while it lasts, to whatever logger, also one that keeps its lines to itself."""
    lines: list[str] = []
    root = logging.getLogger()
    of_production = next(one for one in root.handlers if isinstance(one.formatter, PlainJsonFormatter))
    known = [one for one in root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    listener, heard = Listener(of_production, lines), [root, *(one for one in known if not one.propagate)]
    for logger in heard:
        logger.addHandler(listener)
    try:
        yield lines
    finally:
        for logger in heard:
            logger.removeHandler(listener)
