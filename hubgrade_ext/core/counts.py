"""Submissions of one assignment, counted by how far they have come."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from hubgrade_ext.core.steps import SubmissionState


class Counts(Struct):
    """Submissions of one assignment, counted; `*_left` are those that a verb has yet to do."""

    submitted: int = 0
    late: int = 0
    collected: int = 0
    collect_left: int = 0
    autograded: int = 0
    autograde_left: int = 0
    manual_left: int = 0
    feedback: int = 0
    feedback_left: int = 0
    feedback_any: int = 0
    released: int = 0
    release_left: int = 0
    score_sum: float = 0.0

    def add(self, state: SubmissionState) -> None:
        """Count one submission."""
        self.submitted += state.newest is not None or state.collected
        self.late += state.late_s > 0
        self.collected += state.collected
        self.collect_left += state.waiting
        current = state.autograded == "current"
        self.autograde_left += state.collected and not current
        generated = state.feedback_generated
        if current:
            self.autograded += 1
            self.score_sum += state.score
            self.manual_left += state.manual_cells > 0
            self.feedback_left += generated != "current" and not state.manual_cells
        if generated != "none":
            released = state.feedback_released == "current"
            self.feedback_any += 1
            self.feedback += generated == "current"
            self.released += released
            self.release_left += generated == "current" and not released


def count_states(states: Iterable[SubmissionState]) -> Counts:
    """Count the submissions of one assignment."""
    counts = Counts()
    for state in states:
        counts.add(state)
    return counts
