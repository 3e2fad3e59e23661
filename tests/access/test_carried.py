"""That the canary scan hears what it listens to: a token in any part of an e-mail or of a line of the log is found.

Seen to fail: the attachments of an e-mail left out of what is read; loggers that keep their lines to themselves left
out of those that are heard.
"""

from __future__ import annotations

import logging

import pytest
from django.core.mail import EmailMultiAlternatives

from tests.access.canaries import PREFIX, Canary, found_in
from tests.access.carried import listening, text_of_mail

TOKEN = f"{PREFIX}999"
PLANTED = [Canary(TOKEN, "cases.Child.given_name", None, "identity", 1, None)]
# A sentence that makes the part travel encoded, in which a token cannot be read as it goes.
WORDS = f"Über {TOKEN} – näher"
PARTS = {
    "subject": {"subject": WORDS},
    "body": {"body": WORDS},
    "recipient": {"to": [f"{TOKEN}@harbour.example"]},
    "copied to nobody's knowledge": {"bcc": [f"{TOKEN}@harbour.example"]},
    "header": {"headers": {"X-About": WORDS}},
    "other version": {"alternatives": [(f"<p>{WORDS}</p>", "text/html")]},
    "attachment": {"attachments": [("list.csv", WORDS, "text/csv")]},
    "its name": {"attachments": [(f"{WORDS}.csv", "nothing", "text/csv")]},
}


@pytest.mark.parametrize("part", PARTS)
def test_a_word_in_any_part_of_an_e_mail_is_found(part: str) -> None:
    mail = EmailMultiAlternatives(**{"subject": "Hello", "body": "Hello", "to": ["a@harbour.example"], **PARTS[part]})
    assert [found.token for found in found_in(text_of_mail(mail), PLANTED)] == [TOKEN]
    assert found_in(text_of_mail(EmailMultiAlternatives("Hello", "Hello", to=["a@harbour.example"])), PLANTED) == []


# One of the product's, one that keeps its lines to itself, and one of a library.
@pytest.mark.parametrize("logger", ["harbour.alerts", "django.request", "celery.app"])
@pytest.mark.parametrize("way", ["message", "argument", "field"])
def test_a_word_in_a_line_of_any_logger_is_found(logger: str, way: str) -> None:
    with listening() as lines:
        if way == "message":
            logging.getLogger(logger).error("Opened for %s" % TOKEN)  # noqa: UP031
        elif way == "argument":
            logging.getLogger(logger).error("Opened for %s", TOKEN)
        else:
            logging.getLogger(logger).error("opened", extra={"child": TOKEN})
    assert [found.token for found in found_in("\n".join(lines), PLANTED)] == [TOKEN]


def test_what_production_does_not_write_is_not_heard() -> None:
    with listening() as lines:
        logging.getLogger("harbour.alerts").debug("Opened for %s", TOKEN)
        try:
            raise ValueError(TOKEN)
        except ValueError:
            logging.getLogger("harbour.alerts").exception("failed")
    assert [line for line in lines if '"failed"' in line] == lines
    assert found_in("\n".join(lines), PLANTED) == []
