"""Where a run's time goes: every moment belongs to one part, and the parts add up to the whole."""

import json

import pytest

from trainer import clock as module
from trainer.clock import IN_STAGES, STEPS, Clock, by_part, outside_steps, table_rows


@pytest.fixture
def at(monkeypatch):
    """Sets the time."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def set_time(seconds: float) -> None:
        now[0] = 100.0 + seconds

    return set_time


def test_a_part_within_a_part_takes_its_time_from_the_outer_one(at):
    clock = Clock("outer")
    at(1)
    with clock.part("inner"):
        at(4)
    at(6)
    assert clock.seconds() == {"outer": 3.0, "inner": 3.0} and clock.total() == 6.0


def test_a_part_ends_where_an_error_leaves_it(at):
    clock = Clock("outer")
    with pytest.raises(KeyError), clock.part("inner"):
        at(2)
        raise KeyError
    at(5)
    assert clock.seconds() == {"inner": 2.0, "outer": 3.0}


def test_a_function_can_be_timed(at):
    clock = Clock("outer")
    assert clock.timed("inner", lambda seconds: at(seconds) or seconds)(2) == 2
    assert clock.seconds() == {"outer": 0.0, "inner": 2.0}


def test_what_earlier_processes_took_is_added(at):
    clock = Clock(STEPS, before={STEPS: 10.0, "loading the model": 1.0})
    at(2)
    assert clock.seconds() == {STEPS: 12.0, "loading the model": 1.0}


def test_time_that_is_accounted_for_elsewhere_can_be_dropped(at):
    clock = Clock(IN_STAGES)
    at(5)
    clock.forget(IN_STAGES)
    at(6)
    assert clock.seconds() == {IN_STAGES: 1.0}


def test_the_parts_of_a_run_are_those_of_its_stages_and_what_is_around_them():
    record = {
        "seconds": {"start and checks": 5.0, "merging": 2.0},
        "stages": {"stage1": {"seconds": {STEPS: 60.0, "merging": 1.0}}, "stage2": {"seconds": {STEPS: 32.0}}},
    }
    assert by_part(record) == {STEPS: 92.0, "start and checks": 5.0, "merging": 3.0}
    assert list(by_part(record)) == [STEPS, "start and checks", "merging"]  # the longest first
    assert outside_steps(record) == pytest.approx(0.08)
    assert table_rows(record)[0] == (STEPS, "92.0", "92.0%")


def test_of_a_run_of_an_older_version_nothing_is_said():
    record = json.loads('{"minutes": 3.0, "stages": {"stage1": {"minutes": 2.0}}}')
    assert by_part(record) == {} and outside_steps(record) is None and table_rows(record) == []
