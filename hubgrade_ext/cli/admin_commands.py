"""`hubgrade admin site` and `course`: what is asked for, the plan that follows, and writing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import msgspec

from hubgrade_ext.actions.set_up import Written, make_accounts, write_plan
from hubgrade_ext.cli.admin_output import show_courses, show_plan
from hubgrade_ext.cli.admin_parser import CONFIG_DIR, PREFIX, AdminArguments
from hubgrade_ext.cli.admin_questions import ask_course, ask_site, may_ask, names_of
from hubgrade_ext.cli.output import Output
from hubgrade_ext.cli.parser import Arguments, UsageError
from hubgrade_ext.core.errors import InvalidRequest, NotFound
from hubgrade_ext.hub.setup import advice
from hubgrade_ext.hub.setup.everything import artifacts
from hubgrade_ext.hub.setup.plan import Plan, PlannedItem, on_disk, plan_items
from hubgrade_ext.hub.setup.site import Course, Site
from hubgrade_ext.hub.setup.site_rules import check_site, default_venv, known_course
from hubgrade_ext.hub.setup.state_file import STATE_FILE, read_site, read_wanted_site
from hubgrade_ext.hub.setup.system_files import LISTED
from hubgrade_ext.hub.setup.validation import check_course_id, check_path

PEOPLE = ("instructors", "graders", "students")


def site(arguments: Arguments, output: Output) -> int:
    """Plan, or write, the hub with the courses it has."""
    asked = cast(AdminArguments, arguments)
    before = _before(asked)
    given = _given(asked)
    if "admins" in given:
        given["admins"] = names_of(given["admins"])
    wanted = before or Site(config_dir=_config_dir(asked), venv=default_venv())
    if asked.from_file is not None:
        wanted = _laid_over(wanted, read_wanted_site(asked.from_file))
    elif before is None and may_ask(output):
        given |= ask_site(output, wanted, given)
    return _carry_out(asked, output, before, check_site(msgspec.structs.replace(wanted, **given)))


def course(arguments: Arguments, output: Output) -> int:
    """Plan, or write, one course of the hub; without an id, list them."""
    asked = cast(AdminArguments, arguments)
    before = _before(asked)
    if before is None:
        raise NotFound(
            f"No hub has been set up in {_config_dir(asked)} yet.", "Run `hubgrade admin site` first."
        )
    if not asked.course:
        show_courses(before, output)
        return 0
    courses = dict(before.courses)
    if asked.remove:
        courses.pop(known_course(before, asked.course).course_id)
    else:
        courses[asked.course] = _wanted_course(asked, before, output)
    return _carry_out(asked, output, before, check_site(msgspec.structs.replace(before, courses=courses)))


def _wanted_course(asked: AdminArguments, before: Site, output: Output) -> Course:
    course_id = check_course_id(asked.course)
    given = {key: value for key, value in _given(asked).items() if key != "config_dir"}
    given |= {key: names_of(given[key]) for key in PEOPLE if key in given}
    wanted = before.courses.get(course_id)
    if asked.from_file is not None:
        wanted = known_course(read_wanted_site(asked.from_file), course_id)
    elif wanted is None and may_ask(output):
        given |= ask_course(output, course_id, given)
    wanted = msgspec.structs.replace(wanted or Course(course_id), **given)
    if not wanted.teachers:
        raise UsageError(
            f"The course {course_id} has nobody who teaches it.", "Name somebody: --instructors NAME …"
        )
    return wanted


def _carry_out(asked: AdminArguments, output: Output, before: Site | None, after: Site) -> int:
    prefix = asked.root.absolute()
    if asked.make_accounts and prefix != Path("/"):
        raise UsageError("--make-accounts makes accounts of this machine.", "Leave it out with --root.")
    plan = _plan(after, before, prefix)
    written = None
    if asked.apply:
        written = _write(asked, after, plan, prefix)
        left = _plan(after, after, prefix)
        remains = bool(left.changes) or bool(advice.missing_line(after, prefix))
        notes = [*advice.waiting(left.items), *plan.notes]
        plan = Plan(_made(plan, written), plan.commands, notes)
    else:
        remains = bool(plan.changes) or bool(advice.missing_line(after, prefix))
    show_plan(plan, written, output)
    if plan.refused:
        return 2
    return 1 if remains else 0


def _plan(after: Site, before: Site | None, prefix: Path) -> Plan:
    items = plan_items(artifacts(after), prefix)
    return Plan(items, advice.commands(after, items), advice.notes(after, before, prefix))


def _write(asked: AdminArguments, after: Site, plan: Plan, prefix: Path) -> Written:
    wanted, keep = artifacts(after), str(after.own_dir / "backups")
    written = write_plan(wanted, plan.items, keep, prefix)
    if asked.make_accounts and any(item.action == "wait" for item in plan.items):
        make_accounts(f"{after.sysusers_dir}/{LISTED}")
        more = write_plan(wanted, plan_items(wanted, prefix), keep, prefix)
        written = Written([*written.paths, *more.paths], written.backup)
    return written


def _made(plan: Plan, written: Written) -> list[PlannedItem]:
    """Return the items as they were carried out: what waited for an account may have been made since."""
    return [
        msgspec.structs.replace(item, action="create", reason="")
        if item.action == "wait" and item.path in written.paths
        else item
        for item in plan.items
    ]


def _before(asked: AdminArguments) -> Site | None:
    """Return what the last run was asked for."""
    config_dir = _config_dir(asked)
    if not asked.root.is_dir():
        raise NotFound(f"There is no folder {asked.root}.", "Give an existing folder after --root.")
    found = read_site(on_disk(f"{config_dir}/hubgrade/{STATE_FILE}", asked.root.absolute()))
    if found is not None and found.config_dir != config_dir:
        raise InvalidRequest(
            f"The site in {config_dir} says that it is in {found.config_dir}.",
            "Correct config_dir in its site.toml.",
        )
    return found


def _config_dir(asked: AdminArguments) -> str:
    given = (
        check_path(_given(asked).get("config_dir", ""), "--config-dir")
        if _given(asked).get("config_dir")
        else ""
    )
    if not given and asked.from_file is not None:
        given = read_wanted_site(asked.from_file).config_dir
    return given or CONFIG_DIR


def _given(asked: AdminArguments) -> dict[str, Any]:
    return {key.removeprefix(PREFIX): value for key, value in vars(asked).items() if key.startswith(PREFIX)}


def _laid_over(before: Site, wanted: Site) -> Site:
    """Return the settings of a file with its courses added to those there are."""
    return msgspec.structs.replace(wanted, courses={**before.courses, **wanted.courses})
