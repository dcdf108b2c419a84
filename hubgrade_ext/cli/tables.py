"""Tables for people: numbers to the right, times in this machine's zone and named, shapes beside colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from rich.console import Group
from rich.table import Table
from rich.text import Text

from hubgrade_ext.cli.output import plain
from hubgrade_ext.core.models import (
    AssignmentRow,
    ConfigPage,
    CourseRef,
    Finding,
    FixRecord,
    Job,
    NextStep,
    Step,
    StepCount,
    StudentAssignment,
    SubmissionRow,
)

STEPS = {"none": "–", "current": "✓", "outdated": "outdated"}
NEXT = {
    "generate_assignment": "Generate",
    "release_assignment": "Release",
    "collect": "Collect",
    "autograde": "Autograde",
    "grade_manually": "Grade by hand",
    "generate_feedback": "Generate feedback",
    "release_feedback": "Release feedback",
    "wait": "Wait for the due date",
    "done": "Done",
    "no_source": "Add notebooks to its source",
}
SIGNS = {
    "error": ("✗ error", "red"),
    "warning": ("! warning", "yellow"),
    "info": ("i info", "cyan"),
    "ok": ("✓ ok", "green"),
    "skipped": ("– skipped", "dim"),
    "running": ("… not yet", "dim"),
}


def local(when: datetime | None) -> str:
    """Return a time in this machine's zone, with its name; a dash for none."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M %Z") if when else "–"


def points(value: float | None) -> str:
    """Return points without needless decimals; a dash for none."""
    return "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def next_step(step: NextStep) -> str:
    """Return the one thing that is due, with its count."""
    return f"{NEXT[step.step]} {step.count}" if step.count else NEXT[step.step]


def assignments(rows: Iterable[AssignmentRow]) -> Table:
    """Return a row an assignment, the steps in the order of the work."""
    table = _table("Assignment", "Next step", "Generated", "Released", "Due")
    for name in ("Submitted", "Collected", "Autograded", "By hand", "Feedback", "Released to"):
        table.add_column(name, justify="right")
    table.add_column("Points", justify="right")
    for row in rows:
        _add(
            table,
            row.assignment_id,
            row.problem.message if row.problem else next_step(row.next_step),
            _step(row.generated),
            local(row.released.at) if row.released.at else _step(row.released),
            local(row.due_date),
            str(row.submitted),
            _count(row.collected),
            _count(row.autograded),
            str(row.manual.remaining) if row.manual.remaining else "–",
            _count(row.feedback_generated),
            _count(row.feedback_released),
            points(row.max_score),
        )
    return table


def submissions(rows: Iterable[SubmissionRow]) -> Table:
    """Return a row a student: attempts, what was collected, the score, what came of it."""
    table = _table("Student", "Name")
    table.add_column("Attempts", justify="right")
    table.add_column("Collected")
    table.add_column("Late by", justify="right")
    table.add_column("Score", justify="right")
    for name in ("By hand", "Feedback", "Outcome"):
        table.add_column(name, overflow="fold")
    for row in rows:
        score = "–" if row.score is None else f"{points(row.score)} / {points(row.max_score)}"
        released = row.feedback_released == "current"
        _add(
            table,
            row.student_id,
            f"{row.first_name} {row.last_name}".strip(),
            f"{row.attempts}{', waiting' if row.waiting else ''}",
            local(row.collected_attempt),
            duration(row.late_s),
            score,
            "needed" if row.needs_manual_grade else "–",
            "released" if released else STEPS[row.feedback_generated],
            _outcome(row),
        )
    return table


def _outcome(row: SubmissionRow) -> str:
    """Say what failed, else what there is to know about the grade, and that nothing walled the code in."""
    if row.outcome is not None and row.outcome.state == "failed":
        return f"failed: {row.outcome.message}"
    if row.autograded == "none" and row.grading is not None and row.grading.code == "cancelled":
        return f"cancelled: {row.grading.message}"
    graded = row.grading if row.autograded == "current" else None
    if graded is None or graded.state != "done":
        return ""
    said = "" if graded.code == "graded" else f"{graded.code.replace('_', ' ')}: {graded.message}"
    return " ".join(part for part in (said, "Not isolated." if graded.isolation == "none" else "") if part)


def limits(page: Mapping[str, Mapping[str, object]]) -> Table:
    """Return what submissions may use: a row a limit, a column an assignment that has some of its own."""
    table = _table("One submission may use", *page)
    for name in next(iter(page.values())):
        _add(table, name, *(str(own[name]) for own in page.values()))
    return table


