from pathlib import Path

from django.apps import AppConfig

from accounts.definitions import register_definitions
from accounts.services.database.rights import ADD, add_and_change, declare_rights


class RiskConfig(AppConfig):
    name = "risk"
    verbose_name = "Risk assessments"

    def ready(self) -> None:
        from cases.presenters.home import register_home_block
        from risk import checks  # noqa: F401  (registers the system checks)
        from risk.presenters import home_blocks

        register_home_block(home_blocks)
        register_definitions("risk_tool", Path(__file__).parent / "definitions")
        declare_rights(
            {
                "risk_riskassessment": ADD,
                "risk_judgementreturn": ADD,
                "risk_leveljudgement": add_and_change(
                    "approved_at",
                    "approved_by_id",
                    "approval_note",
                    settles={"approved_at": ("approved_by_id", "approval_note")},
                ),
            }
        )
