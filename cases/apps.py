from pathlib import Path

from django.apps import AppConfig

from accounts.definitions import register_definitions
from accounts.services.database.rights import ADD, WORK, Rights, add_and_change, declare_rights, declare_triggers

# What an entry carries of its origin is never rewritten; its words may be, and history keeps the old ones.
ENTRY = add_and_change(but=("child_id", "author_id", "author_membership_id", "agency_id", "recorded_at"))
RIGHTS_ON_FILES = {
    "cases_child": add_and_change(but=("reference", "opened_at")),
    "cases_accessgrant": add_and_change(
        "ended_at", "ended_by_id", "end_reason", settles={"ended_at": ("ended_by_id", "end_reason")}
    ),
    "cases_block": add_and_change("ended_at", "ended_by_id", settles={"ended_at": ("ended_by_id",)}),
    # The projection of grants: rebuilt from them at any time.
    "cases_childgroupgrant": WORK,
    "cases_childusergrant": WORK,
    "cases_fileactivity": add_and_change("at"),
    "cases_spell": ENTRY,
    "cases_involvement": ENTRY,
    "cases_identifier": ENTRY,
    "cases_alias": ENTRY,
    "cases_address": ENTRY,
    "cases_addressreader": Rights(add=True),
    "cases_addresskeptfrom": add_and_change(
        "ended_at", "ended_by_id", "ended_why", settles={"ended_at": ("ended_by_id", "ended_why")}
    ),
    "cases_planperiod": ENTRY,
    "cases_legalperiod": ENTRY,
    "cases_placement": ENTRY,
    "cases_schoolperiod": ENTRY,
    "cases_authorityperiod": ENTRY,
    "cases_chronologyentry": ENTRY,
}
RIGHTS_ON_CLOCKS = {
    "cases_clock": add_and_change(
        "anchored_at",
        "due_at",
        "turn",
        "owner_membership_id",
        "owner_group_id",
        "state",
        "done_at",
        "stopped_at",
        "breach_reason",
        settles={"stopped_at": ("state", "done_at", "breach_reason", "anchored_at", "due_at", "turn")},
    ),
    "cases_clockchange": ADD,
    "cases_closureday": Rights(add=True, change=("name", "added_by_id", "added_at", "reopened_by_id", "reopened_at")),
    "cases_sweeprun": WORK,
    "cases_alert": add_and_change(
        "acknowledged_at", "acknowledged_by_id", settles={"acknowledged_at": ("acknowledged_by_id",)}
    ),
    "cases_outboxmessage": add_and_change(
        "tries", "next_try_at", "sent_at", "kept_at", "last_error", settles={"sent_at": ()}
    ),
}
# What was opened, by whom and why is never rewritten; an end and a verdict are given once.
RIGHTS_ON_EMERGENCIES = {
    "cases_emergencyaccess": add_and_change(
        "ended_at",
        "ended_by_id",
        "reviewed_at",
        "reviewed_by_id",
        "verdict",
        "verdict_words",
        settles={"ended_at": ("ended_by_id",), "reviewed_at": ("reviewed_by_id", "verdict", "verdict_words")},
    ),
}
RIGHTS_ON_RESTRICTIONS = {
    "cases_restriction": add_and_change(
        "review_on",
        "keeper_id",
        "lift_asked_at",
        "lift_asked_by_id",
        "lift_reason",
        "lifted_at",
        "lifted_by_id",
        settles={"lifted_at": ("lifted_by_id", "lift_asked_at", "lift_asked_by_id", "lift_reason", "review_on")},
    ),
    "cases_restrictionstep": ADD,
}
RIGHTS_ON_CONFLICTS = {
    "cases_conflict": add_and_change(
        "lift_asked_at",
        "lift_asked_by_id",
        "lift_reason",
        "lifted_at",
        "lifted_by_id",
        settles={"lifted_at": ("lifted_by_id", "lift_asked_at", "lift_asked_by_id", "lift_reason")},
    ),
    "cases_declaration": ADD,
    "cases_possibleconflict": add_and_change(
        "answered_at",
        "answered_by_id",
        "answer_words",
        "conflict_id",
        settles={"answered_at": ("answered_by_id", "answer_words", "conflict_id")},
    ),
    "cases_staffhome": add_and_change("postcode", "given_at"),
}
# What an agency signed with is never rewritten; a signature is taken back once.
RIGHTS_ON_AGREEMENTS = {
    "cases_agreementversion": add_and_change("ends_on", "version"),
    "cases_agreementend": ADD,
    "cases_agreementsignature": add_and_change(
        "withdrawn_on",
        "withdrawn_why",
        "withdrawn_by_id",
        settles={"withdrawn_on": ("withdrawn_why", "withdrawn_by_id")},
    ),
    "cases_impactassessment": ADD,
}
RIGHTS_ON_MATRIX = {
    "cases_matrixproposal": add_and_change(
        "withdrawn_at",
        "withdrawn_by_id",
        "adopted_at",
        "adopted_id",
        settles={"withdrawn_at": ("withdrawn_by_id", "adopted_at"), "adopted_at": ("adopted_id", "withdrawn_at")},
    ),
    "cases_matrixchange": WORK,
    "cases_matrixsignature": ADD,
}
RIGHTS_ON_LOOKS = {
    "cases_lookdigest": add_and_change("looks"),
    "cases_looksignal": add_and_change(
        "verdict",
        "note",
        "decided_at",
        "decided_by_id",
        settles={"decided_at": ("verdict", "note", "decided_by_id")},
    ),
}
# What was decided and said is never rewritten; a share is acknowledged once, ended once, and an error assessed once.
RIGHTS_ON_SHARES = {
    "cases_sharingdecision": add_and_change(
        "acknowledged_at",
        "acknowledged_by_id",
        "ended_at",
        "ended_by_id",
        "end_kind",
        "end_words",
        settles={"acknowledged_at": ("acknowledged_by_id",), "ended_at": ("ended_by_id", "end_kind", "end_words")},
    ),
    "cases_sharingwish": ADD,
    "cases_sharingbreach": add_and_change(
        "outcome",
        "why",
        "done",
        "assessed_at",
        "assessed_by_id",
        settles={"assessed_at": ("assessed_by_id", "outcome", "why", "done")},
    ),
    "cases_copiesdestroyed": ADD,
    "cases_accessrequest": add_and_change(
        "owner_id",
        "answer",
        "decision_id",
        "refusal_reason",
        "answer_words",
        "answered_at",
        "answered_by_id",
        settles={
            "answered_at": ("answered_by_id", "answer", "decision_id", "refusal_reason", "answer_words", "owner_id")
        },
    ),
}


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = "Children's files"

    def ready(self) -> None:
        from cases import checks  # noqa: F401  (registers the system checks)
        from cases.access.models import MOVES_ROWS, WHEN_WRITTEN
        from cases.clocks.choices import AlertKind
        from cases.clocks.services import (
            register_hidden_files,
            register_kept_from,
            register_known_files,
            register_should_alert,
        )
        from cases.presenters.agreements import agreement_blocks
        from cases.presenters.emergency import home_blocks
        from cases.presenters.home import register_home_block
        from cases.presenters.matrix import matrix_blocks
        from cases.record.selectors.hidden import hidden_files, known_ids
        from cases.sharing.selectors.looks import digest_addresses, digests_kept_from, digests_waiting

        register_definitions("access_matrix", Path(__file__).parent / "definitions")
        register_definitions("name_variants", Path(__file__).parent / "definitions" / "names")
        register_definitions("look_signals", Path(__file__).parent / "definitions" / "looks")
        register_definitions("clock", Path(__file__).parent / "definitions" / "clocks")
        register_hidden_files(hidden_files)
        register_known_files(known_ids)
        register_home_block(home_blocks)
        register_home_block(matrix_blocks)
        register_home_block(agreement_blocks)
        register_should_alert(AlertKind.LOOK_DIGEST, digests_waiting, addresses=digest_addresses)
        register_kept_from(digests_kept_from, AlertKind.LOOK_DIGEST)
        declare_rights(RIGHTS_ON_FILES)
        declare_triggers("cases_fileactivity", MOVES_ROWS, *WHEN_WRITTEN)
        declare_rights(RIGHTS_ON_CLOCKS)
        declare_rights(RIGHTS_ON_EMERGENCIES)
        declare_rights(RIGHTS_ON_RESTRICTIONS)
        declare_rights(RIGHTS_ON_CONFLICTS)
        declare_rights(RIGHTS_ON_AGREEMENTS)
        declare_rights(RIGHTS_ON_MATRIX)
        declare_rights(RIGHTS_ON_LOOKS)
        declare_rights(RIGHTS_ON_SHARES)
        _register_what_is_owed()
        _register_sharing()
        _register_life_of_accounts()


