from pathlib import Path

from django.apps import AppConfig

from accounts.definitions import register_definitions
from accounts.services.database.rights import ADD, Rights, add_and_change, declare_rights


class PanelsConfig(AppConfig):
    name = "panels"
    verbose_name = "Panels"

    def ready(self) -> None:
        from cases.clocks.choices import ClockKind
        from cases.clocks.services import register_should_run
        from cases.presenters.home import register_home_block
        from panels.presenters.home import home_blocks
        from panels.selectors.actions import action_addresses, running_actions
        from panels.selectors.outcomes import outcomes_for
        from referrals.selectors.outcomes import register_outcomes

        register_definitions("agenda", Path(__file__).parent / "definitions")
        register_should_run(ClockKind.ACTION_DONE, running_actions, addresses=action_addresses)
        register_home_block(home_blocks)
        register_holdings()
        register_outcomes(outcomes_for)
        declare_all_rights()


def declare_all_rights() -> None:
    """What may be written at panels: whose an action was, and how it ended, is never rewritten once it has ended."""
    origin = ("child_id", "author_id", "author_membership_id", "agency_id", "recorded_at")
    declare_rights(
        {
            "panels_panel": add_and_change(but=("function_id", "started_on")),
            "panels_panelseat": add_and_change("ended_on", settles={"ended_on": ()}),
            "panels_seatdeputy": add_and_change("ended_on", settles={"ended_on": ()}),
            "panels_meeting": add_and_change(
                but=("panel_id",),
                settles={
                    "published_at": ("published_by_id",),
                    "opened_at": ("opened_by_id",),
                    "closed_at": ("closed_by_id", "state", "starts_at", "attendance_at", "quorate"),
                },
            ),
            "panels_statementacceptance": Rights(add=True),
            "panels_attendance": add_and_change("status", "membership_id"),
            "panels_agendaitem": add_and_change(but=(*origin, "meeting_id")),
            "panels_itemupdate": ADD,
            "panels_paneldecision": add_and_change(but=(*origin, "item_id", "level_before")),
            "panels_dissent": ADD,
            "panels_action": add_and_change(
                "owner_membership_id",
                "owner_agency_id",
                "status",
                "ended_at",
                "verified_at",
                "verified_by_id",
                "version",
                settles={
                    "ended_at": ("status", "owner_membership_id", "owner_agency_id"),
                    "verified_at": ("verified_by_id",),
                },
            ),
            "panels_actionstep": ADD,
        }
    )


def register_holdings() -> None:
    """What somebody holds at panels, for whoever moves them, closes their account or ends their work on a file."""
    from accounts.services.holdings import Holding, register_holding
    from cases.record.services import register_work_handed_on
    from cases.sharing.services.conflicts import register_kept_away
    from panels.selectors.actions import count_open_actions
    from panels.selectors.meetings import count_seats
    from panels.services.actions import give_actions, keep_named

    register_work_handed_on(keep_named)
    register_kept_away(give_actions)
    register_holding("actions", Holding("action of a panel", "actions of panels", count_open_actions))
    register_holding("seats", Holding("seat at a panel", "seats at panels", count_seats))
