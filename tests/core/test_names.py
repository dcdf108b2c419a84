"""Names from outside: what passes, what does not, and that every suggestion would."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hubgrade_ext.core.errors import InvalidName
from hubgrade_ext.core.names import (
    check_assignment_id,
    check_course_id,
    check_new_course_id,
    check_notebook_pattern,
    check_student_id,
)

STRICT = [check_assignment_id, check_new_course_id]
FOLDER_NAMES = [*STRICT, check_course_id, check_student_id]
ALL = [*FOLDER_NAMES, check_notebook_pattern]

HOSTILE = st.text(
    st.one_of(st.sampled_from("/\\.+*?[]{} \t\n\0-_aZ9éß~$'\"`;&|\u0301\u202e\u2028\ud800"), st.characters()),
    max_size=260,
)


@pytest.mark.parametrize(
    "name",
    ["ps1", "06. Networks", "Übung 3", "作业一", "תרגיל 1", "हिन्दी", "a.b-c_d", "x" * 128, "٣", "e\u0301"],
)
def test_assignment_names_that_pass(name: str) -> None:
    assert check_assignment_id(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("", "assignment"),
        ("   ", "assignment"),
        (".", "assignment"),
        ("..", "assignment"),
        ("../../etc/passwd", "etc-passwd"),
        ("a/b", "a-b"),
        ("ps+1", "ps-1"),
        (" ps1 ", "ps1"),
        (".hidden", "hidden"),
        ("a\nb", "a b"),
        ("a\0b", "a-b"),
        ("what?", "what"),
        ("\u0301x", "x"),
        ("x" * 129, "x" * 128),
        ("字" * 100, "字" * 66),
        ("a\ud800", "a"),
        ("\u202eps1", "ps1"),
        ("\u037e", "assignment"),
    ],
)
def test_assignment_names_that_do_not(name: str, suggestion: str) -> None:
    with pytest.raises(InvalidName) as caught:
        check_assignment_id(name)
    assert caught.value.suggestion == suggestion
    assert caught.value.remedy.endswith(suggestion)


@pytest.mark.parametrize("name", ["hacker", "a+b", "anna@uni.example", "DOMAIN\\anna", "Ünal 3", "-x"])
def test_student_ids_that_pass(name: str) -> None:
    assert check_student_id(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "*", "h?cker", "[ab]", "a\0", " x", ".x", "x" * 129, "a\nb", "a\ud800"]
)
def test_student_ids_that_do_not(name: str) -> None:
    with pytest.raises(InvalidName):
        check_student_id(name)


def test_a_students_id_is_not_normalised() -> None:
    assert check_student_id("e\u0301") == "e\u0301"


@pytest.mark.parametrize("name", ["course101", "CS: Intro", "a&b"])
def test_existing_course_ids_are_taken_as_they_are(name: str) -> None:
    assert check_course_id(name) == name


@pytest.mark.parametrize("name", ["CS: Intro", "a&b", "a*"])
def test_new_course_ids_are_strict(name: str) -> None:
    with pytest.raises(InvalidName):
        check_new_course_id(name)


@pytest.mark.parametrize("pattern", ["*", "problem?", "[ab]*", "problem1", "Übung *"])
def test_notebook_patterns_that_pass(pattern: str) -> None:
    assert check_notebook_pattern(pattern) == pattern


@pytest.mark.parametrize("pattern", ["", "../x", "a/*", "..", "\0"])
def test_notebook_patterns_that_do_not(pattern: str) -> None:
    with pytest.raises(InvalidName):
        check_notebook_pattern(pattern)


@pytest.mark.parametrize("check", ALL)
@given(name=HOSTILE)
@example(name="../..")
@example(name="." * 200 + "/")
@example(name=" .\u0301 ." * 40)
@example(name="a" * 127 + " b")
def test_a_suggestion_always_passes(check: Callable[[str], str], name: str) -> None:
    try:
        check(name)
    except InvalidName as error:
        assert check(error.suggestion) == error.suggestion  # noqa: PT017


@pytest.mark.parametrize("check", FOLDER_NAMES)
@given(name=HOSTILE)
def test_what_passes_is_one_folder_name(check: Callable[[str], str], name: str) -> None:
    try:
        passed = check(name)
    except InvalidName:
        return
    assert os.path.normpath(os.path.join("/course", passed)) == f"/course/{passed}"
    assert Path(passed).name == passed
    assert "\0" not in passed
    assert passed.isprintable() or any(unicodedata.category(c) in ("Cf", "Zs") for c in passed)
    assert len(passed.encode()) <= 200
    assert not passed.startswith(".")
    assert check(passed) == passed


def test_names_load_nothing_heavy() -> None:
    import subprocess

    heavy = "('nbgrader', 'sqlalchemy', 'nbconvert', 'tornado')"
    code = (
        "import sys, hubgrade_ext.core.names, hubgrade_ext.core.settings, hubgrade_ext.core.registry;"
        f"sys.exit(', '.join(m for m in {heavy} if m in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stderr.strip() == ""
