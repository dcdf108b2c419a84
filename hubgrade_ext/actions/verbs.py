"""The verbs, and the generator that carries each out; needs nbgrader, so workers and the CLI only.

A verb's generator yields `Progress`: once with `current` set before an item,
once with its `result` after it. One bad item never ends the generator; what
makes the whole job impossible is raised as a `HubgradeError` before the first
item. Items in `skip` were done by an earlier attempt of the same job: they
count as done and are not touched again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hubgrade_ext.actions.autograde import autograde
from hubgrade_ext.actions.check_assignment import check_assignment
from hubgrade_ext.actions.collect import collect
from hubgrade_ext.actions.fetch_assignment import fetch_assignment
from hubgrade_ext.actions.fetch_feedback import fetch_feedback
from hubgrade_ext.actions.generate_assignment import generate_assignment
from hubgrade_ext.actions.generate_feedback import generate_feedback
from hubgrade_ext.actions.release_assignment import release_assignment
from hubgrade_ext.actions.release_feedback import release_feedback
from hubgrade_ext.actions.repair import repair, undo_repair
from hubgrade_ext.actions.submit import submit
from hubgrade_ext.actions.unrelease import unrelease
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.models import JobRequest, Progress, Verb

Run = Callable[[Course, JobRequest, frozenset[str]], Iterator[Progress]]

VERBS: dict[Verb, Run] = {
    "generate_assignment": generate_assignment,
    "check_assignment": check_assignment,
    "release_assignment": release_assignment,
    "unrelease": unrelease,
    "collect": collect,
    "autograde": autograde,
    "repair": repair,
    "undo_repair": undo_repair,
    "generate_feedback": generate_feedback,
    "release_feedback": release_feedback,
    "fetch_assignment": fetch_assignment,
    "submit": submit,
    "fetch_feedback": fetch_feedback,
}
