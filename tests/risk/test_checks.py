"""A tool file that says other than its examples, or asks what no file can answer, stops the start."""

from dataclasses import replace

from accounts.definitions import seeds
from risk.checks import faults_of, tools_hold_together

MATRIX = next(seed for seed in seeds() if seed.key == "risk_factor_matrix")


def test_the_shipped_tools_hold_together() -> None:
    assert tools_hold_together(None) == []


def test_a_changed_band_leaves_its_examples_behind() -> None:
    moved = replace(MATRIX, body=MATRIX.body.replace("from = 9", "from = 10").replace("to = 8", "to = 9"))
    assert any("Example" in fault for fault in faults_of(moved))


def test_a_fact_that_no_file_answers_is_named() -> None:
    asking = replace(MATRIX, body=MATRIX.body.replace("learning_disability", "learning_disabilty"))
    assert faults_of(asking) == ["a child's file cannot answer the fact 'learning_disabilty'"]


def test_a_file_that_cannot_be_read_is_a_fault_and_no_crash() -> None:
    assert len(faults_of(replace(MATRIX, body='shape = "unheard of"'))) == 1
