from pathlib import Path

from django.apps import AppConfig

from accounts.definitions import register_definitions


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = "Children's files"

    def ready(self) -> None:
        register_definitions("access_matrix", Path(__file__).parent / "definitions")
