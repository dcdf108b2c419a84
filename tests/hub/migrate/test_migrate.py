"""A configuration of 2015 as today's: what is renamed, dropped, kept, and refused."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from jupyterhub.app import JupyterHub
from nbgrader.apps import NbGraderApp
from traitlets.config.loader import PyFileConfigLoader

from hubgrade_ext.core.errors import InvalidRequest
from hubgrade_ext.hub.migrate.follow_up import follow_up
from hubgrade_ext.hub.migrate.rewrite import migrate

# the guide's own files, with its placeholders
GUIDES_NBGRADER = """\
c = get_config()

# nbgrader configuration
c.NbGrader.course_id = "2015-fall-big_data"
c.TransferApp.exchange_directory = "/srv/nbgrader/exchange"

#c.FormgradeApp.ip = "127.0.0.1" # use default
c.FormgradeApp.port = 9000
c.FormgradeApp.authenticator_class = "nbgrader.auth.hubauth.HubAuth"
c.HubAuth.hub_address = '<public_jupyterhub_domain_name_or_IP>'
c.HubAuth.notebook_url_prefix = "nbgrader/courses/2015-fall-big_data"
c.HubAuth.graders = [ 'jonathanmorgan', 'instructor' ]
c.HubAuth.generate_hubapi_token = True
c.HubAuth.hub_db = "<jupyterhub_home>/jupyterhub.sqlite"
c.NbGrader.db_assignments = [dict(name="ps1", duedate="2015-02-02 17:00:00 UTC")]
c.NbGrader.db_students = [
    dict(id="bitdiddle", first_name="Ben", last_name="Bit diddle"),
]
"""
GUIDES_HUB = """\
c = get_config()
c.JupyterHub.port = 16386
c.JupyterHub.ip = ''
c.JupyterHub.proxy_auth_token = 'a-very-secret-token'
c.Authenticator.admin_users = [ 'jonathanmorgan', 'instructor' ]
c.Authenticator.whitelist = [ 'jonathanmorgan', 'instructor' ]
c.JupyterHub.ssl_cert = './jupyterhub_cert.pem'
c.JupyterHub.ssl_key = './jupyterhub_key.pem'
c.JupyterHub.db_url = 'sqlite:///jupyterhub.sqlite'
c.JupyterHub.proxy_api_port = 8002
c.JupyterHub.proxy_cmd = ['/usr/bin/configurable-http-proxy']
"""


def test_guides_nbgrader_file_loads_without_a_word_about_old_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    migrated, settings = migrate(GUIDES_NBGRADER, "nbgrader_config.py")
    (tmp_path / "nbgrader_config.py").write_text(migrated.text)
    config = PyFileConfigLoader("nbgrader_config.py", path=str(tmp_path)).load_config()
    assert config == {
        "CourseDirectory": {"course_id": "2015-fall-big_data"},
        "Exchange": {"root": "/srv/nbgrader/exchange"},
    }
    NbGraderApp().update_config(config)
    assert "utdated" not in caplog.text
    assert "# nbgrader configuration\nc.CourseDirectory.course_id" in migrated.text
    assert '#c.FormgradeApp.ip = "127.0.0.1" # use default\n' in migrated.text
    assert {n.name for n in migrated.notes if "dropped" in n.told} == {
        *("FormgradeApp.port", "FormgradeApp.authenticator_class", "NbGrader.db_assignments"),
        *("HubAuth.hub_address", "HubAuth.notebook_url_prefix", "HubAuth.graders", "NbGrader.db_students"),
        *("HubAuth.generate_hubapi_token", "HubAuth.hub_db"),
    }
    assert follow_up(settings) == [
        "hubgrade admin site --exchange /srv/nbgrader/exchange",
        "hubgrade admin course 2015-fall-big_data --instructors jonathanmorgan instructor",
        "nbgrader db student add bitdiddle --first-name=Ben '--last-name=Bit diddle'",
        "nbgrader db assignment add ps1 '--duedate=2015-02-02 17:00:00 UTC'",
    ]


def test_guides_hub_file_loads_on_todays_hub(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    migrated, _ = migrate(GUIDES_HUB, "jupyterhub_config.py")
    (tmp_path / "jupyterhub_config.py").write_text(migrated.text)
    hub = JupyterHub()
    hub.load_config_file(str(tmp_path / "jupyterhub_config.py"))
    assert hub.config.Authenticator == {
        "admin_users": {"jonathanmorgan", "instructor"},
        "allowed_users": {"jonathanmorgan", "instructor"},
    }
    assert hub.config.ConfigurableHTTPProxy == {
        "api_url": "http://127.0.0.1:8002",
        "command": ["/usr/bin/configurable-http-proxy"],
    }
    assert (hub.port, hub.ssl_cert) == (16386, "./jupyterhub_cert.pem")
    assert "deprecated" not in caplog.text.lower()
    assert "a-very-secret-token" not in migrated.text
    kept = {n.name for n in migrated.notes if n.told.startswith("kept")}
    assert kept == {"JupyterHub.ssl_cert", "JupyterHub.ssl_key", "JupyterHub.db_url"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("c.PAMAuthenticator.whitelist.add('x')\n", "c.PAMAuthenticator.allowed_users.add('x')\n"),
        ("cfg.NbGrader.course_id = 'x'  # mine\n", "cfg.CourseDirectory.course_id = 'x'  # mine\n"),
        (
            "print('ä', c.NbGrader.course_id, c.NbGrader.db_url)\n",
            "print('ä', c.CourseDirectory.course_id, c.CourseDirectory.db_url)\n",
        ),
        ("c.AssignApp.x = 1\n", "c.GenerateAssignment.x = 1\n"),
        ("c.Authenticator.whitelist = {\n  'a',\n}\n", "c.Authenticator.allowed_users = {\n  'a',\n}\n"),
        ("c.Authenticator.whitelist = [\n  'a',\n]\n", "c.Authenticator.allowed_users = {\n  'a',\n}\n"),
        ("c.ClearSolutions.code_stub = 'é\"'\n", 'c.ClearSolutions.code_stub = {"python": "é\\""}\n'),
        ("import os\nos.path.join('a')\nx = 1\n", "import os\nos.path.join('a')\nx = 1\n"),
        ("c.CourseDirectory.course_id = 'x'\r\n", "c.CourseDirectory.course_id = 'x'\n"),
    ],
)
def test_what_stays_keeps_its_place_and_layout(old: str, new: str) -> None:
    assert new in migrate(old, "x.py")[0].text


def test_blocks_that_lose_their_only_line_stay_python() -> None:
    text = migrate("if True:\n    c.HubAuth.graders = [\n        'a',\n    ]\nelse:\n    x = 1\n", "x.py")[
        0
    ].text
    compile(text, "x.py", "exec")
    assert "    pass\nelse:" in text


@pytest.mark.parametrize(
    "old",
    [
        "c.HubAuth.hub_db = 'x'; y = 1\n",
        "if True: c.HubAuth.hub_db = 'x'\n",
        "y = c.HubAuth.hub_db\n",
        "y = [\n c.HubAuth.\n hub_db]\n",
    ],
)
def test_what_cannot_be_taken_out_safely_is_left_with_a_note(old: str) -> None:
    migrated, _ = migrate(old, "x.py")
    assert migrated.text == old
    (note,) = migrated.notes
    assert "by hand" in note.told


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("c.JupyterHub.port = 1\n", True),
        ("c.JupyterHub.port = 1\nc.Authenticator.whitelist = set()\n", True),
        ("c.JupyterHub.port = 1\nc.Authenticator.whitelist = ['a']\n", False),
        ("c.JupyterHub.port = 1\nc.Authenticator.allow_all = True\n", False),
        ("c.JupyterHub.port = 1\nc.Authenticator.whitelist = names()\n", False),
        ("c.NbGrader.course_id = 'x'\n", False),
    ],
)
def test_a_hub_that_let_everybody_in_still_does(text: str, added: bool) -> None:
    assert ("c.Authenticator.allow_all = True" in migrate(text, "x.py")[0].text.replace(text, "")) is added


@pytest.mark.parametrize("text", ["print 'x'\n", "c = \n", "\0", "def f(:\n"])
def test_what_is_not_python_3_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="Python 3"):
        migrate(text, "x.py")


@pytest.mark.parametrize("value", ["-" * 50000 + "1", "+".join(["1"] * 20000), "a" + ".b" * 20000])
def test_what_is_nested_too_deeply_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequest, match="too deeply"):
        migrate(f"c.X = {value}\n", "x.py")


def test_migrating_twice_changes_nothing_more() -> None:
    for old in (GUIDES_NBGRADER, GUIDES_HUB):
        once = migrate(old, "x.py")[0].text
        ast.parse(once)
        assert migrate(once, "x.py")[0].text == once
