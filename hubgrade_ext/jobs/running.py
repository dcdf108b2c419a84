"""A running job as a value: how Progress changes it, when it will be done, how it ends."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from msgspec import structs

from hubgrade_ext.core.models import ErrorBody, ItemResult, Job, JobState, Progress


class RunningJob:
    """The newest state of one job; `job` is an immutable snapshot of it."""

    def __init__(self, job: Job, earlier: Iterable[ItemResult] = (), planned: Iterable[str] = ()) -> None:
        """`earlier` are results of attempts before this one; they are not counted again.

        `planned` are the items that an attempt before this one set out to do.
        """
        self.job = job
        self.results: dict[str, ItemResult] = {r.item: r for r in earlier}
        self.fresh: list[ItemResult] = []
        self.fresh_plan: tuple[str, ...] = ()
        self._planned = tuple(planned)
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
        if progress.items and not self._planned:
            self._planned = self.fresh_plan = progress.items
        if progress.result:
            self.add(progress.result)
        total = max(progress.total, self.job.total, len(self.results))
        done = min(max(progress.done, len(self.results)), total)
        self._change(
            done=done,
            total=total,
            current=progress.current,
            eta_s=self._eta_s(done, total),
            summary=progress.summary or self.job.summary,
        )

    def add(self, result: ItemResult) -> None:
        """Note what became of one item, still to be written."""
        self.results[result.item] = result
        self.fresh.append(result)
        self._count()

    def written(self, results: Collection[ItemResult], plan: tuple[str, ...] = ()) -> None:
        """Note that these of `fresh`, and this plan, are in the journal; two writers may have had them."""
        kept = {id(result) for result in results}
        self.fresh = [result for result in self.fresh if id(result) not in kept]
        if plan is self.fresh_plan:
            self.fresh_plan = ()

    def again(self) -> None:
        """Note that a new attempt begins: the process of the last one is gone."""
        self._change(state="queued", attempt=self.job.attempt + 1, current="", eta_s=None)

    def cancelling(self) -> None:
        """Note that it is about to stop."""
        self._change(cancelling=True)

    def end(self, state: JobState, error: ErrorBody | None = None) -> None:
        """Note how it ended.

        What an attempt that was cut short had finished without being able to say so, the attempt after it
        no longer found to do: it is done.
        """
        if state == "done":
            for item in self._planned:
                if item not in self.results:
                    self.add(
                        ItemResult(item, "done", message="Finished just before the job was interrupted.")
                    )
            self._change(done=max(self.job.done, len(self.results)))
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
