"""A running job as a value."""

from __future__ import annotations

from hubgrade_ext.core.models import ItemResult, JobRequest
from hubgrade_ext.jobs.journal import new_job
from hubgrade_ext.jobs.running import RunningJob


def test_two_writers_at_once_lose_nothing() -> None:
    running = RunningJob(new_job("key", JobRequest(verb="autograde", assignment_id="ps1"), "tester"))
    running.add(ItemResult("anna", "done"))
    first = list(running.fresh)
    running.add(ItemResult("ben", "done"))
    second = list(running.fresh)
    running.written(first)
    running.add(ItemResult("cleo", "done"))
    running.written(second)
    assert [result.item for result in running.fresh] == ["cleo"]
