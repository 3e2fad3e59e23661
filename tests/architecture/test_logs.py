"""A failure is logged without the values it failed on, and without the address it happened at."""

import io
import json
import logging

from config.logs import PlainJsonFormatter, WithoutAddress

NAME = "Rosalind-Canary"


def logged(message: str, *args: object, exc_info: bool = False) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainJsonFormatter("%(levelname)s %(message)s"))
    handler.addFilter(WithoutAddress())
    log = logging.getLogger("tests.logs")
    log.propagate = False
    log.addHandler(handler)
    try:
        log.error(message, *args, exc_info=exc_info, extra={"request": NAME, "status_code": 500})
    finally:
        log.removeHandler(handler)
    return stream.getvalue()


def test_an_exception_is_its_class_and_places_and_no_value() -> None:
    try:
        raise ValueError(f"Key (given_name)=({NAME}) already exists")
    except ValueError:
        line = logged("A write failed", exc_info=True)
    assert NAME not in line
    assert json.loads(line)["exc_info"].startswith("ValueError\n")
    assert "test_logs.py" in line


def test_an_address_is_left_out() -> None:
    line = logged("%s: %s", "Internal Server Error", f"/cases/{NAME}/")
    assert NAME not in line
    assert json.loads(line)["message"] == "Internal Server Error"
