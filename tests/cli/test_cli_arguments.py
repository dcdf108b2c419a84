"""What can be told before nbgrader is needed: help, usage, speed."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from hubgrade_ext.cli.parser import build_parser
from hubgrade_ext.cli.texts import COMMANDS

Hubgrade = Callable[..., Any]


def test_help_is_fast_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from hubgrade_ext.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'nbgrader', 'rich', 'msgspec', 'traitlets', 'sqlalchemy'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    times = []  # of the processor: what else runs on the machine does not count
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert done.returncode == 0, done.stderr
        assert "examples:" in done.stdout
    assert min(times) < 0.3


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        build_parser("hubgrade").parse_args([*name.split(), "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "examples:\n  hubgrade " in text
    for option in ("--course", "--json", "--verbose"):
        assert option in text


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["autograde"],
        ["autograde", "ps1", "ps2"],
        ["autograde", "ps1", "--studnet", "ada"],
        ["release-assignment", "ps1", "--before-due-date"],
        ["course", "new", "x"],
        ["jobs", "show"],
    ],
)
def test_a_command_line_that_cannot_be_meant(hubgrade: Hubgrade, arguments: list[str]) -> None:
    ran = hubgrade(*arguments)
    assert ran.status == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert "--help" in ran.err


def test_usage_errors_are_json_too(hubgrade: Hubgrade) -> None:
    ran = hubgrade("autograde", "--json")
    assert ran.status == 2
    assert ran.json["error"]["code"] == "usage"
    assert ran.json["error"]["message"]
    assert ran.json["error"]["remedy"]


def test_common_options_stand_before_or_after_the_command() -> None:
    parser = build_parser("hubgrade")
    for line in (["--course", "a", "--json", "status"], ["status", "--json", "--course", "a"]):
        parsed = parser.parse_args(line)
        assert (str(parsed.course_dir), parsed.json) == ("a", True)
