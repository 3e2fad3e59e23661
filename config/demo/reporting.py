"""Prints the calibration: what is published, what is used, and what the database holds."""


def report() -> str:
    """Replaced below."""
    return ""
