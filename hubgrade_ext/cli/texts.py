"""What `--help` says: a sentence and examples for each command."""

from __future__ import annotations

from dataclasses import dataclass

PROGRAM = """\
Run an nbgrader course: generate, release, collect, autograde and give feedback as instructor;
fetch, submit and read feedback as student.

Exit status: 0 all done; 1 done, with items that failed, listed; 2 could not start, with the reason."""

PROGRAM_EXAMPLES = """\
examples:
  hubgrade demo /tmp/demo                    a course to try everything on
  hubgrade status                            the assignments and what to do next
  hubgrade autograde ps1 --student ada       grade one student again
  hubgrade --course ~/bio101 collect ps1     work on a course in another folder
  hubgrade submit ps1 --course-id bio101     hand in, as a student"""

COURSE_EXAMPLES = """\
examples:
  hubgrade course new bio101 --course-id bio101
  hubgrade course list"""


ADMIN_EXAMPLES = """\
examples:
  hubgrade admin site                                          ask, and print what would be written
  sudo hubgrade admin site --domain hub.example.org --apply    write it
  sudo hubgrade admin course bio101 --instructors ada --students @roster.txt --apply --make-accounts
  hubgrade admin migrate-config jupyterhub_config.py           what a file from 2015 is today"""


@dataclass(frozen=True)
class CommandText:
    """A command's sentence and its example lines."""

    summary: str
    examples: tuple[str, ...] = ()


INSTRUCTOR_VERBS = (
    "generate-assignment",
    "check-assignment",
    "release-assignment",
    "unrelease",
    "collect",
    "autograde",
    "repair",
    "undo-repair",
    "generate-feedback",
    "release-feedback",
)
STUDENT_VERBS = ("fetch-assignment", "submit", "fetch-feedback")

