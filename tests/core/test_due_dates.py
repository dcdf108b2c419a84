"""Due dates into the gradebook, by way of nbgrader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from hubgrade_ext.core.due_dates import set_due_date
from hubgrade_ext.core.errors import AssignmentNotFound, InvalidName, InvalidRequest
from hubgrade_ext.core.gradebook import read_gradebook
from hubgrade_ext.core.settings import CourseSettings

DUE = datetime(2026, 11, 22, 17, tzinfo=timezone(timedelta(hours=-5)))


def test_set_and_removed(settings: CourseSettings) -> None:
    from nbgrader.api import Gradebook

    before = read_gradebook(settings)
    set_due_date(settings, "ps01", DUE)
    after = read_gradebook(settings)
    assert after.assignments["ps01"].due_date == DUE
    assert after.submissions == before.submissions
    assert after.assignments["ps01"].notebooks == before.assignments["ps01"].notebooks
    with Gradebook(settings.db_url, settings.course_id) as gb:
        assert gb.find_assignment("ps01").duedate == datetime(2026, 11, 22, 22)
    set_due_date(settings, "ps01", None)
    assert read_gradebook(settings).assignments["ps01"].due_date is None


def test_before_it_is_generated(settings: CourseSettings) -> None:
    Path(settings.root or "", "source", "Übung 3").mkdir()
    set_due_date(settings, "Übung 3", DUE)
    assert read_gradebook(settings).assignments["Übung 3"].due_date == DUE.astimezone(UTC)


def test_refused(settings: CourseSettings) -> None:
    before = read_gradebook(settings)
    with pytest.raises(InvalidRequest, match="time zone"):
        set_due_date(settings, "ps01", DUE.replace(tzinfo=None))
    with pytest.raises(InvalidRequest, match="9999"):
        set_due_date(settings, "ps01", datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))))
    with pytest.raises(AssignmentNotFound):
        set_due_date(settings, "nowhere", DUE)
    with pytest.raises(InvalidName):
        set_due_date(settings, "../ps01", DUE)
    assert read_gradebook(settings) == before
