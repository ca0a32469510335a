"""Records that share a key are told, since comparisons can take only one of them."""

from __future__ import annotations

from report_examples import record

from pytest_coreml.verdict.repeated_records import note_duplicates


def test_two_models_of_one_test_share_a_key() -> None:
    """Each of them gets the note, which names the models and what to do."""
    records = [
        record(notes=[], model_name="A.mlpackage"),
        record(notes=[], model_name="B.mlpackage"),
        record(notes=[], id="test_other"),
    ]

    notes = note_duplicates(records)

    assert len(notes) == 1
    assert "measured 2 models on" in notes[0]
    assert "(A.mlpackage, B.mlpackage)" in notes[0]
    assert [record.notes for record in records] == [notes, notes, []]


def test_attempts_and_machines_are_no_duplicates() -> None:
    """A test that was rerun, or ran on two machines, measured one thing each time."""
    records = [
        record(notes=[], attempt=1, machine=None),
        record(notes=[], attempt=2, machine=None),
        record(notes=[], attempt=1, machine="Other"),
    ]

    assert note_duplicates(records) == []


def test_models_that_are_set_side_by_side_are_no_measurements() -> None:
    """A compressed model and its original, loaded in one test to compare what they answer."""
    records = [record(notes=[], model_name=name, predict=None, checks=[]) for name in ("A.mlpackage", "B.mlpackage")]
    for found in records:
        found.regression = found.duet = None

    assert note_duplicates(records) == []
