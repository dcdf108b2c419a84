"""`hubgrade fix`, and what a failed job says first."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Hubgrade


def test_fix_shows_does_lists_and_undoes(hubgrade: Hubgrade, course_dir: Path) -> None:
    course_dir.chmod(0o755)
    shown = hubgrade("fix", "coursedir.leak", cwd=course_dir)
    assert shown.status == 0, shown.err
    assert f"chmod 750 {course_dir}" in shown.out
    assert "Nothing has been changed yet" in shown.out
    assert course_dir.stat().st_mode & 0o777 == 0o755
    done = hubgrade("fix", "coursedir.leak", "--apply", "--json", cwd=course_dir)
    assert course_dir.stat().st_mode & 0o777 == 0o750
    record_id = done.json["record_id"]
    listed = hubgrade("fix", cwd=course_dir)
    assert record_id in listed.out
    undone = hubgrade("fix", "--undo", record_id, cwd=course_dir)
    assert undone.status == 0, undone.err
    assert course_dir.stat().st_mode & 0o777 == 0o755
    refused = hubgrade("fix", "--apply", "--json", cwd=course_dir)
    assert (refused.status, refused.json["error"]["code"]) == (2, "invalid_request")


def test_preflight_names_the_fix_and_looks_only_where_asked(hubgrade: Hubgrade, course_dir: Path) -> None:
    ran = hubgrade("preflight", "--only", "exchange.sticky", cwd=course_dir)
    assert ran.status == 0
    assert [line.split()[0] for line in ran.out.splitlines() if "exchange." in line] == ["exchange.sticky"]
    shutil.rmtree(course_dir.parent / "exchange")
    ran = hubgrade("preflight", "--only", "exchange.exists", cwd=course_dir)
    assert ran.status == 2
    assert "hubgrade fix exchange.exists" in ran.out


def test_a_failed_job_says_first_what_is_wrong(
    hubgrade: Hubgrade, make_course: Callable[..., Path], exchange_dir: Path
) -> None:
    course = make_course()
    assert hubgrade("generate-assignment", "ps1", cwd=course).status == 0
    shutil.rmtree(exchange_dir)
    exchange_dir.write_text("in the way")
    ran = hubgrade("release-assignment", "ps1", "--anyway", cwd=course)
    assert ran.status != 0
    # what was said while it ran comes before; of the end, this is the first
    told = [line for line in ran.err.splitlines() if not line.startswith("[1/1]")]
    assert told[0].startswith("error:"), ran.err
    assert "is a file" in told[0]
    assert "hubgrade fix" not in told[0], "a file in the way is nobody's to remove but its owner's"
    detail = hubgrade("release-assignment", "ps1", "--anyway", "--json", cwd=course).json
    assert [f["check_id"] for f in detail["findings"]] == ["exchange.exists"]
