"""Which paths student code may see: subtrees only, never what holds a home or a course."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import hubgrade_ext
from hubgrade_ext.grading.execution.reachable import Reach, Request, compute_reach, holds


def shown(reach: Reach, path: Path) -> bool:
    real = os.path.realpath(path)
    inside = any(holds(folder, real) for folder in reach.folders)
    hidden = any(holds(folder, real) for folder in reach.hidden)
    return (inside and not hidden) or any(holds(folder, real) for folder in reach.inner)


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def test_interpreter_and_libraries_are_shown_and_the_rest_is_not(tmp_path: Path) -> None:
    reach = compute_reach(Request(home=str(tmp_path)))
    assert shown(reach, Path(sys.executable))
    assert shown(reach, Path(os.__file__))
    assert shown(reach, Path(pytest.__file__))
    assert shown(reach, Path("/usr/bin"))
    for secret in ("/root", "/home", "/etc/shadow", "/var/lib", "/run", "/srv", str(tmp_path)):
        assert not shown(reach, Path(secret)), secret


def test_of_a_prefix_in_the_home_only_the_prefix_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder(tmp_path / "x")
    prefix = folder(home / "venv")
    folder(home / ".ssh")
    monkeypatch.setattr(sys, "prefix", str(prefix))
    reach = compute_reach(Request(home=str(home)))
    assert shown(reach, prefix)
    assert not shown(reach, home)
    assert not shown(reach, home / ".ssh")


def test_an_import_path_that_holds_the_home_or_the_course_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = folder(tmp_path / "courses" / "c1")
    home = folder(tmp_path / "home" / "x")
    library = folder(home / "library")
    monkeypatch.setattr(sys, "path", [*sys.path, str(course.parent), str(home), str(tmp_path), str(library)])
    reach = compute_reach(Request(home=str(home), hidden=(str(course),)))
    assert shown(reach, library)
    assert not shown(reach, course)
    assert not shown(reach, home)


def test_this_program_is_shown_when_its_checkout_holds_the_course() -> None:
    package = Path(hubgrade_ext.__file__).parent
    course = package.parent / "tests"
    reach = compute_reach(Request(hidden=(str(course),), home=str(package.parent)))
    assert shown(reach, package)
    assert not shown(reach, package.parent)
    assert not shown(reach, course)


def test_a_hidden_folder_inside_a_readable_one_stays_hidden(tmp_path: Path) -> None:
    base = folder(tmp_path / "opt")
    exchange = folder(base / "exchange")
    tools = folder(exchange / "tools")
    reach = compute_reach(Request(readable=(str(base), str(tools)), hidden=(str(exchange),), home="/root"))
    assert shown(reach, base)
    assert not shown(reach, exchange)
    assert shown(reach, tools)


def test_configuration_in_a_prefix_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = folder(tmp_path / "venv")
    secrets = folder(prefix / "etc" / "jupyter")
    kernels = folder(prefix / "share" / "jupyter" / "kernels")
    monkeypatch.setattr(sys, "prefix", str(prefix))
    reach = compute_reach(Request(home="/root"))
    assert not shown(reach, secrets)
    assert shown(reach, kernels)


def test_the_program_of_another_kernel_brings_its_installation(tmp_path: Path) -> None:
    program = folder(tmp_path / "r" / "bin") / "R"
    program.touch()
    (tmp_path / "linked").symlink_to(tmp_path / "r")
    reach = compute_reach(
        Request(programs=((str(tmp_path / "linked" / "bin" / "R"), "--slave"),), home="/root")
    )
    assert shown(reach, program)
    assert reach.links[str(tmp_path / "linked")] == str(tmp_path / "r")
