from __future__ import annotations

import filecmp
import os
import stat
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from nbgrader import utils

from hubgrade_ext.actions.collect import collect
from hubgrade_ext.actions.fetch_assignment import fetch_assignment
from hubgrade_ext.actions.fetch_feedback import fetch_feedback
from hubgrade_ext.actions.release_assignment import release_assignment
from hubgrade_ext.actions.release_feedback import release_feedback
from hubgrade_ext.actions.submit import submit
from hubgrade_ext.core.course import Course, open_course
from hubgrade_ext.core.errors import InvalidName
from hubgrade_ext.core.models import StudentAssignment
from hubgrade_ext.core.released_feedback import feedback_hash, legacy_hashes
from hubgrade_ext.exchange.copying import digests
from hubgrade_ext.exchange.receipts import make_receipt, read_receipts, receipts_dir
from hubgrade_ext.exchange.student_page import student_assignments
from tests.exchange.acting import DUE, remount, run, staging_left, tree

# nbgrader leaves two files to the garbage collector (release_feedback.copy_files, utils.notebook_hash)
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@pytest.fixture
def own(course: Course, student: Course) -> Path:
    """The student's folder of ps1, fetched."""
    run(release_assignment, course)
    assert run(fetch_assignment, student)[0].state == "done"
    return Path(student.settings.work_dir) / "ps1"


def inbound(student: Course) -> list[Path]:
    return sorted((Path(student.settings.exchange_root) / "course101" / "inbound").iterdir())


def only(student: Course) -> StudentAssignment:
    (assignment,) = student_assignments(student.settings)
    return assignment


def give_feedback(course: Course, text: str = "<p>good</p>") -> Path:
    """Stand in for autograde and generate_feedback."""
    run(collect, course)
    user = course.settings.username
    collected = course.settings.path("submitted", user, "ps1")
    folder = course.settings.path("feedback", user, "ps1")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("problem1", "problem2"):
        (folder / f"{name}.html").write_text(text)
        os.utime(folder / f"{name}.html", (datetime.now().timestamp() + 5,) * 2)
    for name in ("timestamp.txt", "submission_secret.txt"):
        (folder / name).write_bytes((collected / name).read_bytes())
    return folder


# --- fetch_assignment ----------------------------------------------------------


def test_fetch(course: Course, student: Course) -> None:
    run(release_assignment, course)
    assert (only(student).state, only(student).fetched) == ("released", False)
    assert [n.notebook_id for n in only(student).notebooks] == ["problem1", "problem2"]
    (result,) = run(fetch_assignment, student)
    assert result.state == "done"
    own = Path(student.settings.work_dir) / "ps1"
    assert tree(own) == tree(Path(student.settings.exchange_root) / "course101" / "outbound" / "ps1")
    assert staging_left(Path(student.settings.work_dir)) == []
    page = only(student)
    assert (page.state, page.fetched, page.server_path) == ("fetched", True, "ps1")
    assert page.due_date is not None
    assert page.due_date.replace(tzinfo=None) == DUE
    assert page.notebooks[0].server_path == "ps1/problem1.ipynb"


def test_fetch_again_restores_only_what_is_missing(student: Course, own: Path) -> None:
    (result,) = run(fetch_assignment, student)
    assert (result.state, result.code) == ("skipped", "already_fetched")
    (own / "problem1.ipynb").write_text("my work")
    (own / "problem2.ipynb").unlink()
    (own / "notes.md").write_text("mine")
    (result,) = run(fetch_assignment, student)
    assert result.state == "done"
    assert "problem2.ipynb" in result.message
    assert (own / "problem1.ipynb").read_text() == "my work"
    assert (own / "notes.md").read_text() == "mine"
    assert (own / "problem2.ipynb").stat().st_size > 1000


def test_fetch_what_is_not_released(course: Course, student: Course) -> None:
    run(release_assignment, course)
    (result,) = run(fetch_assignment, student, "ps2")
    assert (result.state, result.code) == ("failed", "assignment_not_found")
    assert result.remedy
    assert student_assignments(student.settings)[0].assignment_id == "ps1"
    with pytest.raises(InvalidName):
        run(fetch_assignment, student, "../../etc")


