"""The piece of `jupyterhub_config.py`: proxy, address, groups, roles with the least scopes, services, hook.

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

from hubgrade_ext.hub.setup.artifacts import FileArtifact, own
from hubgrade_ext.hub.setup.python_text import WIDTH, Name, python_text
from hubgrade_ext.hub.setup.site import Course, Site

STANDARD_CONFIG_DIRS = ("/etc/jupyter", "/usr/local/etc/jupyter")
CULLER = "jupyterhub-idle-culler"
CHECKS = "hubgrade"

_PROXY = """\
# The proxy is a unit of its own, so that people go on working while the hub restarts. Its token is
# read from a file that only root can read; nobody else ever needs it.
with open("{secrets}") as _secrets:
    _values = dict(_line.strip().split("=", 1) for _line in _secrets if "=" in _line)
c.ConfigurableHTTPProxy.auth_token = _values["CONFIGPROXY_AUTH_TOKEN"]
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{site.proxy_api_port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{site.hub_port}"
c.JupyterHub.cleanup_servers = False
c.JupyterHub.bind_url = "{scheme}://{site.public_ip}:{site.public_port}{site.base_url}"
c.JupyterHub.db_url = "sqlite:///{site.hub_dir}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "{site.hub_dir}/jupyterhub_cookie_secret"
"""

_TLS = """\
# The proxy's unit serves these; they stand here for the hub's own checks.
c.JupyterHub.ssl_cert = "{site.tls_cert}"
c.JupyterHub.ssl_key = "{site.tls_key}"
"""

_HOOK = """\
# nbgrader switches formgrader and course list on for everybody; who teaches nothing needs neither.
# A hook of your own would replace this one: call it from yours, or copy these lines.
def formgrader_for_teachers_only(spawner):
    if not any(group.name.startswith("formgrade-") for group in spawner.user.groups):
        for extension in ("formgrader", "course_list"):
            option = f"--ServerApp.jpserver_extensions=nbgrader.server_extensions.{extension}=False"
            if option not in spawner.args:
                spawner.args = [*spawner.args, option]


c.Spawner.pre_spawn_hook = formgrader_for_teachers_only
"""


def hub_piece(site: Site) -> FileArtifact:
    """Return the file that the administrator's own configuration loads; it holds no secret."""
    parts = [
        "# What each part is for: SETUP.md. Who is in which course: site.toml beside this file.\n"
        "c = get_config()  # noqa",
        _PROXY.format(site=site, secrets=str(site.secrets_file), scheme="https" if site.tls else "http"),
    ]
    if site.tls:
        parts.append(_TLS.format(site=site))
    if site.public_url:
        parts.append(f'c.JupyterHub.public_url = "{site.public_url}"\n')
    parts += [_login(site), _environment(site), _HOOK, _tables(site)]
    return own(str(site.piece), "\n".join(part.strip("\n") + "\n" for part in parts), 0o600)


def _login(site: Site) -> str:
    lines = ["# Who may log in."]
    if site.login == "everyone":
        lines.append("c.Authenticator.allow_all = True")
    else:
        lines.append(_call("c.Authenticator.allowed_users.update", list(site.everyone)))
        lines.append("# else whoever has logged in once may do so for ever")
        lines.append("c.Authenticator.allow_existing_users = False")
    if site.admins:
        lines.append(_call("c.Authenticator.admin_users.update", list(site.admins)))
    return "\n".join(lines)


def _environment(site: Site) -> str:
    lines = [
        "# The same programs for everybody, also for nbgrader's calls of alembic.",
        f'_path = "{site.venv}/bin:/usr/local/bin:/usr/bin:/bin"',
        f'c.Spawner.cmd = ["{site.venv}/bin/jupyterhub-singleuser"]',
        _call("c.Spawner.environment.update", _variables(site)),
    ]
    return "\n".join(lines)


def _variables(site: Site) -> dict[str, str]:
    found: dict[str, str] = {"PATH": Name("_path")}
    if site.jupyter_config_dir not in (*STANDARD_CONFIG_DIRS, f"{site.venv}/etc/jupyter"):
        found["JUPYTER_CONFIG_PATH"] = site.jupyter_config_dir
    return found


def _tables(site: Site) -> str:
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
    return _block(
        "Shows teachers what is wrong with the hub, without its database and without any power over it.",
        services=[service],
        roles=[
            {"name": "service-hubgrade", "services": [CHECKS], "scopes": scopes},
            {"name": "hubgrade-teachers", "users": teachers, "scopes": [f"access:services!service={CHECKS}"]},
        ],
    )


def _culler(site: Site) -> str:
    program = [f"{site.venv}/bin/python", "-m", "jupyterhub_idle_culler"]
    scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    return _block(
        "Stops servers that nobody uses; one in which a job of hubgrade runs counts as used.",
        services=[{"name": CULLER, "command": [*program, f"--timeout={site.cull_after_s}"]}],
        roles=[{"name": CULLER, "services": [CULLER], "scopes": scopes}],
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
        roles=[
            {"name": f"formgrade-{name}", "users": sorted(course.teachers), "scopes": opens},
            {"name": f"service-{name}", "services": [name], "scopes": knows},
        ],
        services=[
            {
                "name": name,
                "url": f"http://127.0.0.1:{course.port}",
                "command": [f"{site.venv}/bin/jupyterhub-singleuser"],
                "user": course.account,
                "cwd": course.folder,
                "oauth_no_confirm": True,
                "environment": {"JUPYTERHUB_DEFAULT_URL": "/lab", **_variables(site)},
            }
        ],
    )


def _block(
    comment: str,
    groups: dict[str, object] | None = None,
    roles: Sequence[object] = (),
    services: Sequence[object] = (),
) -> str:
    lines = [f"# {comment}"]
    if groups:
        lines.append(_call("c.JupyterHub.load_groups.update", groups))
    lines += [_call("c.JupyterHub.load_roles.append", role) for role in roles]
    lines += [_call("c.JupyterHub.services.append", service) for service in services]
    return "\n".join(lines) + "\n"


def _call(function: str, argument: object) -> str:
    text = python_text(argument)
    if len(function) + len(text) + 2 > WIDTH and "\n" not in text and isinstance(argument, dict | list):
        text = python_text(argument, WIDTH).replace("\n" + " " * WIDTH, "\n")
    return f"{function}({text})"
