"""What reports read: definitions in force, counts, reports made before, and the files behind a figure."""

from reporting.selectors.counting import COUNTED, CountRefused, counted
from reporting.selectors.measures import all_versions, measure_of, measures_in_force
from reporting.selectors.runs import document_of, finished_runs, run_of, runs

__all__ = [
    "COUNTED",
    "CountRefused",
    "all_versions",
    "counted",
    "document_of",
    "finished_runs",
    "measure_of",
    "measures_in_force",
    "run_of",
    "runs",
]
