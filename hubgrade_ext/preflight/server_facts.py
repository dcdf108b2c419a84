"""What only the Jupyter server that asks can know about itself; given by its handlers."""

from __future__ import annotations

from msgspec import Struct


class ServerFacts(Struct, frozen=True):
    """This server: whether formgrader is a part of it, which folder that shows, where its process is.

    `formgrader_broken`: nbgrader found that folder outside the server's at the
    start. `frame_ancestors` is what the server's answers say about being shown
    inside another page.
    """

    formgrader: bool
    formgrader_root: str | None
    formgrader_broken: bool
    frame_ancestors: str
    folder: str
    started_in: str
