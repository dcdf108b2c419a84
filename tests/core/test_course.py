"""A course is opened as nbgrader itself would open it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from nbgrader.exchange.default import ExchangeCollect

from hubgrade_ext.core.course import describe_course, open_course
from hubgrade_ext.core.errors import ConfigBroken, CourseNotFound, Forbidden, InvalidName, InvalidRequest
from hubgrade_ext.core.stopping import Stopped

# what nbgrader's own command line has after it started in the course folder
NBGRADER = """
import json, sys
from nbgrader.apps import CollectApp as App
from nbgrader.exchange.default import Exchange
app = App()
app.initialize([])
exchange = Exchange(coursedir=app.coursedir, parent=app)
names = ['course_id', 'root', 'db_url', 'source_directory', 'release_directory', 'submitted_directory',
         'autograded_directory', 'feedback_directory', 'directory_structure', 'groupshared', 'ignore',
         'max_file_size', 'max_dir_size']
seen = {name: getattr(app.coursedir, name) for name in names}
seen.update(exchange_root=exchange.root, exchange_cache=exchange.cache,
            path_includes_course=exchange.path_includes_course)
print(json.dumps(seen))
"""

CONFIGS = {
    "nothing special": "",
    "old names": 'c.NbGrader.course_id = "old"\nc.TransferApp.exchange_directory = "/ex"\n'
    'c.NbGrader.source_directory = "src"\nc.BasicConfig.release_directory = "rel"\n'
    'c.BaseNbGraderApp.feedback_directory = "fb"\n',
    "exchange's course_id": 'c.Exchange.course_id = "chem"\n',
    "another structure": "c.CourseDirectory.directory_structure = "
    '"{student_id}/{nbgrader_step}/x{assignment_id}"\n'
    "c.CourseDirectory.groupshared = True\nc.CourseDirectory.max_dir_size = 7\n"
    "c.Exchange.path_includes_course = True\n",
    "another gradebook": 'c.CourseDirectory.db_url = "sqlite:////data/other.db"\n',
    "another ignore": 'c.CourseDirectory.ignore = ["*.tmp"]\n',
    "blanks": 'c.CourseDirectory.course_id = " padded "\n',
    "the current folder": "import os\nc.CourseDirectory.course_id = os.path.basename(os.getcwd())\n",
}


def _put_config(folder: Path, text: str, name: str = "nbgrader_config.py") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_settings_equal_nbgraders(make_course: Callable[..., Path], isolated_env: Path, config: str) -> None:
    own = isolated_env / "jupyter_config"
    _put_config(own, "c.CourseDirectory.max_file_size = 11\n")
    _put_config(
        own,
        '{"CourseDirectory": {"release_directory": "from json", "max_file_size": 12}}',
        "nbgrader_config.json",
    )
    _put_config(own, 'c.CourseDirectory.feedback_directory = "f"\n', "jupyter_config.py")
    root = make_course(config=config)
    command = [sys.executable, "-c", NBGRADER]
    theirs = json.loads(subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=True).stdout)
    settings = open_course(root).settings
    assert {name: getattr(settings, name) for name in theirs} == theirs


def test_the_users_root_stays_out_of_other_courses(
    make_course: Callable[..., Path], isolated_env: Path
) -> None:
    one, two = make_course("one"), make_course("two")
    _put_config(isolated_env / "jupyter_config", f"c.CourseDirectory.root = {str(one)!r}\n")
    settings = open_course(two).settings
    assert (settings.root, settings.course_id) == (str(two), "two")
    assert settings.db_url == f"sqlite:///{two}/gradebook.db"


def test_the_folders_own_root_is_followed(make_course: Callable[..., Path], tmp_path: Path) -> None:
    real = make_course("real")
    _put_config(tmp_path / "start", 'c.CourseDirectory.root = "../real"\n')
    settings = open_course(tmp_path / "start").settings
    assert (settings.root, settings.course_id) == (str(real), "real")


def test_relative_paths_become_absolute(make_course: Callable[..., Path]) -> None:
    root = make_course(config='c.Exchange.root = "ex"\nc.CourseDirectory.db_url = "sqlite:///grades/g.db"\n')
    course = open_course(root)
    assert course.settings.exchange_root == str(root / "ex")
    assert course.settings.db_url == f"sqlite:///{root}/grades/g.db"
    assert course.coursedir().db_url == course.settings.db_url


def test_objects_carry_the_configuration(course_dir: Path) -> None:
    course = open_course(course_dir)
    assert course.coursedir(assignment_id="ps1").assignment_id == "ps1"
    assert course.coursedir().root == str(course_dir)
    assert course.exchange_class("collect") is ExchangeCollect
    assert course.authenticator().has_access("anybody", "course101")
    assert course.settings.default_exchange


def test_a_plug_in_beside_the_course_is_used(make_course: Callable[..., Path]) -> None:
    root = make_course(config='c.ExchangeFactory.collect = "hubgrade_test_plugin.MyCollect"\n')
    (root / "hubgrade_test_plugin.py").write_text(
        "from nbgrader.exchange.default import ExchangeCollect\nclass MyCollect(ExchangeCollect): pass\n"
    )
    course = open_course(root)
    assert course.exchange_class("collect").__name__ == "MyCollect"
    assert not course.settings.default_exchange
    sys.path.remove(str(root))
    del sys.modules["hubgrade_test_plugin"]


def test_old_sections_of_single_commands_are_renamed(make_course: Callable[..., Path]) -> None:
    config = open_course(make_course(config="c.AutogradeApp.create_student = False\n")).config
    assert config.Autograde.create_student is False
    assert "AutogradeApp" not in config


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("c = get_config()\nx = (\n", 2, "never closed"),
        ("c = get_config()\n\nraise SystemExit(1)\n", 3, "ends the program"),
        ("import sys\nsys.exit()\n", 2, "ends the program"),
        ("raise BaseException('odd')\n", 1, "odd"),
        ("c.CourseDirectory.course_id = undefined\n", 1, "undefined"),
        ("import no_such_module_at_all\n", 1, "no_such_module_at_all"),
        ("def f():\n    1/0\n\nf()\n", 2, "division by zero"),
    ],
)
def test_a_broken_file_is_named_with_its_line(course_dir: Path, text: str, line: int, words: str) -> None:
    file = _put_config(course_dir, text)
    with pytest.raises(ConfigBroken, match=words) as caught:
        open_course(course_dir)
    assert f"{file}, line {line}," in caught.value.message
    assert f"line {line}" in caught.value.remedy


def test_a_job_that_is_stopped_while_it_reads_a_file_does_not_blame_the_file(course_dir: Path) -> None:
    _put_config(course_dir, "from hubgrade_ext.core.stopping import Stopped\nraise Stopped\n")
    with pytest.raises(Stopped):
        open_course(course_dir)


def test_broken_json_is_named(course_dir: Path) -> None:
    file = _put_config(course_dir, '{\n"CourseDirectory": {,}}', "nbgrader_config.json")
    with pytest.raises(ConfigBroken) as caught:
        open_course(course_dir)
    assert f"{file}, line 2," in caught.value.message


def test_a_users_broken_file_is_named_too(course_dir: Path, isolated_env: Path) -> None:
    file = _put_config(isolated_env / "jupyter_config", "1/0\n", "jupyter_config.py")
    with pytest.raises(ConfigBroken, match="division") as caught:
        open_course(course_dir)
    assert str(file) in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "c.CourseDirectory.course_id = 5\n",
        "c.CourseDirectory.ignore = 5\n",
        'c.Exchange.timestamp_format = "nonsense"\n',
        'c.ExchangeFactory.collect = "no.such.Plugin"\n',
        'c.ExchangeFactory.collect = "os.path.join"\n',
    ],
)
def test_a_value_that_nbgrader_refuses_is_named(make_course: Callable[..., Path], text: str) -> None:
    root = make_course(config="\n" + text)
    with pytest.raises(ConfigBroken) as caught:
        open_course(root)
    assert "Traceback" not in caught.value.message
    if "CourseDirectory" in text:
        assert f"{root}/nbgrader_config.py, line 8" in caught.value.message


def test_nothing_process_wide_changes(
    make_course: Callable[..., Path], isolated_env: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_course(config='print("hello")\nc.Application.log_level = 10\nc.NbGrader.course_id = "x"\n')
    shared = logging.getLogger("traitlets")
    before = (Path.cwd(), shared.level, list(shared.handlers), os.environ.copy(), list(sys.argv))
    open_course(root)
    assert (Path.cwd(), shared.level, list(shared.handlers), os.environ.copy(), list(sys.argv)) == before
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sorted(p.name for p in root.iterdir()) == ["nbgrader_config.py", "source"]
    from traitlets.config import Application

    assert not Application.initialized()


def test_a_deleted_current_folder_does_no_harm(course_dir: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert open_course(course_dir, work_dir=tmp_path).settings.root == str(course_dir)


def test_folders_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for missing in ("missing", "file", "a\0b"):
        with pytest.raises(CourseNotFound, match="no folder"):
            open_course(tmp_path / missing)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")
def test_a_folder_that_may_not_be_entered(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o600)
    with pytest.raises(Forbidden):
        open_course(tmp_path / "shut")


def test_a_students_course(isolated_env: Path, tmp_path: Path) -> None:
    config = 'c.Exchange.root = "/ex"\nc.Exchange.assignment_dir = "work"\n'
    _put_config(isolated_env / "jupyter_config", config)
    settings = open_course(None, work_dir=tmp_path, course_id="chem 202").settings
    assert (settings.root, settings.course_id, settings.exchange_root) == (None, "chem 202", "/ex")
    assert settings.work_dir == str(tmp_path / "work")
    assert settings.db_url == ""
    with pytest.raises(InvalidName):
        open_course(None, work_dir=tmp_path, course_id="../other")
    with pytest.raises(InvalidRequest, match="No course"):
        open_course(None, work_dir=tmp_path)
    _put_config(tmp_path, 'c.CourseDirectory.course_id = "configured"\n')
    assert open_course(None, work_dir=tmp_path).settings.course_id == "configured"


def test_two_courses_do_not_mix(make_course: Callable[..., Path]) -> None:
    one, two = make_course("one"), make_course("two")
    for _ in range(3):
        assert open_course(one).settings.course_id == "one"
        assert open_course(two).settings.course_id == "two"


def test_settings_alone_are_plain(course_dir: Path, tmp_path: Path) -> None:
    import msgspec

    settings = describe_course(str(course_dir), str(tmp_path), None)
    assert msgspec.json.decode(msgspec.json.encode(settings), type=type(settings)) == settings
    assert settings.work_dir == str(tmp_path)


def test_opening_is_quick(course_dir: Path) -> None:
    open_course(course_dir)
    started = time.process_time()
    for _ in range(5):
        open_course(course_dir)
    assert (time.process_time() - started) / 5 < 0.1


def test_a_configured_course_id_stays_in_the_exchange(make_course) -> None:
    root = make_course(config="c.CourseDirectory.course_id = '../evil'\n")
    with pytest.raises(InvalidName):
        open_course(root)
