from pathlib import Path

from django.apps import AppConfig

from accounts.definitions import register_definitions


class RiskConfig(AppConfig):
    name = "risk"
    verbose_name = "Risk assessments"

    def ready(self) -> None:
        register_definitions("risk_tool", Path(__file__).parent / "definitions")
