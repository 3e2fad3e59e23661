"""What is known of a child, and the lists in which files stand."""

from cases.record.selectors.facts import (
    Facts,
    WithheldCount,
    chronology_of,
    facts_on,
    involvements_of,
    lead_of,
    saved_since,
    withheld_counts,
)
from cases.record.selectors.lists import FilePage, WorklistFilter, search_files, worklist
from cases.record.selectors.looking import (
    LookFilter,
    agencies_known,
    people_known,
    reads_lately,
    refusals_lately,
    who_can_see,
    who_has_looked,
    who_looked,
)
from cases.record.selectors.mine import changes_on, my_files, new_to

__all__ = [
    "Facts",
    "FilePage",
    "LookFilter",
    "WithheldCount",
    "WorklistFilter",
    "agencies_known",
    "changes_on",
    "chronology_of",
    "facts_on",
    "involvements_of",
    "lead_of",
    "my_files",
    "new_to",
    "people_known",
    "reads_lately",
    "refusals_lately",
    "saved_since",
    "search_files",
    "who_can_see",
    "who_has_looked",
    "who_looked",
    "withheld_counts",
    "worklist",
]
