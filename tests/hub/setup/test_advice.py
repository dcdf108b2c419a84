"""What remains for the administrator, as a function of what changes."""

from __future__ import annotations

from typing import Literal

import pytest

from hubgrade_ext.hub.setup.advice import commands, notes
from hubgrade_ext.hub.setup.plan import PlannedItem
from hubgrade_ext.hub.setup.site import Course, Site
from hubgrade_ext.hub.setup.site_rules import check_site

SITE = check_site(Site(courses={"bio101": Course("bio101", instructors=("ada",), students=("carol",))}))
HUB, PROXY = "/etc/systemd/system/jupyterhub.service", "/etc/systemd/system/jupyterhub-proxy.service"
RELOAD, RESTART_HUB = "systemctl daemon-reload", "systemctl restart jupyterhub.service"
RESTART_PROXY = "systemctl restart jupyterhub-proxy.service"


def item(
    path: str, action: Literal["create", "change", "adjust", "wait"], owner: str = "root"
) -> PlannedItem:
    return PlannedItem(path, "file", action, "0644", owner)


@pytest.mark.parametrize(
    ("items", "wanted"),
    [
        ([], []),
        ([item("/etc/jupyter/nbgrader_config.py", "change")], []),
        ([item(str(SITE.piece), "change")], [RESTART_HUB]),
        ([item(HUB, "change")], [RELOAD, RESTART_HUB]),
        ([item(PROXY, "change")], [RELOAD, RESTART_PROXY, RESTART_HUB]),
        ([item(str(SITE.secrets_file), "create")], [RESTART_PROXY, RESTART_HUB]),
        ([item("/home/grader-bio101", "wait", "grader-bio101")], [RESTART_HUB]),
        ([item("/srv/nbgrader/exchange", "adjust")], []),
    ],
)
def test_commands_that_follow_a_change(items: list[PlannedItem], wanted: list[str]) -> None:
    assert commands(SITE, items) == wanted


def test_a_first_run_starts_both_units() -> None:
    told = commands(SITE, [item(HUB, "create"), item(PROXY, "create"), item(str(SITE.piece), "create")])
    assert told == [RELOAD, "systemctl enable --now jupyterhub-proxy.service jupyterhub.service"]


def test_programs_certificates_and_accounts_that_are_missing_are_named() -> None:
    site = check_site(
        Site(
            venv="/no/such/venv",
            tls_cert="/no/such/cert.pem",
            tls_key="/no/such/key.pem",
            domain="hub.example.org",
            cull_after_s=60,
            admins=("hubgrade-no-such-person",),
        )
    )
    told = "\n".join(notes(site, None))
    assert "/no/such/venv/bin/jupyterhub is missing" in told
    assert "npm install -g --prefix /no/such/venv configurable-http-proxy" in told
    assert "jupyterhub-idle-culler is missing" in told
    assert "subjectAltName=DNS:hub.example.org" in told
    assert "hubgrade-no-such-person" in told
    assert "travel readable" not in told


def test_a_hub_that_nobody_may_enter_and_one_without_tls_are_mentioned() -> None:
    told = "\n".join(notes(Site(), None))
    assert "Nobody may log in yet" in told
    assert "travel readable" in told
    behind = "\n".join(notes(check_site(Site(domain="a.org", tls_in_front=True, login="everyone")), None))
    assert "Nobody may log in yet" not in behind
    assert "travel readable" not in behind