def _register_what_is_owed() -> None:
    """The clocks and alerts of emergencies, restrictions and conflicts, with the pages on which they are dealt with."""
    from cases.clocks.choices import AlertKind, ClockKind
    from cases.clocks.services import (
        register_addresses,
        register_dealt_with,
        register_kept_from,
        register_should_run,
    )
    from cases.sharing.selectors import agreements, conflicts, emergency, restriction

    pages = emergency.emergency_addresses
    register_should_run(ClockKind.EMERGENCY_REVIEWED, emergency.emergencies_to_review, addresses=pages)
    for kind in (AlertKind.EMERGENCY_OPENED, AlertKind.EMERGENCY_ON_FILE, AlertKind.EMERGENCY_JUDGED):
        register_addresses(kind, pages)
    for told in (ClockKind.EMERGENCY_REVIEWED, AlertKind.EMERGENCY_OPENED):
        register_dealt_with(told, emergency.judged_by)
    pages = restriction.restriction_addresses
    register_should_run(ClockKind.RESTRICTION_REVIEWED, restriction.restrictions_to_review, addresses=pages)
    register_addresses(AlertKind.RESTRICTION_LIFT, restriction.asked_addresses)
    register_addresses(AlertKind.RESTRICTION_LIST, restriction.list_addresses)
    for kind in (AlertKind.CONFLICT_RECORDED, AlertKind.CONFLICT_LIFT):
        register_addresses(kind, conflicts.conflict_addresses)
    register_addresses(AlertKind.CONFLICT_POSSIBLE, conflicts.possible_addresses)
    renewed = ClockKind.AGREEMENT_RENEWED
    register_should_run(renewed, agreements.agreements_to_renew, addresses=agreements.agreement_addresses)
    register_kept_from(conflicts.kept_from, AlertKind.CONFLICT_POSSIBLE)


