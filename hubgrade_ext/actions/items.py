"""Work through the items of a job, one after the other, and report each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from hubgrade_ext.core.models import ItemResult, Progress


def work_through(
    items: Sequence[str], skip: frozenset[str], do: Callable[[str], ItemResult]
) -> Iterator[Progress]:
    """Yield Progress before and after each item; what is in `skip` counts as done and is left alone.

    `do` answers for the item's failures itself. After a resume, items that were
    done before may no longer be in `items`: they are counted all the same.
    """
    total = len(skip.union(items))
    done = len(skip)
    for item in items:
        if item in skip:
            continue
        yield Progress(done, total, current=item)
        result = do(item)
        done += 1
        yield Progress(done, total, result=result)
