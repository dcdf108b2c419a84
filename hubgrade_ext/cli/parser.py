"""Every command with its options and examples; imports nothing that takes time."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from hubgrade_ext.cli import texts
from hubgrade_ext.cli.admin_parser import add_admin_commands
from hubgrade_ext.core.errors import InvalidRequest
from hubgrade_ext.core.stopping import GRACE_S

COMMANDS = "hubgrade_ext.cli."
_LONGEST_GRACE_S = 3600


class UsageError(InvalidRequest):
    """The command line cannot be meant."""

    code = "usage"


class Arguments(argparse.Namespace):
    """What a command line says; `command` is the function that carries it out, as `module:function`."""

    command: str
    verb: str = ""
    course_dir: Path | None = None
    course_id: str | None = None
    json: bool = False
    verbose: bool = False
    assignment: str = ""
    student: list[str] | None = None
    notebook: str = "*"
    all: bool = False
    before_due_date: bool = False
    confirm: str = ""
    yes: bool = False
    anyway: bool = False
    grace_s: float = GRACE_S
    directory: Path = Path()
    file: Path = Path()
    job_id: str = ""
    item: str | None = None
    only: list[str] | None = None
    hub_config: Path | None = None
    hub_user: str = ""
    fix_id: str = ""
    apply: bool = False
    undo: str = ""


class Parser(argparse.ArgumentParser):
    """A parser that raises where argparse would end the program, and keeps the examples' line breaks."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Raise the fault instead of printing it."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")


def is_json(argv: Sequence[str]) -> bool:
    """Tell whether an answer in JSON was asked for, on a command line that could not be parsed."""
    return "--json" in argv


def build_parser(program: str) -> Parser:
    """Return the parser of all commands."""
    parser = Parser(prog=program, description=texts.PROGRAM, epilog=texts.PROGRAM_EXAMPLES)
    parser.add_argument("--version", action="version", version=_version())
    _add_common(parser)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="command_name")
    _add_course_commands(commands)
    _add_instructor_verbs(commands)
    _add_student_commands(commands)
    _add_job_commands(commands)
    add_admin_commands(commands, _add, _add_common)
    return parser


def _version() -> str:
    from hubgrade_ext import __version__

    return f"hubgrade {__version__}"


def _add_common(parser: argparse.ArgumentParser) -> None:
    """Accept the options of every command before and after its name; only what was given is stored."""
    group = parser.add_argument_group("options of every command")
    unset: dict[str, Any] = {"default": argparse.SUPPRESS}
    group.add_argument(
        "--course",
        metavar="DIR",
        dest="course_dir",
        type=Path,
        help="course folder (default: current folder)",
        **unset,
    )
    group.add_argument(
        "--json", action="store_true", help="print one JSON object; logs go to standard error", **unset
    )
    group.add_argument("-v", "--verbose", action="store_true", help="show nbgrader's log", **unset)


def _add(commands: Any, name: str, function: str, **defaults: str) -> argparse.ArgumentParser:
    text = texts.COMMANDS[name]
    parser: argparse.ArgumentParser = commands.add_parser(
        name.split()[-1], help=text.summary, description=text.summary, epilog=texts.examples(text)
    )
    parser.set_defaults(command=COMMANDS + function, **defaults)
    _add_common(parser)
    return parser


def _add_course_commands(commands: Any) -> None:
    _add(commands, "demo", "course_commands:demo").add_argument("directory", metavar="DIR", type=Path)
    summary = texts.COMMANDS["course"].summary
    course = commands.add_parser("course", help=summary, description=summary, epilog=texts.COURSE_EXAMPLES)
    _add_common(course)
    inner = course.add_subparsers(metavar="new|list|import-gradebook", required=True, dest="course_command")
    new = _add(inner, "course new", "course_commands:new")
    new.add_argument("directory", metavar="DIR", type=Path)
    new.add_argument("--course-id", metavar="ID", required=True, help="the course's name in the exchange")
    _add(inner, "course list", "course_commands:list_known")
    load = _add(inner, "course import-gradebook", "gradebook_commands:import_gradebook")
    load.add_argument("file", metavar="FILE", type=Path, help="a SQLite gradebook, or a backup of one")
    status = _add(commands, "status", "course_commands:status")
    status.add_argument(
        "assignment", metavar="ASSIGNMENT", nargs="?", default="", help="its students and their scores"
    )
    _add(commands, "config", "course_commands:config")
    limits = _add(commands, "limits", "grading_commands:limits")
    limits.add_argument("assignment", metavar="ASSIGNMENT", nargs="?", default="", help="this one's")
    preflight = _add(commands, "preflight", "course_commands:preflight")
    preflight.add_argument("--only", metavar="ID", action="append", help="only this check; may be repeated")
    _add_course_id(preflight)
    _add_hub_options(preflight)
    fix = _add(commands, "fix", "fix_commands:fix")
    fix.add_argument(
        "fix_id", metavar="ID", nargs="?", default="", help="the check whose fault is to be mended"
    )
    fix.add_argument("--apply", action="store_true", help="do it; without, it is only shown")
    fix.add_argument("--undo", metavar="RECORD", default="", help="put back what a fix changed")