def duration(seconds: float) -> str:
    """Return a span of time in its largest fitting unit; a dash for none."""
    if seconds <= 0:
        return "–"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def student_assignments(rows: Iterable[StudentAssignment]) -> Table:
    """Return a row an attempt, with its receipt; an assignment without attempts has a row too."""
    table = _table("Assignment", "State", "Due", "Submitted", "Receipt", "Feedback")
    for row in rows:
        _add(
            table,
            row.assignment_id,
            row.state,
            local(row.due_date),
            "–" if not row.submissions else "",
            "",
            "",
        )
        for attempt in row.submissions:
            code = attempt.receipt.code if attempt.receipt else "–"
            _add(table, "", "", "", local(attempt.submitted_at), code, attempt.feedback)
    return table


def config(page: ConfigPage) -> Group:
    """Return files, effective settings with their provenance, and unknown keys."""
    files = _table("Configuration file", "Level", "State")
    for file in page.files:
        if file.exists:
            _add(files, file.path, file.level, file.error or "✓ read")
    settings = _table("Setting", "Set by", "Value")
    for setting in page.settings:
        _add(settings, setting.name, setting.source or "default", setting.value)
        for value in setting.overrides:
            same = value.value in (setting.value, setting.written)
            _add(settings, "", value.path, "the same" if same else f"overridden: {value.value}")
    parts: list[Table | Text] = [files, Text(), settings]
    if page.unknown:
        unknown = _table("Unknown key", "In", "Did you mean")
        for key in page.unknown:
            _add(unknown, key.name, key.source, key.suggestion or "–")
        parts += [Text(), unknown]
    return Group(*parts)


def courses(refs: Iterable[CourseRef]) -> Table:
    """Return a row a course."""
    table = _table("Course", "Folder", "Role", "Problem")
    for ref in refs:
        problem = f"{ref.problem.message} {ref.problem.remedy}" if ref.problem else ""
        _add(table, ref.course_id or "–", ref.root or "–", ", ".join(ref.roles) or "–", problem)
    return table


def findings(found: Iterable[Finding]) -> Table:
    """Return a row a check, problems as the report orders them: first."""
    table = _table("Check", "", "What holds, or does not")
    for finding in found:
        sign, style = SIGNS[finding.status]
        text = Text(plain(finding.message))
        if finding.status in ("error", "warning", "info"):
            text.append(f"\n{plain(finding.why)}", style="dim")
            text.append(f"\n→ {plain(finding.remedy)}")
            if finding.fixable:
                text.append(f"\n→ hubgrade fix {finding.check_id} shows how hubgrade would do it")
        table.add_row(Text(finding.check_id), Text(sign, style=style), text)
    return table


def fixes(records: Iterable[FixRecord]) -> Table:
    """Return a row a fix that was carried out, newest first."""
    table = _table("Record", "When", "By", "Fix", "")
    for record in records:
        state = "undone" if record.undone_at else "" if record.reversible else "cannot be undone"
        _add(table, record.record_id, local(record.at), record.by, f"{record.title} ({record.fix_id})", state)
    return table


def jobs(listed: Iterable[Job]) -> Table:
    """Return a row a job."""
    table = _table("Job", "Verb", "Assignment", "State")
    for name in ("Done", "Failed"):
        table.add_column(name, justify="right")
    for name in ("Created", "By"):
        table.add_column(name)
    for entry in listed:
        _add(
            table,
            entry.job_id,
            entry.request.verb.replace("_", " "),
            entry.request.assignment_id,
            _state(entry),
            f"{entry.done} / {entry.total}",
            str(entry.failed),
            local(entry.created_at),
            entry.created_by,
        )
    return table


def job(entry: Job) -> Table:
    """Return one job as a list of its facts."""
    table = Table(box=None, show_header=False, pad_edge=False)
    facts = {
        "Job": entry.job_id,
        "Verb": f"{entry.request.verb.replace('_', ' ')} {entry.request.assignment_id}",
        "State": _state(entry),
        "Done": f"{entry.done} / {entry.total}, {entry.failed} failed, {entry.skipped} skipped",
        "Created": f"{local(entry.created_at)} by {entry.created_by}",
        "Ended": local(entry.ended_at),
        "Attempt": str(entry.attempt),
    }
    if entry.summary:
        facts["Summary"] = entry.summary
    if entry.error:
        facts["Error"] = f"{entry.error.message} {entry.error.remedy}".rstrip()
    for name, value in facts.items():
        _add(table, name, value)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _add(table: Table, *cells: str) -> None:
    # Text, never markup: names come from outside
    table.add_row(*(Text(plain(cell)) for cell in cells))


def _step(step: Step) -> str:
    return STEPS[step.state]


def _count(count: StepCount) -> str:
    if not count.total:
        return "–"
    failed = f", {count.failed} failed" if count.failed else ""
    return f"{count.done} / {count.total}{failed}"


def _state(entry: Job) -> str:
    return "cancelling" if entry.cancelling else entry.state
