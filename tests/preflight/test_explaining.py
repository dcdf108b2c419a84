"""A job that failed is explained by what is wrong now; one that did not is not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from hubgrade_ext.core.models import CourseRef, ErrorBody, ItemResult, Job, JobRequest, Verb
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.catalogue import CATALOGUE
from hubgrade_ext.preflight.explaining import BY_CODE, BY_VERB, causes_of, explain

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def job(verb: Verb, error: str = "") -> Job:
    return Job(
        "1", "k", JobRequest(verb, "ps1"), "failed" if error else "done", 1, NOW, "me",
        error=ErrorBody(error, "It failed.") if error else None,
    )  # fmt: skip


def test_every_cause_is_a_check_and_every_verb_has_some() -> None:
    ids = {check.check_id for check in CATALOGUE}
    for causes in (*BY_CODE.values(), *BY_VERB.values()):
        assert set(causes) <= ids
    assert set(BY_VERB) == set(get_args(Verb))


def test_a_release_into_a_missing_exchange(settings: CourseSettings) -> None:
    Path(settings.exchange_root).rename(Path(settings.exchange_root).with_name("gone"))
    ref = CourseRef("k", "course101", ["instructor"], settings.root)
    failed = job("release_assignment", "exchange_broken")
    found = explain(settings, ref, failed, [], fixable=["exchange.exists"])
    assert [(f.check_id, f.status, f.fixable) for f in found] == [("exchange.exists", "error", True)]
    student = explain(settings, CourseRef("k", "course101", ["student"]), job("submit", "internal_error"), [])
    assert [(f.check_id, f.fixable) for f in student] == [("exchange.exists", False)]


def test_the_gradebook_that_an_item_could_not_write(settings: CourseSettings) -> None:
    Path(settings.root or "", "gradebook.db").write_bytes(b"no database " * 200)
    ref = CourseRef("k", "course101", ["instructor"], settings.root)
    failures = [ItemResult("ada", "failed", "gradebook_broken"), ItemResult("bob", "done")]
    assert [f.check_id for f in explain(settings, ref, job("autograde"), failures)] == ["gradebook.corrupt"]


@pytest.mark.parametrize("code", ["cells_tampered", "notebook_missing", "cancelled"])
def test_what_a_student_did_is_no_fault_of_the_course(code: str) -> None:
    assert causes_of(job("autograde"), [ItemResult("ada", "failed", code)]) == []
    assert causes_of(job("autograde"), [ItemResult("ada", "done")]) == []