COMMANDS: dict[str, CommandText] = {
    "demo": CommandText(
        "Make a demo course with students and submissions in the new folder DIR.",
        ("hubgrade demo /tmp/demo",),
    ),
    "course": CommandText("Make a course, list those you know, or bring a gradebook into one."),
    "course new": CommandText(
        "Make a course in folder DIR, in nbgrader's layout.",
        ("hubgrade course new bio101 --course-id bio101",),
    ),
    "course list": CommandText("List the courses you have opened.", ("hubgrade course list --json",)),
    "course import-gradebook": CommandText(
        "Copy the rows of a SQLite gradebook into the course's database, which must be empty.",
        ("hubgrade course import-gradebook .hubgrade/backups/20260301T120000.000000Z-1a2b3c/gradebook.db",),
    ),
    "status": CommandText(
        "Show every assignment and its next step, or one assignment's students and scores.",
        ("hubgrade status", "hubgrade status ps1", "hubgrade status --course ~/bio101 --json"),
    ),
    "config": CommandText(
        "Show the course's effective settings, which file set each, and keys that do not exist.",
        ("hubgrade config", "hubgrade config --json"),
    ),
    "preflight": CommandText(
        "Tell whether the course will work. Exit status 0: fine, 1: warnings, 2: errors.",
        (
            "hubgrade preflight",
            "hubgrade preflight --only exchange.exists --only exchange.writable",
            "sudo hubgrade preflight --hub",
            "sudo hubgrade preflight --hub --config /etc/jupyterhub/jupyterhub_config.py --user jupyterhub",
        ),
    ),
    "fix": CommandText(
        "Show the exact changes that would mend what a check found; with --apply, make them.",
        ("hubgrade fix", "hubgrade fix coursedir.leak", "hubgrade fix coursedir.leak --apply"),
    ),
    "generate-assignment": CommandText(
        "Make the students' version of an assignment from its source.",
        ("hubgrade generate-assignment ps1", 'hubgrade generate-assignment "Übung 3" --all'),
    ),
    "check-assignment": CommandText(
        "Grade the assignment's own solution as a submission would be: full marks, or the reason.",
        ("hubgrade check-assignment ps1",),
    ),
    "release-assignment": CommandText(
        "Put the generated assignment into the exchange, if its own solution gets full marks.",
        ("hubgrade release-assignment ps1", "hubgrade release-assignment ps1 --anyway"),
    ),
    "unrelease": CommandText(
        "Take a released assignment out of the exchange; asks for its name.",
        ("hubgrade unrelease ps1", "hubgrade unrelease ps1 --confirm ps1"),
    ),
    "collect": CommandText(
        "Collect each student's newest submission.",
        (
            "hubgrade collect ps1",
            "hubgrade collect ps1 --before-due-date",
            "hubgrade collect ps1 --student ada",
        ),
    ),
    "autograde": CommandText(
        "Grade the submissions that have not been graded since they came.",
        (
            "hubgrade autograde ps1",
            "hubgrade autograde ps1 --all",
            "hubgrade autograde ps1 --student ada --student bob",
            "hubgrade autograde ps1 --notebook 'problem*'",
        ),
    ),
    "repair": CommandText(
        "Rename notebooks and put back deleted cells in collected submissions, and grade those again.",
        ("hubgrade repair ps1", "hubgrade repair ps1 --student ada"),
    ),
    "undo-repair": CommandText(
        "Put repaired submissions back as they were collected, and grade them again.",
        ("hubgrade undo-repair ps1 --student ada",),
    ),
    "limits": CommandText(
        "Show what submissions may use when they are graded, and what walls them in.",
        ("hubgrade limits", "hubgrade limits ps3 --json"),
    ),
    "generate-feedback": CommandText(
        "Write the feedback for graded submissions.",
        ("hubgrade generate-feedback ps1", "hubgrade generate-feedback ps1 --student ada"),
    ),
    "release-feedback": CommandText(
        "Put the feedback into the exchange, for each student their own.",
        ("hubgrade release-feedback ps1", "hubgrade release-feedback ps1 --student ada"),
    ),
    "list": CommandText(
        "Show the assignments of a course you study in: released, fetched, submitted, graded.",
        ("hubgrade list --course-id bio101", "hubgrade list --json"),
    ),
    "fetch-assignment": CommandText(
        "Fetch a released assignment into the current folder.",
        ("hubgrade fetch-assignment ps1 --course-id bio101",),
    ),
    "submit": CommandText(
        "Hand in the assignment from the current folder, and get a receipt.",
        ("hubgrade submit ps1 --course-id bio101",),
    ),
    "fetch-feedback": CommandText(
        "Fetch the feedback on your submissions into the current folder.",
        ("hubgrade fetch-feedback ps1 --course-id bio101",),
    ),
    "jobs": CommandText(
        "List the course's jobs, newest first.",
        ("hubgrade jobs", "hubgrade jobs show 20260301T0914", "hubgrade jobs resume 20260301T0914 --json"),
    ),
    "jobs show": CommandText(
        "Show a job, what became of each item, and its log.",
        ("hubgrade jobs show 20260301T0914", "hubgrade jobs show 20260301T0914 --item ada"),
    ),
    "jobs cancel": CommandText(
        "Stop a job; what it has finished stays.", ("hubgrade jobs cancel 20260301T0914",)
    ),
    "jobs resume": CommandText(
        "Go on with a job whose process died, after its last finished item.",
        ("hubgrade jobs resume 20260301T0914",),
    ),
    "admin": CommandText("Set up a JupyterHub with nbgrader courses: for the machine's administrator."),
    "admin site": CommandText(
        "Print, or write with --apply, what a hub needs. Exit status 0: all is so, 1: not yet, 2: refused.",
        (
            "hubgrade admin site",
            "hubgrade admin site --domain hub.example.org --tls-cert /etc/ssl/h.pem --tls-key /etc/ssl/h.key",
            "hubgrade admin site --from site.toml --root /tmp/look --apply",
        ),
    ),
    "admin course": CommandText(
        "Add a course to the hub, change its people, take it off; without ID, list the courses.",
        (
            "hubgrade admin course bio101 --instructors ada --graders bob --students @roster.txt",
            "hubgrade admin course bio101 --students carol,dan --apply",
            "hubgrade admin course --json",
        ),
    ),
    "admin migrate-config": CommandText(
        "Show what a jupyterhub_config.py or nbgrader_config.py of 2015 is today; the file is not run.",
        (
            "hubgrade admin migrate-config /etc/jupyterhub/jupyterhub_config.py",
            "hubgrade admin migrate-config nbgrader_config.py --write nbgrader_config.new.py",
        ),
    ),
}


def examples(text: CommandText) -> str:
    """Return the examples as the end of a help page."""
    return "\n  ".join(["examples:", *text.examples])
