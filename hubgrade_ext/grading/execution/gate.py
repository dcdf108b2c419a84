"""How many submissions run at once: as many as the cores are busy with, more when their kernels wait.

A sleeping kernel costs memory only, so others may start meanwhile; a computing one would only slow the
others down, and into their time limits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol


class Running(Protocol):
    """What the gate asks of a submission that it let in."""

    @property
    def busy(self) -> bool:
        """Say whether it uses a core, as far as is known."""


class Gate:
    """Let submissions in, first come first served.

    At most `most` at once; and while `busy_most` of them are busy, no other.
    """

    def __init__(self, busy_most: int, most: int) -> None:
        self.busy_most = busy_most
        self.most = most
        self._inside: set[Running] = set()
        self._waiting: deque[tuple[Running, asyncio.Future[None]]] = deque()

    async def enter(self, running: Running) -> None:
        """Wait until there is room."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((running, turn))
        self.look()
        await turn

    def leave(self, running: Running) -> None:
        """Make room."""
        self._inside.discard(running)
        self.look()

    def look(self) -> None:
        """Let in whom there is room for; to be called when something changed."""
        busy = sum(running.busy for running in self._inside)
        while self._waiting and len(self._inside) < self.most and busy < self.busy_most:
            running, turn = self._waiting.popleft()
            if not turn.done():
                self._inside.add(running)
                busy += 1
                turn.set_result(None)
