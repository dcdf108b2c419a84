"""A running job as a value."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hubgrade_ext.core.models import ItemResult, JobRequest, Progress
from hubgrade_ext.jobs import running as module
from hubgrade_ext.jobs.journal import new_job
from hubgrade_ext.jobs.running import RunningJob

REQUEST = JobRequest(verb="autograde", assignment_id="ps1")


def test_time_left_is_what_this_attempts_own_items_took(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    running = RunningJob(new_job("key", REQUEST, "tester"))

    def left(at: float, done: int, item: str = "") -> float | None:
        now[0] = at
        result = ItemResult(item, "done") if item else None
        running.apply(Progress(done, 5, current="next", result=result))
        return running.job.eta_s

    now[0] = 150.0  # it waited for its turn
    running.start()
    assert left(151, 0) is None
    assert left(156, 1, "s0") == 24.0  # 6 s an item, four to go
    assert left(160, 2, "s1") == 15.0
    running.again()
    assert running.job.eta_s is None

    now[0] = 1000.0  # as long as it was dead is nobody's time
    running.start()
    assert left(1003, 2) is None
    assert left(1004, 3, "s2") == 8.0
    running = RunningJob(new_job("key", REQUEST, "tester"), list(running.results.values()))
    now[0] = 2000.0
    running.start()
    assert left(2002, 3) is None
    assert left(2007, 4, "s3") == 7.0
    assert left(2008, 5, "s4") == 0.0
    running.end("done")
    assert running.job.eta_s is None


def test_two_writers_at_once_lose_nothing() -> None:
    running = RunningJob(new_job("key", REQUEST, "tester"))
    running.add(ItemResult("anna", "done"))
    first = list(running.fresh)
    running.add(ItemResult("ben", "done"))
    second = list(running.fresh)
    running.written(first)
    running.add(ItemResult("cleo", "done"))
    running.written(second)
    assert [result.item for result in running.fresh] == ["cleo"]
