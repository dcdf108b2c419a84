"""A running job as a value: how Progress changes it, when it will be done, how it ends."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from msgspec import structs

from hubgrade_ext.core.models import ErrorBody, ItemResult, Job, JobState, Progress


class RunningJob:
    """The newest state of one job; `job` is an immutable snapshot of it."""

    def __init__(self, job: Job, earlier: Iterable[ItemResult] = ()) -> None:
        """`earlier` are results of attempts before this one; they are not counted again."""
        self.job = job
        self.results: dict[str, ItemResult] = {r.item: r for r in earlier}
        self.fresh: list[ItemResult] = []
        self._began = time.monotonic()
        self._done_before = len(self.results)
        self._count()

    @property
    def skip(self) -> frozenset[str]:
        """The items that have ended, one way or the other, and are not tried again."""
        return frozenset(self.results)

    def start(self) -> None:
        """Note that a process has begun to work on it."""
        self._began = time.monotonic()
        self._done_before = len(self.results)
        self._change(state="running", started_at=self.job.started_at or datetime.now(UTC))

    def apply(self, progress: Progress) -> None:
        """Take in one step of the verb."""
        if progress.result:
            self.add(progress.result)
        total = max(progress.total, self.job.total, len(self.results))
        done = min(max(progress.done, len(self.results)), total)
        self._change(done=done, total=total, current=progress.current, eta_s=self._eta_s(done, total))

    def add(self, result: ItemResult) -> None:
        """Note what became of one item, still to be written."""
        self.results[result.item] = result
        self.fresh.append(result)
        self._count()

    def written(self, results: Collection[ItemResult]) -> None:
        """Note that these of `fresh` are in the journal; two writers may have had the same ones."""
        kept = {id(result) for result in results}
        self.fresh = [result for result in self.fresh if id(result) not in kept]

    def again(self) -> None:
        """Note that a new attempt begins: the process of the last one is gone."""
        self._change(state="queued", attempt=self.job.attempt + 1, current="", eta_s=None)

    def cancelling(self) -> None:
        """Note that it is about to stop."""
        self._change(cancelling=True)

    def end(self, state: JobState, error: ErrorBody | None = None) -> None:
        """Note how it ended."""
        self._change(
            state=state, error=error, ended_at=datetime.now(UTC), current="", eta_s=None, cancelling=False
        )

    def _eta_s(self, done: int, total: int) -> float | None:
        fresh = len(self.results) - self._done_before
        if fresh <= 0:
            return None
        return round((time.monotonic() - self._began) / fresh * max(0, total - done), 1)

    def _count(self) -> None:
        states = [r.state for r in self.results.values()]
        self._change(failed=states.count("failed"), skipped=states.count("skipped"))

    def _change(self, **changes: object) -> None:
        self.job = structs.replace(self.job, seq=self.job.seq + 1, **changes)


def failed_items(results: Iterable[ItemResult]) -> list[str]:
    """Return the items that failed, in their order."""
    return [r.item for r in results if r.state == "failed"]
