"""Work through items of which each may fail with one of our errors, alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from hubgrade_ext.actions.items import work_through
from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.core.models import ItemResult, Progress


def each_item(
    items: Sequence[str], skip: frozenset[str], work: Callable[[str], ItemResult]
) -> Iterator[Progress]:
    """Yield Progress before and after each item; a HubgradeError of `work` becomes that item's failure."""

    def do(item: str) -> ItemResult:
        try:
            return work(item)
        except HubgradeError as error:
            return ItemResult(item, "failed", error.code, error.message, error.remedy)

    return work_through(items, skip, do)
