from pathlib import Path

from django.apps import AppConfig

from accounts.definitions import register_definitions
from accounts.services.database.rights import ADD, add_and_change, declare_rights


class ReportingConfig(AppConfig):
    name = "reporting"
    verbose_name = "Reports to the board"

    def ready(self) -> None:
        from reporting import checks  # noqa: F401  (registers the system checks)

        register_definitions("measure", Path(__file__).parent / "definitions")
        declare_rights(
            {
                # What was asked for stays as it was asked; where it stands may change, the instant of counting not.
                "reporting_reportrun": add_and_change(
                    but=("first_day", "last_day", "requested_by_id", "requested_at"), settles={"as_at": ()}
                ),
                # What was counted and the document made of it never change.
                "reporting_reportsnapshot": ADD,
                "reporting_reportdocument": ADD,
            }
        )
