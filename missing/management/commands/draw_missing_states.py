"""Draw the state machines of episodes and interviews anew into the documentation."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from missing.rules import diagrams

PAGE = Path(settings.BASE_DIR) / "docs" / "missing.md"
HEAD = """# Missing episodes and return interviews

What can follow what. Drawn from the tables in `missing/rules.py` by `manage.py draw_missing_states`; a test compares.

"""


class Command(BaseCommand):
    help = "Write docs/missing.md from the tables of transitions."

    def handle(self, *args: Any, **options: Any) -> None:
        PAGE.write_text(HEAD + diagrams(), encoding="utf-8")
