"""The user's list of courses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hubgrade_ext.core.errors import Conflict
from hubgrade_ext.core.registry import KnownCourse, add_course, forget_course, list_courses

A = KnownCourse(root="/courses/a")
B = KnownCourse(course_id="chem202")


def _folder(isolated_env: Path) -> Path:
    return isolated_env / "jupyter_data" / "hubgrade"


def test_add_list_and_forget(isolated_env: Path) -> None:
    assert list_courses() == []
    add_course(A)
    add_course(B)
    add_course(A)
    assert list_courses() == [A, B]
    forget_course(A)
    forget_course(KnownCourse(root="/never/added"))
    assert list_courses() == [B]


def test_listing_creates_nothing(isolated_env: Path) -> None:
    list_courses()
    assert not _folder(isolated_env).exists()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"courses": [5]}', b"\xff\xfe", b"\0" * 100])
def test_a_damaged_list_is_set_aside(isolated_env: Path, damage: bytes) -> None:
    folder = _folder(isolated_env)
    folder.mkdir(parents=True)
    (folder / "courses.json").write_bytes(damage)
    assert list_courses() == []
    add_course(A)
    assert list_courses() == [A]
    aside = list(folder.glob("courses.damaged-*.json"))
    assert [f.read_bytes() for f in aside] == [damage]


def test_a_relative_root_is_not_a_course(isolated_env: Path) -> None:
    folder = _folder(isolated_env)
    folder.mkdir(parents=True)
    (folder / "courses.json").write_text('{"courses": [{"root": "../x"}, {}, {"course_id": "c", "new": 1}]}')
    assert list_courses() == [KnownCourse(course_id="c")]


def test_processes_adding_at_once_lose_nothing(isolated_env: Path) -> None:
    code = (
        "import sys; from hubgrade_ext.core.registry import *\n"
        "for i in range(20): add_course(KnownCourse(root=f'/courses/{sys.argv[1]}-{i}'))"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(n)]) for n in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert len(list_courses()) == 60
    assert sorted(f.name for f in _folder(isolated_env).iterdir()) == [".courses.lock", "courses.json"]


def test_a_list_that_cannot_be_written_says_so(isolated_env: Path) -> None:
    (isolated_env / "jupyter_data").write_text("a file where the folder should be")
    with pytest.raises(Conflict, match="cannot be changed"):
        add_course(A)


def test_a_full_disk_leaves_the_old_list(isolated_env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_course(A)

    def refuse(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(Conflict, match="No space left"):
        add_course(B)
    assert list_courses() == [A]
    assert len(list(_folder(isolated_env).iterdir())) == 2
