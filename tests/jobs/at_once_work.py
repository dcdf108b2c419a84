"""Work on several items at once that takes its time, for tests of cancelling."""

from __future__ import annotations

import time
from collections.abc import Callable

from hubgrade_ext.core.models import ItemResult


class SlowAtOnce:
    """Work on three at a time; each takes `takes_s`."""

    def __init__(self, takes_s: float, on_end: Callable[[], object] | None = None) -> None:
        self.takes_s = takes_s
        self.running: dict[str, float] = {}
        self.waiting: list[str] = []
        self.on_end = on_end

    @property
    def full(self) -> bool:
        return len(self.running) + len(self.waiting) >= 5

    @property
    def under_way(self) -> list[str]:
        return [*self.running, *self.waiting]

    def drop_waiting(self) -> None:
        self.waiting.clear()

    def begin(self, item: str) -> ItemResult | None:
        if len(self.running) < 3:
            self.running[item] = time.monotonic() + self.takes_s
        else:
            self.waiting.append(item)
        return None

    def ended(self, *, wait: bool) -> list[ItemResult]:
        while wait and self.running and min(self.running.values()) > time.monotonic():
            time.sleep(0.01)
        done = [item for item, at in self.running.items() if at <= time.monotonic()]
        for item in done:
            del self.running[item]
            if self.waiting:
                self.begin(self.waiting.pop(0))
            if self.on_end:
                self.on_end()
        return [ItemResult(item, "done") for item in done]
