"""Every write to a child's file, and the one door through which a file is read."""

from cases.record.services.identity import (
    Identity,
    agree_safe_contact,
    change_identity,
    open_child_file,
    register_file_opened,
    start_spell,
)
from cases.record.services.involvement import change_lead, end_involvement, involve, register_work_handed_on
from cases.record.services.opening import OpenFile, files_open, note_files_shown, open_file
from cases.record.services.periods import PERIODS, PeriodKind, add_alias, add_identifier, record_period
from cases.record.services.writing import (
    add_chronology,
    bump_version,
    provenance,
    record_level,
    record_missing,
    record_restricted,
)

__all__ = [
    "PERIODS",
    "Identity",
    "OpenFile",
    "PeriodKind",
    "add_alias",
    "add_chronology",
    "add_identifier",
    "agree_safe_contact",
    "bump_version",
    "change_identity",
    "change_lead",
    "end_involvement",
    "files_open",
    "involve",
    "note_files_shown",
    "open_child_file",
    "open_file",
    "provenance",
    "record_level",
    "record_missing",
    "record_period",
    "record_restricted",
    "register_file_opened",
    "register_work_handed_on",
    "start_spell",
]
