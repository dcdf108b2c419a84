"""Writing as root where others may have put a link, and when the disk refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hubgrade_ext.actions import set_up
from hubgrade_ext.actions.set_up import SetUpFailed, make_accounts, write_plan
from hubgrade_ext.core.errors import Conflict
from hubgrade_ext.hub.setup.artifacts import Artifact, FileArtifact, FolderArtifact, own
from hubgrade_ext.hub.setup.plan import plan_items

COURSE_FILE = FileArtifact("/course/nbgrader_config.py", "c = get_config()\n", 0o644, policy="once")


def write(prefix: Path, *artifacts: Artifact) -> list[str]:
    return write_plan(list(artifacts), plan_items(list(artifacts), prefix), "/backups", prefix).paths


def test_a_link_that_others_may_have_put_is_not_followed(tmp_path: Path) -> None:
    for open_folder, followed in ((True, False), (False, True)):
        prefix = tmp_path / str(open_folder)
        (prefix / "elsewhere").mkdir(parents=True)
        (prefix / "course").symlink_to("elsewhere")
        prefix.chmod(0o777 if open_folder else 0o755)
        if followed:
            assert write(prefix, COURSE_FILE) == [COURSE_FILE.path]
        else:
            with pytest.raises(Conflict, match="is a link"):
                write(prefix, COURSE_FILE)
        assert (prefix / "elsewhere/nbgrader_config.py").exists() is followed


def test_a_link_in_a_files_place_is_replaced_or_refused_and_never_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "ours.conf").symlink_to(victim)
    wanted: list[Artifact] = [own("/etc/ours.conf", "new\n")]
    items = plan_items(wanted, tmp_path)
    assert items[0].action == "refuse"
    with pytest.raises(Conflict):
        write_plan(wanted, items, "/backups", tmp_path)
    # the link came after the plan was made
    (folder / "ours.conf").unlink()
    items = plan_items(wanted, tmp_path)
    (folder / "ours.conf").symlink_to(victim)
    write_plan(wanted, items, "/backups", tmp_path)
    assert victim.read_text() == "precious"
    assert not (folder / "ours.conf").is_symlink()


def test_a_folder_that_became_a_link_after_the_plan_is_left_alone(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir(0o755)
    wanted: list[Artifact] = [FolderArtifact("/exchange", 0o1777)]
    items = plan_items(wanted, tmp_path)
    (tmp_path / "exchange").symlink_to(victim)
    with pytest.raises(SetUpFailed):
        write_plan(wanted, items, "/backups", tmp_path)
    assert victim.stat().st_mode & 0o7777 == 0o755


def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert write(tmp_path, own("/etc/ours.conf", "old\n")) == ["/etc/ours.conf"]
    before = (tmp_path / "etc/ours.conf").read_text()

    def full(file: int, data: bytes) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(SetUpFailed, match="full"):
        write(tmp_path, own("/etc/ours.conf", "new\n"))
    monkeypatch.undo()
    assert [p.name for p in (tmp_path / "etc").iterdir()] == ["ours.conf"]
    assert (tmp_path / "etc/ours.conf").read_text() == before


def test_a_secret_is_made_once_and_only_its_rights_are_mended(tmp_path: Path) -> None:
    secret = FileArtifact("/etc/secrets.env", "", 0o600, policy="secret")
    write(tmp_path, secret)
    file = tmp_path / "etc/secrets.env"
    made = file.read_text()
    assert made.startswith("CONFIGPROXY_AUTH_TOKEN=")
    file.chmod(0o644)
    (item,) = plan_items([secret], tmp_path)
    assert (item.action, item.diff) == ("adjust", "")
    write(tmp_path, secret)
    assert (file.read_text(), file.stat().st_mode & 0o777) == (made, 0o600)


def test_modes_do_not_depend_on_the_umask_of_who_writes(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(tmp_path, FolderArtifact("/srv/nbgrader/exchange", 0o1777), own("/etc/jupyter/x.py", "x = 1\n"))
    finally:
        os.umask(before)
    modes = {str(p.relative_to(tmp_path)): p.stat().st_mode & 0o7777 for p in tmp_path.rglob("*")}
    assert modes.pop("srv/nbgrader/exchange") == 0o1777
    assert modes.pop("etc/jupyter/x.py") == 0o644
    assert set(modes.values()) == {0o755}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_owners_are_set_and_a_missing_account_is_waited_for(tmp_path: Path) -> None:
    # no prefix: owners are this machine's
    folder = FolderArtifact(str(tmp_path / "course"), 0o700, "nobody")
    file = FileArtifact(str(tmp_path / "course/nbgrader_config.py"), "x\n", 0o644, "nobody", "once")
    absent = FolderArtifact(str(tmp_path / "absent"), 0o700, "hubgrade-no-such-account")
    wanted: list[Artifact] = [folder, file, absent]
    assert [item.action for item in plan_items(wanted)] == ["create", "create", "wait"]
    write_plan(wanted, plan_items(wanted), str(tmp_path / "backups"), Path("/"))
    assert [(tmp_path / name).stat().st_uid for name in ("course", "course/nbgrader_config.py")] == [
        65534
    ] * 2
    assert not (tmp_path / "absent").exists()
    os.chown(tmp_path / "course", 0, 0)
    assert [(i.action, i.was) for i in plan_items(wanted[:2])] == [("adjust", "0700 root"), ("none", "")]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("#!/bin/sh\nexec sleep 60\n", "did not end within"),
        ("#!/bin/sh\necho no room >&2\nexit 1\n", "no room"),
        ("#!/nowhere/sh\n", "cannot be run"),
    ],
)
def test_accounts_that_cannot_be_made_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    (tmp_path / "systemd-sysusers").write_text(program)
    (tmp_path / "systemd-sysusers").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(set_up, "SYSUSERS_TIMEOUT_S", 1 if "sleep" in program else 30)
    with pytest.raises(SetUpFailed, match=said) as refused:
        make_accounts("/etc/sysusers.d/courses.conf")
    assert "useradd" in refused.value.remedy
