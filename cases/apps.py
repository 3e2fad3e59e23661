from pathlib import Path

from django.apps import AppConfig

from accounts.definitions import register_definitions
from accounts.services.database.rights import WORK, Rights, add_and_change, declare_rights


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = "Children's files"

    def ready(self) -> None:
        register_definitions("access_matrix", Path(__file__).parent / "definitions")
        # What an entry carries of its origin is never rewritten; its words may be, and history keeps the old ones.
        entry = add_and_change(but=("child_id", "author_id", "author_membership_id", "agency_id", "recorded_at"))
        declare_rights(
            {
                "cases_child": add_and_change(but=("reference", "opened_at")),
                "cases_accessgrant": add_and_change(
                    "ended_at", "ended_by_id", "end_reason", settles={"ended_at": ("ended_by_id", "end_reason")}
                ),
                "cases_block": add_and_change("ended_at", "ended_by_id", settles={"ended_at": ("ended_by_id",)}),
                # The projection of grants: rebuilt from them at any time.
                "cases_childgroupgrant": WORK,
                "cases_childusergrant": WORK,
                "cases_spell": entry,
                "cases_involvement": entry,
                "cases_identifier": entry,
                "cases_alias": entry,
                "cases_address": entry,
                "cases_addressreader": Rights(add=True),
                "cases_planperiod": entry,
                "cases_legalperiod": entry,
                "cases_placement": entry,
                "cases_schoolperiod": entry,
                "cases_authorityperiod": entry,
                "cases_chronologyentry": entry,
                "cases_alert": add_and_change(
                    "acknowledged_at", "acknowledged_by_id", settles={"acknowledged_at": ("acknowledged_by_id",)}
                ),
                "cases_outboxmessage": add_and_change(
                    "tries", "next_try_at", "sent_at", "last_error", settles={"sent_at": ()}
                ),
            }
        )
