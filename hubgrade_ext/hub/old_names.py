"""Names in jupyterhub_config.py that are of an older JupyterHub or nbgrader, and what has replaced each."""

from __future__ import annotations

from collections.abc import Iterable

NOTHING = "nothing: remove it"
# Source: JupyterHub 6.1 `app.py`, `auth.py`, deprecated traits; nbgrader 0.5 changelog for the last ones
RENAMED = {
    "JupyterHub.proxy_auth_token": "c.ConfigurableHTTPProxy.auth_token",
    "JupyterHub.proxy_cmd": "c.ConfigurableHTTPProxy.command",
    "JupyterHub.proxy_api_ip": "c.ConfigurableHTTPProxy.api_url",
    "JupyterHub.proxy_api_port": "c.ConfigurableHTTPProxy.api_url",
    "JupyterHub.proxy_check_interval": "c.ConfigurableHTTPProxy.check_running_interval",
    "JupyterHub.debug_proxy": "c.ConfigurableHTTPProxy.debug",
    "JupyterHub.hub_connect_port": "c.JupyterHub.hub_connect_url",
    "JupyterHub.admin_users": "c.Authenticator.admin_users",
    "JupyterHub.admin_access": "a role with the scope access:servers",
    "JupyterHub.api_tokens": "services with an api_token, and a role with scopes",
    "JupyterHub.service_tokens": "services with an api_token, and a role with scopes",
    "JupyterHub.extra_log_file": "the log of the systemd unit (journalctl -u jupyterhub)",
    "JupyterHub.extra_handlers": "services",
    "JupyterHub.confirm_no_ssl": NOTHING,
    "Authenticator.whitelist": "c.Authenticator.allowed_users",
    "Authenticator.blacklist": "c.Authenticator.blocked_users",
    "LocalAuthenticator.group_whitelist": "c.LocalAuthenticator.allowed_groups",
    "DummyAuthenticator.password": "c.SharedPasswordAuthenticator.user_password",
}
GRADING = {
    "HubAuth": "hub groups formgrade-COURSE and nbgrader-COURSE with roles (`hubgrade admin course`)",
    "FormgradeApp": "nbgrader's server extension in the instructor's session: nothing to start",
    "NbGraderConfig": "nbgrader_config.py",
    "NbGrader": "nbgrader_config.py: c.CourseDirectory and c.Exchange",
    "TransferApp": "nbgrader_config.py: c.Exchange",
    "BaseNbGraderApp": "nbgrader_config.py: c.CourseDirectory and c.Exchange",
    "ReleaseApp": "nbgrader_config.py: c.Exchange",
    "AssignApp": "nbgrader_config.py: c.GenerateAssignment",
}


def old_names(names: Iterable[str]) -> dict[str, str]:
    """Return those of these names (`Class.trait`) that are old, each with what has replaced it."""
    found = {}
    for name in names:
        section, _, trait = name.partition(".")
        # a trait of Authenticator may be set on any of its subclasses
        general = f"Authenticator.{trait}" if section.endswith("Authenticator") else name
        replaced = RENAMED.get(name) or RENAMED.get(general) or GRADING.get(section)
        if replaced:
            found[name] = replaced
    return found
