"""What remains for the administrator: commands to run, and things to mind. Looks, and changes nothing."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

from hubgrade_ext.hub.setup.everything import loading_line
from hubgrade_ext.hub.setup.hub_services import CULLER
from hubgrade_ext.hub.setup.plan import PlannedItem, account_exists, on_disk
from hubgrade_ext.hub.setup.site import Course, Site
from hubgrade_ext.hub.setup.system_files import HUB_UNIT, PROXY_UNIT

SHOWN = 8


def commands(site: Site, items: list[PlannedItem]) -> list[str]:
    """Return what to run after the files are written, in this order."""
    actions = {item.path: item.action for item in items if item.action in ("create", "change")}
    hub, proxy = (f"{site.systemd_dir}/{unit}" for unit in (HUB_UNIT, PROXY_UNIT))
    found: list[str] = []
    if hub in actions or proxy in actions:
        found.append("systemctl daemon-reload")
    if actions.get(hub) == "create":
        return [*found, f"systemctl enable --now {PROXY_UNIT} {HUB_UNIT}"]
    restarted = [proxy] if proxy in actions or str(site.secrets_file) in actions else []
    if restarted:
        found.append(f"systemctl restart {PROXY_UNIT}")
    # a course whose account or folder was not there was left out
    courses = any(item.owner != "root" and item.action in ("create", "wait") for item in items)
    if restarted or courses or {hub, str(site.piece)} & set(actions):
        found.append(f"systemctl restart {HUB_UNIT}")
    return found


def notes(site: Site, before: Site | None, prefix: Path = Path("/")) -> list[str]:
    """Return what to mind, most important first; with a prefix, programs and accounts are not looked up."""
    line = missing_line(site, prefix)
    found = [f"Add this as the last line of {site.main_config}: {line}"] if line else []
    found += [*_left(site, before), *_main_config(site, prefix)]
    if prefix == Path("/"):
        found += [*_programs(site), *_certificate(site), *_people(site)]
    if site.login == "courses" and not (site.everyone or site.admins):
        found.append("Nobody may log in yet: add a course, or name --admins.")
    if not site.tls and not site.tls_in_front:
        found.append(
            "Without --tls-cert passwords travel readable: give a certificate, "
            "or let a web server in front end TLS (--tls-in-front)."
        )
    return found


def waiting(items: list[PlannedItem]) -> list[str]:
    """Return what an applied plan still waits for."""
    accounts = sorted({item.owner for item in items if item.action == "wait"})
    if not accounts:
        return []
    return [
        f"Not made yet, for want of the account {_listed(accounts)}: repeat the command with "
        "--make-accounts, or make the account by useradd and repeat it."
    ]


def missing_line(site: Site, prefix: Path = Path("/")) -> str:
    """Return the line that the administrator's own file lacks; '' when it has it, or does not exist yet."""
    tree = _read_main(site, prefix)
    if tree is None or any(
        isinstance(n, ast.Constant) and n.value == str(site.piece) for n in ast.walk(tree)
    ):
        return ""
    return loading_line(site)


def _left(site: Site, before: Site | None) -> list[str]:
    """Say who leaves which course, and what the hub keeps of them."""
    found: list[str] = []
    for course_id, old in (before.courses if before else {}).items():
        new = site.courses.get(course_id, Course(course_id))
        gone = {*old.teachers, *old.students} - {*new.teachers, *new.students}
        kept = sorted(gone | (set(old.teachers) - set(new.teachers)))
        if gone:
            found.append(f"{_listed(sorted(gone))} {'leaves' if len(gone) == 1 else 'leave'} {course_id}.")
        if kept:
            found.append(
                f"The hub takes nobody out of a group by itself: in its page Admin › Groups remove "
                f"{_listed(kept)} from formgrade-{course_id} and nbgrader-{course_id}."
            )
        if course_id not in site.courses:
            found.append(f"The folder {old.folder} and the account {old.account} stay; remove them by hand.")
    return found


def _read_main(site: Site, prefix: Path) -> ast.Module | None:
    """Return the administrator's own file, parsed and not run; None when there is none to read."""
    try:
        return ast.parse(on_disk(str(site.main_config), prefix).read_text())
    except OSError:
        return None
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _main_config(site: Site, prefix: Path) -> list[str]:
    """Say what in the administrator's own file gets in the way of ours."""
    found: list[str] = []
    for node in ast.walk(_read_main(site, prefix) or ast.Module([], [])):
        if isinstance(node, ast.Dict) and _is_server_role(node):
            found.append(
                f"{site.main_config} seems to define the role “server”, which {site.piece} does too, and the "
                f"hub refuses two: move its scopes, or take it out."
            )
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Attribute):
            continue
        name = node.targets[0].attr
        if name == "pre_spawn_hook":
            found.append(
                f"{site.main_config} sets a pre_spawn_hook, and one replaces the other: take the lines of "
                f"formgrader_for_teachers_only in {site.piece} into yours, and set it after load_subconfig."
            )
        elif name in ("allowed_users", "admin_users") and isinstance(node.value, ast.List):
            found.append(
                f"{site.main_config} has {name} as a list, to which nothing can be added: "
                f"write a set, {{…}} instead of […]."
            )
    return found


def _is_server_role(node: ast.Dict) -> bool:
    pairs = zip(node.keys, node.values, strict=True)
    constants = {
        k.value: v.value for k, v in pairs if isinstance(k, ast.Constant) and isinstance(v, ast.Constant)
    }
    return constants.get("name") == "server"


def _programs(site: Site) -> list[str]:
    hub, proxy = f"{site.venv}/bin/jupyterhub", site.chp
    found = [
        f"{program} is missing: {remedy}"
        for program, remedy in (
            (hub, f"{site.venv}/bin/pip install jupyterhub"),
            (proxy, f"npm install -g --prefix {site.venv} configurable-http-proxy"),
        )
        if shutil.which(program) is None
    ]
    if site.cull_after_s and not any(
        Path(site.venv).glob("lib/python*/site-packages/jupyterhub_idle_culler")
    ):
        found.append(f"{CULLER} is missing: {site.venv}/bin/pip install {CULLER}")
    return found


def _certificate(site: Site) -> list[str]:
    missing = [path for path in (site.tls_cert, site.tls_key) if path and not Path(path).is_file()]
    if not missing:
        return []
    return [
        f"{_listed(missing)} is not there: get a certificate, or make one for trying with openssl req -x509 "
        f"-newkey rsa:2048 -nodes -days 30 -subj /CN={site.domain or 'hub.example.org'} "
        f"-addext subjectAltName=DNS:{site.domain or 'hub.example.org'} "
        f"-keyout {site.tls_key} -out {site.tls_cert}"
    ]


def _people(site: Site) -> list[str]:
    absent = [name for name in (*site.everyone, *site.admins) if not account_exists(name)]
    if not absent:
        return []
    return [
        f"No account on this machine yet: {_listed(absent)} (adduser NAME), "
        "unless your authenticator makes them."
    ]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
