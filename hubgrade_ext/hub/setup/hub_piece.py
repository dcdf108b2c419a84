"""The piece of `jupyterhub_config.py` that the administrator's own file loads: one text, without a secret."""

from __future__ import annotations

from hubgrade_ext.hub.setup.artifacts import FileArtifact, own
from hubgrade_ext.hub.setup.hub_services import call_text, services_text, spawned_variables
from hubgrade_ext.hub.setup.site import Site

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


# a service that does not come up ends the hub for everybody (JupyterHub 6.1 `JupyterHub.start`)
_GUARDS = """\
# JupyterHub ends when one of its services does not start: what cannot start is left out, and said.
def can_start(course, account, folder):
    try:
        pwd.getpwnam(account)
    except KeyError:
        return left_out(course, f"there is no account {account}")
    return os.path.isdir(folder) or left_out(course, f"there is no folder {folder}")


def installed(service, module):
    return importlib.util.find_spec(module) is not None or left_out(service, f"{module} is not installed")


def left_out(service, reason):
    print(f"hubgrade: the service {service} is left out: {reason}", file=sys.stderr)
    return False


# how long the hub waits for a service; JupyterHub 5 has no such setting, and waits 10 s
_patience = {"timeout": 120} if jupyterhub.version_info >= (6,) else {}
"""


def hub_piece(site: Site) -> FileArtifact:
    """Return the file that the administrator's own configuration loads; it holds no secret."""
    parts = [
        "# What each part is for: SETUP.md. Who is in which course: site.toml beside this file.\n"
        "import importlib.util\nimport os\nimport pwd\nimport sys\n\nimport jupyterhub\n\n"
        "c = get_config()  # noqa",
        _PROXY.format(site=site, secrets=str(site.secrets_file), scheme="https" if site.tls else "http"),
    ]
    if site.tls:
        parts.append(_TLS.format(site=site))
    if site.public_url:
        parts.append(f'c.JupyterHub.public_url = "{site.public_url}"\n')
    parts += [_login(site), _environment(site), _HOOK, _GUARDS, services_text(site)]
    return own(str(site.piece), "\n".join(part.strip("\n") + "\n" for part in parts), 0o600)


def _login(site: Site) -> str:
    lines = ["# Who may log in."]
    if site.login == "everyone":
        lines.append("c.Authenticator.allow_all = True")
    else:
        lines.append(call_text("c.Authenticator.allowed_users.update", list(site.everyone)))
        lines.append("# else whoever has logged in once may do so for ever")
        lines.append("c.Authenticator.allow_existing_users = False")
    if site.admins:
        lines.append(call_text("c.Authenticator.admin_users.update", list(site.admins)))
    return "\n".join(lines)


def _environment(site: Site) -> str:
    lines = [
        "# The same programs for everybody, also for nbgrader's calls of alembic.",
        f'_path = "{site.venv}/bin:/usr/local/bin:/usr/bin:/bin"',
        f'c.Spawner.cmd = ["{site.venv}/bin/jupyterhub-singleuser"]',
        call_text("c.Spawner.environment.update", spawned_variables(site)),
    ]
    return "\n".join(lines)
