"""The files as their readers take them: JupyterHub's own loader, nbgrader's, systemd's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyterhub import scopes
from jupyterhub.app import JupyterHub
from msgspec import structs
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from hubgrade_ext.hub.setup.artifacts import MARK, Artifact, FileArtifact, FolderArtifact
from hubgrade_ext.hub.setup.everything import artifacts
from hubgrade_ext.hub.setup.site import Course, Site
from hubgrade_ext.hub.setup.site_rules import check_site

TWO = {
    "bio101": Course("bio101", instructors=("ada",), graders=("bob",), students=("carol", "dan")),
    "2015-fall-big_data": Course("2015-fall-big_data", instructors=("eve",)),
}
# with accounts that every machine has, and folders that are there
HERE = Path(__file__).parent
STARTABLE = {
    "bio101": structs.replace(TWO["bio101"], account="nobody", folder=str(HERE)),
    "2015-fall-big_data": structs.replace(
        TWO["2015-fall-big_data"], account="daemon", folder=str(HERE.parent / "migrate")
    ),
}


def site_in(folder: Path, **settings: object) -> Site:
    """A site whose places all lie in a folder."""
    return check_site(
        Site(
            config_dir=f"{folder}/etc",
            hub_dir="/var/lib/jupyterhub",
            venv=sys.prefix,
            proxy_command=sys.executable,
            **{"courses": STARTABLE, **settings},  # type: ignore[arg-type]
        )
    )


def files(site: Site) -> dict[str, FileArtifact]:
    return {Path(a.path).name: a for a in artifacts(site) if isinstance(a, FileArtifact)}


def load_hub(site: Site, before: str = "") -> Config:
    """Load the hub's configuration as JupyterHub does, from the administrator's own file."""
    written = files(site)
    folder = Path(site.config_dir)
    (folder / "hubgrade").mkdir(parents=True)
    (folder / "hubgrade/jupyterhub_courses.py").write_text(written["jupyterhub_courses.py"].text)
    (folder / "hubgrade/secrets.env").write_text("CONFIGPROXY_AUTH_TOKEN=x1y2\n")
    main = written["jupyterhub_config.py"].text.replace("# Your own", before + "# Your own")
    (folder / "jupyterhub_config.py").write_text(main)
    hub = JupyterHub()
    hub.load_config_file(str(folder / "jupyterhub_config.py"))
    return hub.config


def test_hub_loads_groups_roles_and_services(tmp_path: Path) -> None:
    site = site_in(tmp_path, admins=("root2",), cull_after_s=3600, domain="hub.example.org")
    config = load_hub(site)
    hub = JupyterHub(config=config)

    assert hub.load_groups["formgrade-bio101"] == {"users": ["ada", "bob", "nobody"]}
    assert hub.load_groups["nbgrader-bio101"] == {"users": ["ada", "carol", "dan"]}
    services = {service["name"]: service for service in hub.services}
    assert set(services) == {"bio101", "2015-fall-big_data", "hubgrade", "jupyterhub-idle-culler"}
    assert (services["bio101"]["user"], services["bio101"]["cwd"]) == ("nobody", str(HERE))
    assert len({service.get("url") for service in hub.services}) == 4
    assert hub.public_url == "http://hub.example.org:8000/"
    assert config.Authenticator.admin_users.to_dict()["update"] == {"root2"}
    assert config.ConfigurableHTTPProxy.auth_token == "x1y2"


def test_a_course_that_cannot_start_does_not_keep_the_hub_from_starting(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    no_folder = structs.replace(STARTABLE["2015-fall-big_data"], folder="/no/such/folder")
    courses = {"bio101": TWO["bio101"], "2015-fall-big_data": no_folder}
    hub = JupyterHub(config=load_hub(site_in(tmp_path, courses=courses, cull_after_s=60)))
    services = {service["name"] for service in hub.services}
    assert services == {"hubgrade", "jupyterhub-idle-culler"}
    # the hub refuses a role of a service that it does not have
    assert {s for role in hub.load_roles for s in role.get("services", [])} == services
    said = capfd.readouterr().err
    assert "bio101 is left out: there is no account grader-bio101" in said
    assert "2015-fall-big_data is left out: there is no folder /no/such/folder" in said


def test_roles_have_scopes_that_exist_and_none_that_reaches_further(tmp_path: Path) -> None:
    hub = JupyterHub(config=load_hub(site_in(tmp_path, cull_after_s=60)))
    roles = {role["name"]: role for role in hub.load_roles}
    for role in roles.values():
        scopes._check_scopes_exist(role["scopes"], who_for=role["name"])
    assert roles["formgrade-bio101"]["users"] == ["ada", "bob"]
    culler = set(roles.pop("jupyterhub-idle-culler")["scopes"])
    assert culler == {"list:users", "read:users:activity", "read:servers", "delete:servers"}
    for name, role in roles.items():
        for scope in role["scopes"]:
            limited = "!" in scope or scope in ("list:services", "read:services", "read:hub")
            assert limited, (name, scope)
            assert not scope.startswith(("admin:", "proxy", "inherit", "tokens", "shutdown")), (name, scope)
    others = {
        s for s in roles["formgrade-bio101"]["scopes"] + roles["service-bio101"]["scopes"] if "big_data" in s
    }
    assert not others


def test_what_the_administrators_own_file_says_stays(tmp_path: Path) -> None:
    own = (
        'c.JupyterHub.services = [{"name": "mine", "api_token": "0123456789abcdef"}]\n'
        'c.JupyterHub.load_groups = {"staff": {"users": ["zoe"]}}\n'
        'c.Authenticator.allowed_users = {"zoe"}\n'
        'c.Spawner.environment = {"TZ": "UTC"}\n'
    )
    config = load_hub(site_in(tmp_path), own)
    hub = JupyterHub(config=config)
    assert {"mine", "bio101"} <= {service["name"] for service in hub.services}
    assert {"staff", "nbgrader-bio101"} <= set(hub.load_groups)
    assert config.Authenticator.allowed_users == {"zoe", "ada", "bob", "carol", "dan", "eve"}
    assert set(config.Spawner.environment) == {"TZ", "PATH"}


def test_students_get_no_formgrader_and_teachers_do(tmp_path: Path) -> None:
    hook = load_hub(site_in(tmp_path)).Spawner.pre_spawn_hook

    def arguments_of(*groups: str) -> list[str]:
        user = SimpleNamespace(groups=[SimpleNamespace(name=name) for name in groups])
        spawner = SimpleNamespace(user=user, args=["--mine"])
        hook(spawner)
        hook(spawner)
        return spawner.args

    assert arguments_of("nbgrader-bio101", "formgrade-bio101") == ["--mine"]
    off = "--ServerApp.jpserver_extensions=nbgrader.server_extensions."
    assert arguments_of("nbgrader-bio101") == ["--mine", f"{off}formgrader=False", f"{off}course_list=False"]
    assert len(arguments_of()) == 3


def test_everyone_with_an_account_may_log_in_when_that_was_asked_for(tmp_path: Path) -> None:
    config = load_hub(site_in(tmp_path, login="everyone"))
    assert config.Authenticator.allow_all is True
    assert "allowed_users" not in config.Authenticator


def test_a_web_server_in_front_finds_the_proxy_on_loopback_only(tmp_path: Path) -> None:
    site = site_in(tmp_path, domain="hub.example.org", tls_in_front=True)
    hub = JupyterHub(config=load_hub(site))
    assert (hub.bind_url, hub.public_url) == ("http://127.0.0.1:8000/", "https://hub.example.org/")
    assert "--ip=127.0.0.1" in files(site)["jupyterhub-proxy.service"].text


def test_a_path_in_front_of_everything_is_known_to_hub_and_proxy(tmp_path: Path) -> None:
    site = site_in(tmp_path, domain="hub.example.org", base_url="/jhub/", port=8080)
    hub = JupyterHub(config=load_hub(site))
    assert (hub.bind_url, hub.public_url) == ("http://:8080/jhub/", "http://hub.example.org:8080/jhub/")
    assert (
        f"--error-target=http://127.0.0.1:{site.hub_port}/jhub/hub/error"
        in files(site)["jupyterhub-proxy.service"].text
    )


def load_nbgrader(file: FileArtifact, folder: Path) -> Config:
    (folder / "nbgrader_config.py").write_text(file.text)
    return PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()


def test_nbgrader_is_told_the_only_course_and_none_of_several(tmp_path: Path) -> None:
    several = load_nbgrader(files(site_in(tmp_path, courses=TWO))["nbgrader_config.py"], tmp_path)
    one = check_site(Site(courses={"bio101": TWO["bio101"]}))
    (everybody,) = [a for a in artifacts(one) if a.path == "/etc/jupyter/nbgrader_config.py"]
    assert isinstance(everybody, FileArtifact)
    config = load_nbgrader(everybody, tmp_path)
    assert config.CourseDirectory.course_id == "bio101"
    assert config.Exchange == Config(root="/srv/nbgrader/exchange", path_includes_course=True)
    assert config.Authenticator.plugin_class.__name__ == "JupyterHubAuthPlugin"
    assert several.CourseDirectory.root.startswith("/home/grader-")


@pytest.mark.parametrize("tls", [False, True])
def test_systemd_accepts_the_units(tmp_path: Path, tls: bool) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (apt-get install systemd)")
    keys = {"tls_cert": "/etc/ssl/hub.pem", "tls_key": "/etc/ssl/hub.key"} if tls else {}
    written = files(site_in(tmp_path, **keys))
    units = [tmp_path / name for name in ("jupyterhub.service", "jupyterhub-proxy.service")]
    for unit in units:
        unit.write_text(written[unit.name].text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if "jupyterhub" in line]
    assert (done.returncode, said) == (0, []), done.stderr
    assert ("LoadCredential=key.pem:/etc/ssl/hub.key" in units[1].read_text()) is tls


def test_systemd_accepts_the_lists_of_accounts_and_folders(tmp_path: Path) -> None:
    if shutil.which("systemd-sysusers") is None:
        pytest.skip("systemd-sysusers is not installed (apt-get install systemd)")
    lists = [a for a in artifacts(site_in(tmp_path, courses=TWO)) if a.path.endswith("/hubgrade.conf")]
    for artifact in lists:
        assert isinstance(artifact, FileArtifact)
        place = tmp_path / "machine" / artifact.path.lstrip("/")
        place.parent.mkdir(parents=True)
        place.write_text(artifact.text)
    machine = tmp_path / "machine"
    for program in ("systemd-sysusers", "systemd-tmpfiles"):
        extra = ["--create"] if program == "systemd-tmpfiles" else []
        command = [program, f"--root={machine}", *extra, "hubgrade.conf"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert "grader-bio101:" in (machine / "etc/passwd").read_text()
    assert (machine / "srv/nbgrader/exchange").stat().st_mode & 0o7777 == 0o1777
    assert (machine / "home/grader-bio101/bio101").stat().st_mode & 0o7777 == 0o700


def test_no_file_but_the_secret_one_holds_a_secret_and_all_of_ours_say_so(tmp_path: Path) -> None:
    everything: list[Artifact] = artifacts(site_in(tmp_path, domain="hub.example.org"))
    secrets = [a for a in everything if isinstance(a, FileArtifact) and a.policy == "secret"]
    assert [(a.mode, a.owner, a.text) for a in secrets] == [(0o600, "root", "")]
    ours = [a for a in everything if isinstance(a, FileArtifact) and a.policy == "own"]
    assert len(ours) == 7
    assert all(a.text.startswith(MARK) for a in ours)
    exchange = next(a for a in everything if a.path == "/srv/nbgrader/exchange")
    assert isinstance(exchange, FolderArtifact)
    assert (exchange.mode, exchange.owner) == (0o1777, "root")
    state = next(a for a in ours if a.path.endswith("site.toml"))
    assert set(tomllib.loads(state.text)["courses"]) == set(TWO)