def _add_hub_options(preflight: argparse.ArgumentParser) -> None:
    group = preflight.add_argument_group("the hub's own side, for its administrator")
    group.add_argument(
        "--hub",
        dest="command",
        action="store_const",
        const=COMMANDS + "hub_commands:preflight",
        default=argparse.SUPPRESS,
        help="look at the hub, not at a course: its configuration, database, proxy, certificate, spawner",
    )
    group.add_argument(
        "--config",
        metavar="FILE",
        dest="hub_config",
        type=Path,
        help="jupyterhub_config.py (default: as the hub's unit says, or in /etc/jupyterhub); it is run",
    )
    group.add_argument(
        "--user",
        metavar="NAME",
        dest="hub_user",
        default="",
        help="who runs the hub (default: its unit says)",
    )


def _add_instructor_verbs(commands: Any) -> None:
    for name in texts.INSTRUCTOR_VERBS:
        parser = _add(commands, name, "verb_commands:run_verb", verb=name.replace("-", "_"))
        parser.add_argument("assignment", metavar="ASSIGNMENT")
        parser.add_argument(
            "--student", metavar="ID", action="append", help="only this student; may be repeated"
        )
        parser.add_argument(
            "--notebook", metavar="PATTERN", default="*", help="only notebooks of this name (* ? [])"
        )
        parser.add_argument("--all", action="store_true", help="all again, not only what remains to be done")
        parser.add_argument(
            "--confirm", metavar="NAME", default="", help="the assignment's name, where it is asked for"
        )
        parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
        if name == "autograde":
            parser.add_argument(
                "--grace",
                metavar="SECONDS",
                dest="grace_s",
                type=_seconds,
                default=GRACE_S,
                help="for how long submissions under way go on after Ctrl-C (default 2; 0 cuts them at once)",
            )
        if name == "release-assignment":
            parser.add_argument(
                "--anyway",
                action="store_true",
                help="release it even if its own solution does not get full marks; nothing is run",
            )
        if name == "collect":
            parser.add_argument(
                "--before-due-date",
                action="store_true",
                help="the newest attempt before the due date, not the newest",
            )


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 <= float(text) <= _LONGEST_GRACE_S:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text} is not between 0 and {_LONGEST_GRACE_S} seconds")


def _add_student_commands(commands: Any) -> None:
    _add_course_id(_add(commands, "list", "student_commands:list_assignments"))
    for name in texts.STUDENT_VERBS:
        parser = _add(commands, name, "verb_commands:run_verb", verb=name.replace("-", "_"))
        parser.add_argument("assignment", metavar="ASSIGNMENT")
        parser.add_argument("--all", action="store_true", help="again, also what is here already")
        _add_course_id(parser)


def _add_job_commands(commands: Any) -> None:
    jobs = _add(commands, "jobs", "job_commands:list_jobs")
    _add_course_id(jobs)
    inner = jobs.add_subparsers(metavar="show|cancel|resume", dest="job_command")
    for name in ("show", "cancel", "resume"):
        parser = _add(inner, f"jobs {name}", f"job_commands:{name}")
        parser.add_argument("job_id", metavar="ID", help="as `jobs` lists it; its beginning is enough")
        if name == "show":
            parser.add_argument("--item", metavar="STUDENT", help="the result and the log of this one only")
        _add_course_id(parser)


def _add_course_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--course-id",
        metavar="ID",
        default=argparse.SUPPRESS,
        help="the course you study in (default: as configured)",
    )
