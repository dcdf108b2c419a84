"""What became of each old name: a new one, or nothing, and then why and what to do instead.

Source: JupyterHub 6.1 deprecated traits; nbgrader 0.9.6 `NbGrader._load_config`; nbgrader 0.5 changelog.
"""

from __future__ import annotations

from hubgrade_ext.core.renamed_settings import replacement

HUB_RENAMED = {
    "JupyterHub.proxy_cmd": "ConfigurableHTTPProxy.command",
    "JupyterHub.proxy_check_interval": "ConfigurableHTTPProxy.check_running_interval",
    "JupyterHub.debug_proxy": "ConfigurableHTTPProxy.debug",
    "JupyterHub.admin_users": "Authenticator.admin_users",
}
# on whatever class of authenticator they are set
AUTHENTICATOR_RENAMED = {
    "whitelist": "allowed_users",
    "blacklist": "blocked_users",
    "group_whitelist": "allowed_groups",
}
_FORMGRADER = (
    "formgrader is a page of the teachers' own server: nothing is started, nothing listens by itself"
)
_TOKENS = (
    "the hub gives each server and service a token of its own; nobody but the hub opens its database "
    "(chmod 600 it, and its folder 700)"
)
DROPPED = {
    "JupyterHub.proxy_auth_token": (
        "the token belongs into a file that only root can read, and no instructor needs it: "
        "`hubgrade admin site` makes both"
    ),
    "JupyterHub.proxy_api_ip": "one address now: c.ConfigurableHTTPProxy.api_url",
    "JupyterHub.hub_connect_port": "c.JupyterHub.hub_connect_url has it, with the host",
    "JupyterHub.admin_access": "a role with the scope access:servers, for whom it is meant",
    "JupyterHub.api_tokens": "a service with its own api_token, and a role with the least scopes",
    "JupyterHub.service_tokens": "a service with its own api_token, and a role with the least scopes",
    "JupyterHub.extra_log_file": "systemd keeps the log: journalctl -u jupyterhub",
    "JupyterHub.extra_handlers": "a service",
    "JupyterHub.confirm_no_ssl": "it does nothing any more",
    "HubAuth.graders": "who grades is in the hub's group formgrade-COURSE: `hubgrade admin course`",
    "HubAuth.hub_address": (
        "links are made from the address in the browser; the hub's own is c.JupyterHub.public_url: "
        "`hubgrade admin site --domain`"
    ),
    "HubAuth.notebook_url_prefix": "the place of the course is c.CourseDirectory.root",
    "HubAuth.generate_hubapi_token": _TOKENS,
    "HubAuth.hubapi_token": _TOKENS,
    "HubAuth.hub_db": _TOKENS,
    "HubAuth.proxy_token": "nobody but hub and proxy has the proxy's token",
    "FormgradeApp.authenticator_class": "the hub's groups and roles decide: `hubgrade admin course`",
    "NbGrader.db_assignments": "the gradebook has the assignments and their due dates",
    "NbGrader.db_students": "the gradebook has the students",
    "ClearSolutions.comment_mark": "it is part of begin_solution_delimeter and end_solution_delimeter",
}
DROPPED_CLASSES = {
    "HubAuth": "the hub's groups and roles have replaced it: `hubgrade admin course`",
    "FormgradeApp": _FORMGRADER,
}


def renamed(section: str, trait: str) -> str | None:
    """Return today's `Class.trait` for an old name; None for one that is not old."""
    if section.endswith("Authenticator") and trait in AUTHENTICATOR_RENAMED:
        return f"{section}.{AUTHENTICATOR_RENAMED[trait]}"
    return HUB_RENAMED.get(f"{section}.{trait}") or replacement(section, trait)


def dropped(section: str, trait: str) -> str | None:
    """Return why a name is gone and what does its work; None for one that is not gone."""
    return DROPPED.get(f"{section}.{trait}") or DROPPED_CLASSES.get(section)
