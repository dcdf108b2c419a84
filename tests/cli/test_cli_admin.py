"""`hubgrade admin …` as a program, below a folder that stands for the machine."""

from __future__ import annotations

import functools
import os
import pty
import select
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Hubgrade = Callable[..., Any]
PIECE = "etc/jupyterhub/hubgrade/jupyterhub_courses.py"
OLD_NBGRADER = """\
c = get_config()
c.NbGrader.course_id = "2015-fall-big_data"
c.TransferApp.exchange_directory = "/srv/nbgrader/exchange"
c.HubAuth.graders = [ 'jonathanmorgan', 'instructor' ]
c.HubAuth.hub_db = "/srv/jupyterhub/jupyterhub.sqlite"
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    folder = tmp_path / "machine"
    folder.mkdir()
    return folder


@pytest.fixture
def admin(hubgrade: Hubgrade, machine: Path) -> Hubgrade:
    """Return a function that runs `hubgrade admin …` on the machine."""

    def run(*arguments: str | Path) -> Any:
        return hubgrade("admin", *arguments, "--root", machine)

    return run


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


def test_plan_writes_nothing_and_apply_writes_it_all_once(admin: Hubgrade, machine: Path) -> None:
    planned = admin("site", "--domain", "hub.example.org")
    assert planned.status == 1
    assert '+c.Exchange.root = "/srv/nbgrader/exchange"' in planned.out
    assert "systemctl enable --now jupyterhub-proxy.service jupyterhub.service" in planned.out
    assert not list(machine.iterdir())

    applied = admin("site", "--domain", "hub.example.org", "--apply", "--json")
    assert applied.status == 0
    assert set(applied.json["written"]) == {item["path"] for item in applied.json["items"]}
    modes = {path: mode & 0o7777 for path, (mode, _) in tree(machine).items()}
    assert modes["etc/jupyterhub/hubgrade"] == 0o700
    assert modes["etc/jupyterhub/hubgrade/secrets.env"] == 0o600
    assert modes["etc/jupyter/nbgrader_config.py"] == 0o644
    assert modes["srv/nbgrader/exchange"] == 0o1777
    assert modes["var/lib/jupyterhub"] == 0o700
    token = (machine / "etc/jupyterhub/hubgrade/secrets.env").read_text().partition("=")[2].strip()
    assert len(token) == 64
    assert token not in planned.out + applied.out + applied.err

    before = tree(machine)
    again = admin("site", "--apply")
    assert (again.status, tree(machine)) == (0, before)
    assert "as they should be" in again.out


def test_courses_gather_and_are_listed_and_who_leaves_is_seen(admin: Hubgrade, machine: Path) -> None:
    roster = machine.parent / "roster.txt"
    roster.write_text("carol  # third term\ndan\n\n")
    assert admin("site", "--apply").status == 0
    first = admin("course", "bio101", "--instructors", "ada", "--students", f"@{roster}", "--apply")
    assert first.status == 0, first.err
    second = admin("course", "chem", "--instructors", "eve,ada", "--graders", "bob", "--apply")
    assert second.status == 0, second.err
    listed = admin("course", "--json").json["courses"]
    assert [(c["course_id"], c["students"], c["port"]) for c in listed] == [
        ("bio101", ["carol", "dan"], 9100),
        ("chem", [], 9101),
    ]
    assert (machine / "home/grader-chem/chem/nbgrader_config.py").is_file()

    before = tree(machine)
    left = admin("course", "bio101", "--students", "dan")
    assert left.status == 1
    assert '-    "carol",' in left.out
    assert "carol leaves bio101." in left.out
    assert "Admin › Groups remove carol from formgrade-bio101 and nbgrader-bio101" in left.out
    assert tree(machine) == before

    gone = admin("course", "bio101", "--remove", "--apply")
    assert gone.status == 0
    assert "bio101" not in (machine / PIECE).read_text()
    assert (machine / "home/grader-bio101/bio101/nbgrader_config.py").is_file()


def test_drift_is_shown_and_mended_with_a_backup(admin: Hubgrade, machine: Path) -> None:
    assert admin("site", "--apply").status == 0
    piece = machine / PIECE
    edited = piece.read_text() + 'c.JupyterHub.mine_token = "hush"\n'
    piece.write_text(edited)
    (machine / "srv/nbgrader/exchange").chmod(0o777)

    seen = admin("site")
    assert seen.status == 1
    assert "-c.JupyterHub.mine_token" in seen.out
    assert "hush" not in seen.out
    assert "1777" in seen.out
    assert "was 0777" in seen.out

    mended = admin("site", "--apply", "--json").json
    kept = machine / mended["backup"].lstrip("/") / PIECE
    assert kept.read_text() == edited
    assert kept.stat().st_mode & 0o777 == 0o600
    assert (machine / "srv/nbgrader/exchange").stat().st_mode & 0o7777 == 0o1777
    assert admin("site").status == 0


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_hubgrade_did_not_write_stays_and_nothing_else_is_written(
    admin: Hubgrade, machine: Path, kind: str
) -> None:
    theirs = machine / "etc/jupyter/nbgrader_config.py"
    theirs.parent.mkdir(parents=True)
    elsewhere = machine / "elsewhere"
    elsewhere.write_text("c = get_config()\n")
    {
        "file": lambda: theirs.write_text("c = get_config()\n"),
        "link": lambda: theirs.symlink_to(elsewhere),
        "folder": lambda: theirs.mkdir(),
    }[kind]()
    before = tree(machine)
    planned = admin("site")
    assert planned.status == 2
    assert "REFUSED" in planned.out
    refused = admin("site", "--apply")
    assert refused.status == 2
    assert "nbgrader_config.py" in refused.err
    assert "move it away" in refused.err
    assert tree(machine) == before


def test_own_configuration_of_the_administrator_is_only_advised(admin: Hubgrade, machine: Path) -> None:
    main = machine / "etc/jupyterhub/jupyterhub_config.py"
    main.parent.mkdir(parents=True)
    mine = "c.Authenticator.allowed_users = ['zoe']\nc.Spawner.pre_spawn_hook = print\n"
    mine += 'c.JupyterHub.load_roles = [{"name": "server", "scopes": ["inherit"]}]\n'
    main.write_text(mine)
    applied = admin("site", "--apply")
    assert applied.status == 1
    assert main.read_text() == mine
    assert 'load_subconfig("/etc/jupyterhub/hubgrade/jupyterhub_courses.py")' in applied.out
    assert "sets a pre_spawn_hook" in applied.out
    assert "write a set" in applied.out
    assert "seems to define the role “server”" in applied.out
    main.write_text(mine + 'load_subconfig("/etc/jupyterhub/hubgrade/jupyterhub_courses.py")\n')
    assert admin("site").status == 0


def test_settings_come_from_a_file_and_options_go_before_it(admin: Hubgrade, machine: Path) -> None:
    asked = machine.parent / "asked.toml"
    asked.write_text(
        'domain = "hub.example.org"\nexchange = "/srv/x"\n[courses.bio101]\ninstructors = ["ada"]\n'
    )
    applied = admin("site", "--from", asked, "--exchange", "/srv/y", "--apply")
    assert applied.status == 0, applied.err
    kept = tomllib.loads((machine / "etc/jupyterhub/hubgrade/site.toml").read_text())
    assert (kept["domain"], kept["exchange"]) == ("hub.example.org", "/srv/y")
    assert kept["courses"]["bio101"]["instructors"] == ["ada"]
    assert (machine / "srv/y").is_dir()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["course", "bio101"], "hubgrade admin site"),
        (["site", "--exchange", "srv/x"], "not absolute"),
        (["site", "--tls-cert", "/etc/x.pem"], "--tls-key"),
        (["site", "--from", "nowhere.toml"], "nowhere.toml"),
        (["site", "--admins", "Ada"], "small letters"),
        (["site", "--apply", "--make-accounts"], "--root"),
        (["site", "--port", "x"], "invalid int value"),
        (["site", "--exchnge", "/x"], "--exchnge"),
        (["site", "--root", "nowhere"], "existing folder after --root"),
        (["site", "--from", "pipe"], "pipe is no plain file"),
        (["migrate-config", "nowhere.py"], "nowhere.py"),
        (["migrate-config", "pipe"], "pipe is no plain file"),
        (["migrate-config", "."], "is a folder"),
        (["migrate-config", "large.py"], "larger than 1 MiB"),
        (["migrate-config", "latin.py"], "not text in UTF-8"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_remedy(
    admin: Hubgrade, hubgrade: Hubgrade, machine: Path, arguments: list[str], said: str
) -> None:
    (machine.parent / "large.py").write_bytes(b"#" * (1 << 20) + b"#")
    (machine.parent / "latin.py").write_bytes("# Übung".encode("latin-1"))
    os.mkfifo(machine.parent / "pipe")
    on_machine = arguments[0] != "migrate-config" and "--root" not in arguments
    refused = (admin if on_machine else functools.partial(hubgrade, "admin"))(*arguments)
    assert refused.status == 2
    assert said in refused.err
    assert not list(machine.iterdir())


def test_a_course_that_cannot_be_meant_is_refused(admin: Hubgrade, machine: Path) -> None:
    assert admin("site", "--apply").status == 0
    assert admin("course", "chem", "--instructors", "ada", "--apply").status == 0
    before = tree(machine)
    for arguments, said in (
        (["bio101"], "--instructors NAME"),
        (["Bio 101", "--instructors", "ada"], "bio-101"),
        (["bio101", "--instructors", "ada lovelace;reboot"], "names people log in with"),
        (["bio101", "--instructors", "@nowhere"], "one name a line"),
        (["chme", "--remove"], "Did you mean chem?"),
    ):
        refused = admin("course", *arguments, "--apply")
        assert refused.status == 2
        assert said in refused.err
    assert tree(machine) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_is_not_root_is_told_what_needs_root() -> None:
    place = Path("/var/tmp") / f"hubgrade-not-root-{os.getpid()}"
    place.mkdir()
    place.chmod(0o777)
    try:
        setpriv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        command = [sys.executable, "-m", "hubgrade_ext.cli", "admin", "site", "--apply"]
        command += ["--config-dir", str(place / "etc")]
        environment = {"PATH": os.environ["PATH"], "HOME": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [*setpriv, *command], cwd=place, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2, done.stderr
        assert "Only root may write" in done.stderr
        assert "sudo" in done.stderr
        assert not list(place.iterdir())
    finally:
        shutil.rmtree(place)


def test_a_terminal_is_asked_for_what_is_missing(machine: Path) -> None:
    command = [sys.executable, "-m", "hubgrade_ext.cli", "admin", "site", "--root", str(machine), "--apply"]
    answers = {
        "database": "",
        "exchange": "srv/x",  # asked again, because it is not absolute
        "not absolute": "/srv/x",
        "Host name": "hub.example.org",
        "TLS certificate": "",
        "Administrators": "root2 root3",
    }
    said = converse(command, list(answers.items()))
    assert "Wrote" in said, said
    kept = tomllib.loads((machine / "etc/jupyterhub/hubgrade/site.toml").read_text())
    assert kept["exchange"] == "/srv/x"
    assert kept["admins"] == ["root2", "root3"]
    assert "tls_cert" not in kept

    command[4] = "course"
    command.append("bio101")
    people = [
        ("Instructors", "Ada"),
        ("small letters", "ada eve"),
        ("Graders", ""),
        ("Students", "carol,dan"),
    ]
    said = converse(command, people)
    assert "Wrote" in said, said
    kept = tomllib.loads((machine / "etc/jupyterhub/hubgrade/site.toml").read_text())["courses"]["bio101"]
    assert (kept["instructors"], kept["graders"]) == (["ada", "eve"], [])
    assert kept["students"] == ["carol", "dan"]


def converse(command: list[str], answers: list[tuple[str, str]]) -> str:
    """Run a program on a terminal, answer each question when it has come, and return all it said."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    said, deadline = "", time.monotonic() + 60
    seen = 0
    try:
        while time.monotonic() < deadline:
            if answers and answers[0][0] in said[seen:] and said.endswith(": "):
                seen = len(said)
                os.write(mine, f"{answers.pop(0)[1]}\n".encode())
            if select.select([mine], [], [], 0.2)[0]:
                try:
                    said += os.read(mine, 65536).decode()
                except OSError:
                    break
        assert process.wait(60) is not None
    finally:
        os.close(mine)
        if process.poll() is None:
            process.kill()
            process.wait()
    assert not answers, said
    return said


def test_a_file_of_2015_is_shown_as_todays_and_never_run(hubgrade: Hubgrade, tmp_path: Path) -> None:
    old = tmp_path / "nbgrader_config.py"
    old.write_text(OLD_NBGRADER + "open('ran', 'w')\n")
    shown = hubgrade("admin", "migrate-config", old)
    assert shown.status == 1
    assert '+c.CourseDirectory.course_id = "2015-fall-big_data"' in shown.out
    assert "hubgrade admin course 2015-fall-big_data --instructors jonathanmorgan instructor" in shown.out
    assert not (tmp_path / "ran").exists()

    new = tmp_path / "new.py"
    written = hubgrade("admin", "migrate-config", old, "--write", new)
    assert written.status == 0
    assert old.read_text().startswith(OLD_NBGRADER)
    again = hubgrade("admin", "migrate-config", new)
    assert (again.status, "nothing of 2015" in again.out) == (0, True)
    refused = hubgrade("admin", "migrate-config", old, "--write", new)
    assert refused.status == 2
    assert "is there already" in refused.err

    # as Windows' editors save it
    old.write_text(OLD_NBGRADER, encoding="utf-8-sig")
    assert hubgrade("admin", "migrate-config", old).status == 1
