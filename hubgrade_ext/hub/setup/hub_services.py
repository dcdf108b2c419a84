"""Groups, roles and services of a site, with the least scopes that work.

What each scope is for (tried on JupyterHub 5.5 and 6.1 with nbgrader 0.9.6):

read:users:groups!user      a user's server asks which courses the user is in
list:services, read:…       nbgrader's course list asks where a course's formgrader is
access:services!service=C   opens the course C
groups!group=nbgrader-C     the course's own service adds and removes students
read:groups!group=…-C       the service `hubgrade` tells the teachers of C who is in C

A role names its people itself: the hub takes nobody out of a group by configuration, but it does take
away a role, so who is removed from a course loses it with the hub's next start.
"""

from __future__ import annotations

from collections.abc import Sequence

from hubgrade_ext.hub.setup.python_text import WIDTH, Name, python_text
from hubgrade_ext.hub.setup.site import Course, Site

STANDARD_CONFIG_DIRS = ("/etc/jupyter", "/usr/local/etc/jupyter")
CULLER = "jupyterhub-idle-culler"
CHECKS = "hubgrade"


def services_text(site: Site) -> str:
    """Groups, roles and services; each course's together, so that a diff shows a course as one block."""
    lines = [_server_role(site)]
    if site.hub_checks:
        lines.append(_checks(site))
    if site.cull_after_s:
        lines.append(_culler(site))
    lines += [_course(site, course) for course in site.courses.values()]
    return "\n".join(lines)


def _server_role(site: Site) -> str:
    services = [*site.courses, *([CHECKS] if site.hub_checks else [])]
    scopes = ["users:activity!user", "access:servers!server"]
    scopes += ["read:users:groups!user", "read:users:name!user"]
    if services:
        scopes.append("list:services")
    for name in services:
        scopes += [f"read:services!service={name}", f"access:services!service={name}"]
    return _block(
        "What a notebook server's own token may do; it is never more than its user may.",
        roles=[{"name": "server", "scopes": scopes}],
    )


def _checks(site: Site) -> str:
    teachers = sorted({name for course in site.courses.values() for name in course.teachers})
    groups = [
        f"{scope}:groups!group={kind}-{course_id}"
        for course_id in site.courses
        for kind in ("formgrade", "nbgrader")
        for scope in ("list", "read")
    ]
    service = {
        "name": CHECKS,
        "url": f"http://127.0.0.1:{site.service_port - 1}",
        "command": [f"{site.venv}/bin/python", "-m", "hubgrade_ext.hub.service"],
        "user": "nobody",
        "cwd": "/",
        "oauth_no_confirm": True,
    }
    scopes = ["read:hub", "list:services", "read:services", *groups]
    opens = [f"access:services!service={CHECKS}"]
    return _block(
        "Shows teachers what is wrong with the hub, without its database and without any power over it.",
        roles=[{"name": "hubgrade-teachers", "users": teachers, "scopes": opens}],
    ) + _service(
        f'installed("{CHECKS}", "hubgrade_ext")',
        {"name": "service-hubgrade", "services": [CHECKS], "scopes": scopes},
        service,
    )


def _culler(site: Site) -> str:
    program = [f"{site.venv}/bin/python", "-m", "jupyterhub_idle_culler"]
    scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    return _block(
        "Stops servers that nobody uses; one in which a job of hubgrade runs counts as used."
    ) + _service(
        f'installed("{CULLER}", "jupyterhub_idle_culler")',
        {"name": CULLER, "services": [CULLER], "scopes": scopes},
        {"name": CULLER, "command": [*program, f"--timeout={site.cull_after_s}"]},
    )


def _course(site: Site, course: Course) -> str:
    name = course.course_id
    opens = [f"access:services!service={name}", "list:services", f"read:services!service={name}"]
    knows = [
        f"read:users:groups!user={course.account}",
        f"read:users:name!user={course.account}",
        f"list:groups!group=nbgrader-{name}",
        f"groups!group=nbgrader-{name}",
    ]
    return _block(
        f"The course {name}: a server of the account {course.account}, shared by who teaches it.",
        groups={
            f"formgrade-{name}": {"users": sorted((*course.teachers, course.account))},
            # instructors too: they may see what their students see
            f"nbgrader-{name}": {"users": sorted({*course.students, *course.instructors})},
        },
        roles=[{"name": f"formgrade-{name}", "users": sorted(course.teachers), "scopes": opens}],
    ) + _service(
        f'can_start("{name}", "{course.account}", "{course.folder}")',
        {"name": f"service-{name}", "services": [name], "scopes": knows},
        {
            "name": name,
            "url": f"http://127.0.0.1:{course.port}",
            "command": [f"{site.venv}/bin/jupyterhub-singleuser"],
            "user": course.account,
            "cwd": course.folder,
            "oauth_no_confirm": True,
            "environment": {"JUPYTERHUB_DEFAULT_URL": "/lab", **spawned_variables(site)},
        },
    )


def _block(comment: str, groups: dict[str, object] | None = None, roles: Sequence[object] = ()) -> str:
    lines = [f"# {comment}"]
    if groups:
        lines.append(call_text("c.JupyterHub.load_groups.update", groups))
    lines += [call_text("c.JupyterHub.load_roles.append", role) for role in roles]
    return "\n".join(lines) + "\n"


def _service(condition: str, role: object, service: dict[str, object]) -> str:
    """Return a service with the role of its own token; the hub refuses the role without the service."""
    patience = " | _patience" if "url" in service else ""
    return (
        f"if {condition}:\n"
        f"    {call_text('c.JupyterHub.load_roles.append', role, 4)}\n"
        f"    c.JupyterHub.services.append({python_text(service, 4)}{patience})\n"
    )


def call_text(function: str, argument: object, indent: int = 0) -> str:
    """Return a call, with its argument on lines of its own where the call would not fit into one."""
    text = python_text(argument, indent)
    if indent + len(function) + len(text) + 2 > WIDTH and "\n" not in text:
        text = python_text(argument, indent, WIDTH - len(function) - indent - 2)
    return f"{function}({text})"


def spawned_variables(site: Site) -> dict[str, str]:
    """Return the environment of every server that the hub starts."""
    found: dict[str, str] = {"PATH": Name("_path")}
    if site.jupyter_config_dir not in (*STANDARD_CONFIG_DIRS, f"{site.venv}/etc/jupyter"):
        found["JUPYTER_CONFIG_PATH"] = site.jupyter_config_dir
    return found
