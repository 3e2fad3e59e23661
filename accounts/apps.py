from django.apps import AppConfig
from django.contrib.auth.signals import user_login_failed
from django.db.models.signals import post_migrate

from accounts.services.database.guards import MEMBERSHIP_ENDS
from accounts.services.database.rights import (
    ADD,
    NOTHING,
    WORK,
    Rights,
    add_and_change,
    declare_rights,
    declare_triggers,
)


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Agencies, people and how they sign in"

    def ready(self) -> None:
        from accounts import checks  # noqa: F401  (registers the system checks)
        from accounts.receivers import note_not_let_in, prepare_database

        declare_rights(
            {
                # Written by a trigger's clock, read by guardians, altered by nobody.
                "accounts_accessevent": ADD,
                # Published by the owner.
                "accounts_definitionversion": ADD,
                "accounts_user": add_and_change(but=("username", "date_joined", "is_superuser", "is_service")),
                "accounts_user_groups": NOTHING,
                "accounts_user_user_permissions": NOTHING,
                "accounts_agency": add_and_change(but=("group_id",)),
                "accounts_domainchange": ADD,
                "accounts_functiongroup": Rights(add=True),
                "accounts_functionmember": add_and_change("ended_on", settles={"ended_on": ()}),
                "accounts_membership": add_and_change("ended_on"),
                "accounts_submission": WORK,
                "accounts_draft": WORK,
                "accounts_heldsubmission": WORK,
                # A token that was revoked stays so.
                "accounts_apitoken": add_and_change(
                    "revoked_at", "revoked_by_id", "last_used_on", settles={"revoked_at": ("revoked_by_id",)}
                ),
                "accounts_accountevent": ADD,
                "accounts_invitation": add_and_change("used_at", "expires_at", settles={"used_at": ("expires_at",)}),
                "accounts_rolerequest": add_and_change(
                    "decision",
                    "decided_at",
                    "decided_by_id",
                    "decided_why",
                    settles={"decided_at": ("decision", "decided_by_id", "decided_why")},
                ),
                "accounts_accessreview": add_and_change("signed_at", settles={"signed_at": ()}),
                "accounts_reviewline": add_and_change(
                    "answer", "answered_at", "answered_by_id", settles={"answered_at": ("answer", "answered_by_id")}
                ),
                "accounts_place": WORK,
                "accounts_signincode": WORK,
                "accounts_notice": add_and_change("tries", "next_try_at", "sent_at", "last_error", "seen_at"),
                "accounts_apianswer": Rights(add=True, delete=True),
                "accounts_apiuse": WORK,
            }
        )
        declare_triggers("accounts_membership", MEMBERSHIP_ENDS)
        user_login_failed.connect(note_not_let_in, dispatch_uid="accounts.note_not_let_in")
        post_migrate.connect(prepare_database, dispatch_uid="accounts.prepare_database")