def test_fetch_onto_a_full_disk(course: Course, student: Course, small_disk: Path) -> None:
    data = Path(course.settings.root or "") / "release" / "ps1" / "data.bin"
    data.write_bytes(os.urandom(3_000_000))
    run(release_assignment, course)
    home = Path(student.settings.work_dir)
    (small_disk / "nbgrader_config.py").write_text((home / "nbgrader_config.py").read_text())
    there = open_course(None, work_dir=small_disk, course_id="course101")
    (result,) = run(fetch_assignment, there)
    assert result.state == "failed"
    assert "full" in result.message
    assert [p.name for p in small_disk.iterdir()] == ["nbgrader_config.py"]
    data.write_bytes(b"small")
    run(release_assignment, course)
    assert run(fetch_assignment, there)[0].state == "done"


# --- submit ----------------------------------------------------------------------


def test_submit_leaves_what_nbgrader_leaves(student: Course, own: Path) -> None:
    (own / "problem1.ipynb").write_text((own / "problem1.ipynb").read_text() + "\n")
    (result,) = run(submit, student)
    assert result.state == "done"
    (folder,) = inbound(student)
    user = student.settings.username
    name, assignment, stamp, _ = folder.name.rsplit("+", 3)
    assert (name, assignment) == (user, "ps1")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o777
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.rglob("*") if p.is_file()} == {0o644}
    assert (folder / "timestamp.txt").read_text() == stamp
    assert len((folder / "submission_secret.txt").read_text()) == 128
    (cached,) = (Path(student.settings.exchange_cache) / "course101").iterdir()
    assert cached.name == folder.name.rsplit("+", 1)[0]
    assert tree(cached) == tree(folder)


def test_submit_gives_a_receipt(student: Course, own: Path) -> None:
    (result,) = run(submit, student)
    (receipt,) = read_receipts(student.settings, "ps1")
    assert receipt.code in result.message
    assert len(receipt.code) == 14
    assert receipt.files == digests(own)
    again = make_receipt(
        student.settings, "ps1", student.settings.username, receipt.submitted_at, digests(own)
    )
    assert again == receipt
    (submission,) = only(student).submissions
    assert submission.receipt == receipt
    assert submission.feedback == "none"
    assert only(student).state == "submitted"
    assert list(receipts_dir(student.settings, "ps1").glob("*.pending")) == []
    run(submit, student)
    assert len(read_receipts(student.settings, "ps1")) == 2
    newest, oldest = only(student).submissions
    assert newest.submitted_at > oldest.submitted_at


def test_submit_tells_of_missing_and_extra_notebooks(student: Course, own: Path) -> None:
    (own / "problem2.ipynb").rename(own / "renamed.ipynb")
    (result,) = run(submit, student)
    assert result.state == "done"
    assert "Missing notebooks: problem2.ipynb." in result.message
    assert "renamed.ipynb" in result.message
    config = Path(student.settings.work_dir) / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.ExchangeSubmit.strict = True\n")
    strict = open_course(None, work_dir=Path(student.settings.work_dir), course_id="course101")
    (result,) = run(submit, strict)
    assert (result.state, result.code) == ("failed", "conflict")
    assert "missing notebooks" in result.message
    assert len(inbound(student)) == 1


def test_submit_without_a_copy_or_a_release(course: Course, student: Course) -> None:
    run(release_assignment, course)
    (result,) = run(submit, student)
    assert (result.state, result.code) == ("failed", "assignment_not_found")
    (Path(student.settings.work_dir) / "ps2").mkdir()
    (result,) = run(submit, student, "ps2")
    assert (result.state, result.code) == ("failed", "assignment_not_found")
    assert inbound(student) == []


def test_submit_too_much(student: Course, own: Path) -> None:
    with (own / "huge.bin").open("wb") as file:
        file.truncate(150_000_000)
    (result,) = run(submit, student)
    assert result.state == "failed"
    assert "too big" in result.message
    assert "large files" in result.remedy
    assert inbound(student) == []


