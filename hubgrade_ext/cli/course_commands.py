"""Commands about a course as a whole: make and list courses, status, settings, preflight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hubgrade_ext.cli import tables
from hubgrade_ext.cli.courses import course_folder, is_course_folder, open_either, open_instructor, ref_of
from hubgrade_ext.cli.output import Output
from hubgrade_ext.cli.parser import Arguments
from hubgrade_ext.core.errors import ConfigBroken, HubgradeError
from hubgrade_ext.core.models import ConfigPage, CourseRef, ErrorBody, HubReport, PreflightReport
from hubgrade_ext.core.settings import CourseSettings

if TYPE_CHECKING:
    from hubgrade_ext.preflight.isolation_facts import LevelFacts


def new(arguments: Arguments, output: Output) -> int:
    """Make a course folder and put it on the list of known courses."""
    from hubgrade_ext.core.course import open_course
    from hubgrade_ext.core.new_course import create_course
    from hubgrade_ext.core.registry import KnownCourse, add_course

    root = create_course(arguments.directory.expanduser(), arguments.course_id or "")
    add_course(KnownCourse(root=str(root)))
    course = open_course(root)
    if output.json:
        output.show(ref_of(course.settings))
    else:
        output.line(f"Made the course {course.settings.course_id} in {root}.")
        output.line(f"Next: put notebooks into {root / course.settings.source_directory}/ASSIGNMENT/.")
    return 0


def list_known(arguments: Arguments, output: Output) -> int:
    """List the courses on the user's list; one that cannot be opened says why."""
    from hubgrade_ext.core.registry import list_courses

    refs = [_look_up(known.root, known.course_id) for known in list_courses()]
    if output.json:
        output.show({"courses": refs})
    elif refs:
        output.table(tables.courses(refs))
    else:
        output.line(
            "You have opened no course yet. Make one with `hubgrade course new`, or try `hubgrade demo`."
        )
    return 0


def demo(arguments: Arguments, output: Output) -> int:
    """Make the demo course."""
    from hubgrade_ext.core.course import open_course
    from hubgrade_ext.demo import create_demo

    root = create_demo(arguments.directory.expanduser().absolute())
    settings = open_course(root).settings
    if output.json:
        output.show(ref_of(settings))
    else:
        output.line(f"Made the course {settings.course_id} in {root}.")
        output.line(f"Next: cd {root} && hubgrade status")
    return 0


def status(arguments: Arguments, output: Output) -> int:
    """Print every assignment with its next step, or one assignment's students."""
    settings = open_instructor(arguments).settings
    if arguments.assignment:
        return _submissions(settings, arguments.assignment, output)
    from hubgrade_ext.core.assignments_page import assignments_page
    from hubgrade_ext.jobs.journal import Journal

    page = assignments_page(settings, ref_of(settings), failures=Journal(settings).failures())
    if output.json:
        output.show(page)
        return 0
    output.line(f"{settings.course_id}, {page.students} students, {settings.root}")
    if page.assignments:
        output.table(tables.assignments(page.assignments))
    else:
        output.line(f"No assignment yet: put notebooks into {settings.source_directory}/ASSIGNMENT/.")
    return 0


def _submissions(settings: CourseSettings, assignment_id: str, output: Output) -> int:
    from hubgrade_ext.core.submissions_page import submissions_page
    from hubgrade_ext.jobs.journal import Journal

    journal = Journal(settings)
    page = submissions_page(
        settings,
        ref_of(settings),
        assignment_id,
        journal.outcomes(assignment_id),
        journal.outcomes(assignment_id, "autograde"),
    )
    if output.json:
        output.show(page)
        return 0
    row = page.assignment
    output.line(f"{row.assignment_id}: {tables.next_step(row.next_step)}; due {tables.local(row.due_date)}")
    output.table(tables.submissions(page.submissions))
    return 0


def config(arguments: Arguments, output: Output) -> int:
    """Print effective settings with their provenance; a broken file is shown, not a reason to stop."""
    try:
        settings = open_either(arguments).settings
        page = _config_page(settings)
    except ConfigBroken as error:
        page = _broken_page(arguments, error)
    if output.json:
        output.show(page)
    else:
        output.table(tables.config(page))
    return 2 if page.course.problem else 0


