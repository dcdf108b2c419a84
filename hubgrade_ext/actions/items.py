"""Work through the items of a job, one after the other or several at once, and report each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from hubgrade_ext.core import stopping
from hubgrade_ext.core.conversion import Failure
from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.core.failures import unexpected
from hubgrade_ext.core.item_log import working_on
from hubgrade_ext.core.models import ItemResult, Progress


def work_through(
    items: Sequence[str], skip: frozenset[str], do: Callable[[str], ItemResult]
) -> Iterator[Progress]:
    """Yield Progress before and after each item; what is in `skip` counts as done and is left alone.

    `do` answers for the item's failures itself; one that nobody foresaw becomes
    the item's failure too, and only a HubgradeError ends the job. After a resume, items that were
    done before may no longer be in `items`: they are counted all the same.
    """
    total = len(skip.union(items))
    done = len(skip)
    told = tuple(items)
    for item in items:
        if item in skip:
            continue
        yield Progress(done, total, current=item, items=told)
        told = ()
        result = _foreseen_or_not(do, item)
        done += 1
        yield Progress(done, total, result=result)


def _foreseen_or_not(do: Callable[[str], ItemResult | None], item: str) -> ItemResult | None:
    try:
        with working_on(item):
            return do(item)
    except HubgradeError:
        raise
    except Exception as error:  # noqa: BLE001  one item, whatever is in it, never stops the others
        why = unexpected(Failure(error), f"The work on {item}")
        return ItemResult(item, "failed", why.code, why.message, why.remedy)


class AtOnce(Protocol):
    """Something that works on several items at once."""

    @property
    def full(self) -> bool:
        """Say whether results have to be taken before more can begin."""

    @property
    def under_way(self) -> Sequence[str]:
        """Return the items that have begun and not ended, the first begun first."""

    def drop_waiting(self) -> None:
        """Forget what was begun but does not run yet."""

    def begin(self, item: str, /) -> ItemResult | None:
        """Begin an item; its result when it has ended at once."""

    def ended(self, *, wait: bool) -> list[ItemResult]:
        """Return the results that have come; with `wait`, wait for one."""


def work_at_once(items: Sequence[str], skip: frozenset[str], work: AtOnce) -> Iterator[Progress]:
    """Yield Progress as `work_through` does; items end in any order, each exactly once.

    When the job is asked to stop, what runs is waited for, and the rest is left alone.
    """
    with stopping.finishing():
        yield from _work_at_once(items, skip, work)


def _work_at_once(items: Sequence[str], skip: frozenset[str], work: AtOnce) -> Iterator[Progress]:
    total = len(skip.union(items))
    done = len(skip)
    todo = [item for item in items if item not in skip]
    told = tuple(items)
    for item in todo:
        if stopping.asked():
            break
        yield Progress(done, total, current=item, items=told)
        told = ()
        at_once = _foreseen_or_not(work.begin, item)
        for result in ([at_once] if at_once else []) + work.ended(wait=work.full):
            done += 1
            yield Progress(done, total, result=result)
    while work.under_way:
        if stopping.asked():
            work.drop_waiting()
        for result in work.ended(wait=True):
            done += 1
            # what the end waits for is worth knowing
            yield Progress(done, total, current=next(iter(work.under_way), ""), result=result)