def test_submit_into_a_full_exchange(course: Course, student: Course, small_disk: Path) -> None:
    for folder in (Path(course.settings.root or ""), Path(student.settings.work_dir)):
        config = folder / "nbgrader_config.py"
        config.write_text(config.read_text() + f"\nc.Exchange.root = {str(small_disk)!r}\n")
    course = open_course(Path(course.settings.root or ""))
    student = open_course(None, work_dir=Path(student.settings.work_dir), course_id="course101")
    run(release_assignment, course)
    run(fetch_assignment, student)
    own = Path(student.settings.work_dir) / "ps1"
    (own / "data.bin").write_bytes(os.urandom(3_000_000))
    (result,) = run(submit, student)
    assert (result.state, result.code) == ("failed", "exchange_broken")
    assert "full" in result.message
    assert inbound(student) == []
    assert only(student).submissions == []
    assert read_receipts(student.settings, "ps1") == []
    remount(small_disk, "size=8m")
    assert run(submit, student)[0].state == "done"
    assert len(inbound(student)) == 1


# --- feedback --------------------------------------------------------------------


def test_feedback_round(course: Course, student: Course, own: Path) -> None:
    run(submit, student)
    (result,) = run(fetch_feedback, student)
    assert (result.state, result.remedy != "") == ("failed", True)
    give_feedback(course)
    (result,) = run(release_feedback, course)
    assert (result.state, result.message) == ("done", "2 pages released.")
    assert run(release_feedback, course) != []  # the pages' time is in the future
    assert only(student).submissions[0].feedback == "available"
    assert only(student).state == "graded"
    (result,) = run(fetch_feedback, student)
    assert result.state == "done"
    assert result.message.startswith("Fetched 2 files into ps1/feedback/")
    (submission,) = only(student).submissions
    assert submission.feedback == "fetched"
    assert [Path(p).name for p in submission.feedback_paths] == ["problem1.html", "problem2.html"]
    assert all(
        (Path(student.settings.work_dir) / p).read_text() == "<p>good</p>" for p in submission.feedback_paths
    )
    (result,) = run(fetch_feedback, student)
    assert (result.state, result.code) == ("skipped", "already_fetched")


def test_feedback_updated_keeps_the_students_notes(course: Course, student: Course, own: Path) -> None:
    run(submit, student)
    give_feedback(course)
    run(release_feedback, course)
    run(fetch_feedback, student)
    (folder,) = (own / "feedback").iterdir()
    (folder / "notes.txt").write_text("mine")
    give_feedback(course, "<p>better</p>")
    run(release_feedback, course)
    assert only(student).submissions[0].feedback == "updated"
    run(fetch_feedback, student)
    assert (folder / "problem1.html").read_text() == "<p>better</p>"
    assert (folder / "notes.txt").read_text() == "mine"
    kept = list((student.settings.state_dir / "backups").rglob("problem1.html"))
    assert [p.read_text() for p in kept] == ["<p>good</p>"]


def test_remaining_feedback_is_what_is_newer(course: Course, student: Course, own: Path) -> None:
    run(submit, student)
    folder = give_feedback(course)
    past = (datetime.now() - timedelta(hours=1)).timestamp()
    for page in folder.glob("*.html"):
        os.utime(page, (past, past))
    assert len(run(release_feedback, course)) == 1
    assert run(release_feedback, course) == []
    assert len(run(release_feedback, course, scope="all")) == 1


def test_one_student_without_secret_does_not_stop_the_others(
    course: Course, student: Course, own: Path
) -> None:
    run(submit, student)
    user = student.settings.username
    folder = give_feedback(course)
    (folder / "submission_secret.txt").unlink()
    for name in ("aaa", "zzz"):
        other = course.settings.path("feedback", name, "ps1")
        other.mkdir(parents=True)
        (other / "problem1.html").write_text("x")
    course.settings.path("submitted", "zzz", "ps1").mkdir(parents=True)
    (course.settings.path("submitted", "zzz", "ps1") / "submission_secret.txt").write_text("z" * 128)
    (course.settings.path("feedback", "empty", "ps1")).mkdir(parents=True)
    results = {r.item: r for r in run(release_feedback, course, scope="all")}
    assert {k: r.state for k, r in results.items()} == {
        "aaa": "failed",
        user: "done",
        "zzz": "done",
        "empty": "failed",
    }
    assert "submission_secret.txt" in results["aaa"].message
    assert results["aaa"].remedy
    published = Path(course.settings.exchange_root) / "course101" / "feedback"
    assert (published / f"{feedback_hash(b'z' * 128, 'problem1')}.html").read_text() == "x"
    assert stat.S_IMODE(published.stat().st_mode) == 0o711
    # found in what was collected, and the student finds it
    assert only(student).submissions[0].feedback == "available"