def preflight(arguments: Arguments, output: Output) -> int:
    """Print every check; the exit status is 0, 1 for warnings, 2 for errors."""
    from hubgrade_ext.actions.fixes.catalogue import FIXES
    from hubgrade_ext.preflight.facts import Given
    from hubgrade_ext.preflight.runner import run, run_configuration

    only = arguments.only or ()
    try:
        with _levels_meanwhile(_asks_for_levels(arguments)) as levels:
            # imports nbgrader, and so takes its time too
            from hubgrade_ext.preflight.sources import gather_sources

            course = open_either(arguments)
            settings = course.settings
            sources = gather_sources(course) if settings.root else None
        given = Given(_config_page(settings), sources=sources, levels=levels())
        fixable = [fix.fix_id for fix in FIXES]
        report = run(settings, ref_of(settings), given, only=only, fixable=fixable)
    except ConfigBroken as error:
        page = _broken_page(arguments, error)
        report = run_configuration(page.course, page, only=only)
    return show_report(report, arguments, output)


def _asks_for_levels(arguments: Arguments) -> bool:
    """Say whether checks will surely ask for the levels of isolation: a student grades nothing."""
    only = arguments.only or ()
    asked = not only or any(check_id.startswith("isolation.") for check_id in only)
    return asked and arguments.course_id is None and is_course_folder(course_folder(arguments))


@contextmanager
def _levels_meanwhile(asked: bool) -> Iterator[Callable[[], list[LevelFacts] | None]]:
    """Have the levels of isolation tried in a child while this process is busy; None when not asked for."""
    from hubgrade_ext.preflight.isolation_facts import gather_levels

    if not asked:
        yield lambda: None
        return
    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(gather_levels).result


def show_report(report: PreflightReport | HubReport, arguments: Arguments, output: Output) -> int:
    """Print the findings, problems alone unless all were asked for, and return the exit status."""
    if output.json:
        output.show(report)
    else:
        everything = arguments.verbose or arguments.only
        shown = [f for f in report.findings if everything or f.status not in ("ok", "skipped")]
        if shown:
            output.table(tables.findings(shown))
        output.line(_verdict(report))
    return 2 if report.errors else 1 if report.warnings else 0


def _verdict(report: PreflightReport | HubReport) -> str:
    words = [("error", report.errors), ("warning", report.warnings)]
    problems = [f"{count} {word}{'s' if count > 1 else ''}" for word, count in words if count]
    fine = sum(finding.status == "ok" for finding in report.findings)
    skipped = sum(finding.status == "skipped" for finding in report.findings)
    rest = f"{fine} checks fine, {skipped} not applicable (--verbose shows them)"
    return f"{', '.join(problems) or 'Ready'}; {rest}."


def _config_page(settings: CourseSettings) -> ConfigPage:
    from hubgrade_ext.core.config_page import config_page

    report = config_page(settings.root, settings.work_dir)
    return ConfigPage(ref_of(settings), report.files, report.settings, report.unknown)


def _broken_page(arguments: Arguments, error: ConfigBroken) -> ConfigPage:
    """Return what can be said of a configuration that does not load: the files, and which is broken.

    Raises: the error itself when even that cannot be told.
    """
    from hubgrade_ext.core.config_page import config_page

    folder = course_folder(arguments)
    is_own = is_course_folder(folder)
    report = config_page(str(folder) if is_own else None, str(folder))
    if not any(file.error for file in report.files):
        raise error
    problem = ErrorBody(error.code, error.message, error.remedy)
    ref = CourseRef(
        "", "", ["instructor" if is_own else "student"], str(folder) if is_own else None, None, problem
    )
    return ConfigPage(ref, report.files, report.settings, report.unknown)


def _look_up(root: str | None, course_id: str | None) -> CourseRef:
    from hubgrade_ext.core.course import open_course

    try:
        return ref_of(open_course(Path(root) if root else None, course_id=course_id).settings)
    except HubgradeError as error:
        problem = ErrorBody(error.code, error.message, error.remedy)
        return CourseRef("", course_id or "", [], root, None, problem)