def _register_sharing() -> None:
    """The clocks and alerts of decisions about sharing, with the pages on which they are dealt with."""
    from cases.clocks.choices import AlertKind, ClockKind
    from cases.clocks.services import register_addresses, register_kept_from, register_should_run
    from cases.record.services import register_file_opened, register_work_handed_on
    from cases.sharing.selectors import requests, shares, wishes, withdrawn
    from cases.sharing.services.conflicts import find_once_open
    from cases.sharing.services.guarding import end_name_with_work, keep_guarded_after_work
    from cases.sharing.services.handing_on import hand_on_sharing

    register_file_opened(find_once_open)
    register_work_handed_on(hand_on_sharing)
    register_work_handed_on(end_name_with_work)
    register_work_handed_on(keep_guarded_after_work, last=True)
    register_should_run(ClockKind.BREACH_ASSESSED, shares.breaches_to_assess, addresses=shares.breach_addresses)
    register_should_run(ClockKind.SHARING_REVIEWED, shares.decisions_to_review, addresses=shares.decision_addresses)
    register_addresses(AlertKind.SHARE_RECEIVED, shares.received_addresses)
    register_addresses(AlertKind.SHARED_IN_ERROR, shares.breach_addresses)
    register_addresses(AlertKind.SHARE_WITHDRAWN, withdrawn.withdrawn_addresses)
    register_kept_from(shares.shares_over, AlertKind.SHARE_RECEIVED)
    pages = requests.request_addresses
    register_should_run(ClockKind.ACCESS_ANSWERED, requests.requests_unanswered, addresses=pages)
    register_addresses(AlertKind.ACCESS_ASKED, pages)
    register_addresses(AlertKind.ACCESS_ANSWER, requests.answer_addresses)
    register_addresses(AlertKind.WISH_AGAINST, wishes.wish_addresses)


def _register_life_of_accounts() -> None:
    """What somebody holds on files, for whoever moves them or closes their account; and the time of access reviews."""
    from accounts.services.holdings import Holding, register_holding, register_suspended
    from accounts.services.reviews import register_review_watchers
    from cases.access.services import count_personal_grants
    from cases.clocks.choices import ClockKind
    from cases.clocks.services import register_should_run, reviews
    from cases.record.selectors.mine import count_involvements
    from cases.sharing.services.guarding import end_what_was_personal, keep_guarded_without

    register_suspended(keep_guarded_without)
    kind = ClockKind.REVIEW_SIGNED
    register_should_run(kind, reviews.reviews_that_should_run, addresses=reviews.review_addresses)
    register_review_watchers(opened=reviews.start_review_clock, signed=reviews.stop_review_clock)
    by_name = Holding("file open by name", "files open by name", count_personal_grants, end_what_was_personal)
    register_holding("grants", by_name)
    register_holding("involvements", Holding("child to work with", "children to work with", count_involvements))