def test_secret_is_found_in_the_exchange(course: Course, student: Course, own: Path) -> None:
    run(submit, student)
    folder = give_feedback(course)
    (folder / "submission_secret.txt").unlink()
    (course.settings.path("submitted", student.settings.username, "ps1") / "submission_secret.txt").unlink()
    assert run(release_feedback, course)[0].state == "done"
    assert only(student).submissions[0].feedback == "available"


# --- names of feedback -------------------------------------------------------------


def test_notebook_hash_is_nbgraders(tmp_path: Path) -> None:
    assert feedback_hash(b"s", "Übung") == utils.notebook_hash(secret="s", notebook_id="Übung")
    path = tmp_path / "p.ipynb"
    path.write_bytes(b"{}\xff")
    key = utils.make_unique_key("c", "a", "n", "s", "t")
    assert legacy_hashes(path, key) == [utils.notebook_hash(str(path), key), utils.notebook_hash(str(path))]


def test_page_agrees_with_nbgraders_list(course: Course, student: Course, own: Path) -> None:
    from nbgrader.exchange import default

    run(submit, student)
    give_feedback(course)
    run(release_feedback, course)
    for verb in (None, fetch_feedback):
        if verb:
            run(verb, student)
        listed = default.ExchangeList(
            coursedir=student.coursedir(assignment_id="ps1"),
            authenticator=student.authenticator(),
            config=student.config,
            cached=True,
            assignment_dir=student.settings.work_dir,
        ).start()
        (info,) = listed[0]["submissions"]
        expected = "fetched" if info["has_local_feedback"] else "available"
        assert info["has_exchange_feedback"]
        assert only(student).submissions[0].feedback == expected


def test_feedback_without_secret_is_found_by_legacy_names(course: Course, student: Course, own: Path) -> None:
    run(submit, student)
    (cached,) = (Path(student.settings.exchange_cache) / "course101").iterdir()
    (cached / "submission_secret.txt").unlink()
    published = Path(student.settings.exchange_root) / "course101" / "feedback"
    published.mkdir()
    user, stamp = student.settings.username, cached.name.rsplit("+", 1)[1]
    key = utils.make_unique_key("course101", "ps1", "problem1", user, stamp)
    (published / f"{utils.notebook_hash(str(cached / 'problem1.ipynb'), key)}.html").write_text("old")
    assert only(student).submissions[0].feedback == "available"
    run(fetch_feedback, student)
    assert only(student).submissions[0].feedback == "fetched"
    assert filecmp.cmp(
        next((own / "feedback").rglob("problem1.html")), next(published.iterdir()), shallow=False
    )


def test_path_includes_course(course: Course, student: Course) -> None:
    run(release_assignment, course)
    home = Path(student.settings.work_dir)
    (home / "nbgrader_config.py").write_text(
        (home / "nbgrader_config.py").read_text() + "\nc.Exchange.path_includes_course = True\n"
    )
    student = open_course(None, work_dir=home, course_id="course101")
    run(fetch_assignment, student)
    assert (home / "course101" / "ps1" / "problem1.ipynb").is_file()
    run(submit, student)
    give_feedback(course)
    run(release_feedback, course)
    run(fetch_feedback, student)
    assert only(student).submissions[0].feedback == "fetched"
    assert only(student).server_path == "course101/ps1"


def test_the_servers_part_imports_no_nbgrader() -> None:
    code = "import sys, hubgrade_ext.exchange.student_page, hubgrade_ext.exchange.receipts\n"
    code += "assert not [m for m in sys.modules if m.split('.')[0] in ('nbgrader', 'nbconvert', 'traitlets')]"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
