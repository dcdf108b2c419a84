"""Checks of jupyterhub_config.py."""

from __future__ import annotations

from hubgrade_ext.hub.old_names import NOTHING, old_names
from hubgrade_ext.preflight.check import Check, Fault, NotApplicable, Verdict
from hubgrade_ext.preflight.hub_side.facts import ConfigFacts

MANY = 6
GROUP_OR_OTHER_WRITE = 0o022


def find_not_loading(hub_config: ConfigFacts) -> Verdict:
    """Tell why the file does not load."""
    if hub_config.file.blocked_at:
        return Fault(
            f"The hub's user cannot pass {hub_config.file.blocked_at}, above {hub_config.file.path}."
        )
    if not hub_config.file.readable:
        return Fault(f"The hub's user may not read {hub_config.file.path}.")
    return Fault(f"{hub_config.file.path}, {hub_config.problem}.") if hub_config.problem else None


def find_writable_by_others(hub_config: ConfigFacts) -> Verdict:
    """Tell whether somebody else may change what runs as the hub."""
    for look in (hub_config.file, hub_config.folder):
        if look.mode & GROUP_OR_OTHER_WRITE and not look.mode & 0o1000:
            return Fault(
                f"{look.path} has mode {look.mode:o}: others than {look.owner} may change it.",
                f"chmod go-w {look.path}",
            )
    return None


def find_nobody_allowed(hub_config: ConfigFacts) -> Verdict:
    """Tell whether no rule lets anybody in."""
    if hub_config.allowed:
        return None
    return Fault("No c.Authenticator.allow… is set to anything that lets somebody in.")


def find_old_names(hub_config: ConfigFacts) -> Verdict:
    """Name what is of an older JupyterHub or nbgrader, and what has replaced it."""
    old = old_names(hub_config.names)
    if not old:
        return None
    lines = [f"c.{name} ({'' if new == NOTHING else 'now '}{new})" for name, new in old.items()]
    more = f"; and {len(lines) - MANY} more" if len(lines) > MANY else ""
    return Fault(f"Names that have been replaced: {'; '.join(lines[:MANY])}{more}.")


def find_inherit(hub_config: ConfigFacts) -> Verdict:
    """Tell whether every notebook server gets all rights of its owner."""
    if "inherit" not in hub_config.server_scopes:
        return None
    return Fault("The role `server` has the scope `inherit`.")


def find_group_flag(hub_config: ConfigFacts) -> Verdict:
    """Name services that are still started with --group."""
    if not hub_config.group_flags:
        return None
    return Fault(f"The service {', '.join(hub_config.group_flags)} is started with --group.")


def find_weak_tokens(hub_config: ConfigFacts) -> Verdict:
    """Name services whose token can be guessed."""
    if not hub_config.weak_tokens:
        return None
    refused = sorted(name for name, why in hub_config.weak_tokens.items() if why == "refused")
    if refused:
        return Fault(f"The api_token of the service {', '.join(refused)} has fewer than 8 characters.")
    names = ", ".join(sorted(hub_config.weak_tokens))
    return Fault(f"The api_token of the service {names} has fewer than 16 characters.", severity="warning")


def find_managed_groups(hub_config: ConfigFacts) -> Verdict:
    """Tell whether groups can be changed by the authenticator only."""
    return Fault("c.Authenticator.manage_groups is on.") if hub_config.manage_groups else None


def find_internal_ssl(hub_config: ConfigFacts) -> Verdict:
    """Name what does not go together with internal_ssl."""
    if not hub_config.internal_ssl:
        return None
    if hub_config.plain_urls:
        return Fault(f"internal_ssl is on, but {' and '.join(hub_config.plain_urls)} says http://.")
    if hub_config.other_users:
        return Fault(
            f"internal_ssl is on, but the service {', '.join(hub_config.other_users)} runs as another user, "
            "who cannot read the certificates."
        )
    return None


def find_unknown_scopes(hub_config: ConfigFacts) -> Verdict:
    """Name scopes that the installed JupyterHub does not know."""
    if not hub_config.hub_version:
        return NotApplicable("JupyterHub is not installed beside hubgrade.")
    if not hub_config.unknown_scopes:
        return None
    return Fault(f"JupyterHub {hub_config.hub_version} has no scope {', '.join(hub_config.unknown_scopes)}.")


def find_undeclared_groups(hub_config: ConfigFacts) -> Verdict:
    """Name groups that have a role and are not declared."""
    if hub_config.old_groups:
        return Fault(
            f"The group {', '.join(hub_config.old_groups)} is a plain list of users.",
            'Write {"GROUP": {"users": […]}}; the plain list is deprecated since JupyterHub 3.2.',
        )
    if not hub_config.undeclared_groups:
        return None
    return Fault(f"Roles name the group {', '.join(hub_config.undeclared_groups)}, load_groups does not.")


def find_no_public_url(hub_config: ConfigFacts) -> Verdict:
    """Tell whether the public address is unset, or still written as in 2015."""
    if hub_config.public_url:
        return None
    if any(name.startswith("HubAuth.hub_") for name in hub_config.names):
        return Fault("The public address is in c.HubAuth.hub_address, which nothing reads any more.")
    return Fault("c.JupyterHub.public_url is not set.", severity="info")


def find_dummy_login(hub_config: ConfigFacts) -> Verdict:
    """Tell whether anybody can log in under any name."""
    return Fault("The authenticator is `dummy`.") if hub_config.dummy_login else None


def find_admins_who_teach(hub_config: ConfigFacts) -> Verdict:
    """Name instructors who are admins of the hub."""
    if not hub_config.admins_teach:
        return None
    return Fault(f"{', '.join(hub_config.admins_teach)} teach and are admins of the hub.")


LOAD = Check(
    "hubconf.load",
    "The hub's configuration loads",
    "hub_configuration",
    "error",
    "The hub does not start without it.",
    "Correct that line; `jupyterhub --show-config -f FILE` tells more.",
    find_not_loading,
)
PERMS = Check(
    "hubconf.perms",
    "Only its owner may change the hub's configuration",
    "hub_configuration",
    "error",
    "It is a program that runs with the hub's rights, mostly root's.",
    "Take away the right to write from group and others.",
    find_writable_by_others,
)
ALLOW = Check(
    "hubconf.allow",
    "Somebody may log in",
    "hub_configuration",
    "error",
    "Since JupyterHub 5 nobody may log in unless a rule allows it; the hub starts all the same.",
    "Set c.Authenticator.allowed_users, or c.Authenticator.allow_all = True.",
    find_nobody_allowed,
    needs=("hubconf.load",),
)
OLD_NAMES = Check(
    "hubconf.old_names",
    "The configuration uses today's names",
    "hub_configuration",
    "warning",
    "Some old names still work with a warning, others do nothing, without a word.",
    "`hubgrade admin migrate-config FILE` writes the file anew.",
    find_old_names,
    needs=("hubconf.load",),
)
SERVER_INHERIT = Check(
    "hubconf.server_inherit",
    "A notebook server's token cannot do all that its owner can",
    "hub_configuration",
    "warning",
    "Code in an instructor's session, a student's notebook included, could act as the instructor on the hub.",
    "Write the scopes out: users:activity!user, access:servers!server, read:users:groups!user, "
    "read:users:name!user, list:services, read:services, access:services.",
    find_inherit,
    needs=("hubconf.load",),
)
GROUP_FLAG = Check(
    "hubconf.group_flag",
    "No service is started with --group",
    "hub_configuration",
    "error",
    "nbgrader's documentation still shows it, but JupyterHub has roles in its place since version 2: "
    "the service does not start.",
    "Remove --group, and give the group a role with access:services!service=NAME.",
    find_group_flag,
    needs=("hubconf.load",),
)
WEAK_TOKEN = Check(
    "hubconf.weak_token",
    "Services' tokens cannot be guessed",
    "hub_configuration",
    "error",
    "JupyterHub refuses to start with a token of fewer than 8 characters, and a short one can be tried out.",
    "Leave api_token out (the hub then makes one for a service that it starts), or use: openssl rand -hex 32",
    find_weak_tokens,
    needs=("hubconf.load",),
)
MANAGE_GROUPS = Check(
    "hubconf.manage_groups",
    "Groups of the hub can be changed",
    "hub_configuration",
    "warning",
    "nbgrader's way of adding and removing students is then refused: groups come from the login alone.",
    "Put students into the groups there, or switch it off.",
    find_managed_groups,
    needs=("hubconf.load",),
)
INTERNAL_SSL = Check(
    "hubconf.internal_ssl",
    "internal_ssl fits the rest of the configuration",
    "hub_configuration",
    "error",
    "Otherwise the hub waits for half a minute and stops.",
    "Remove these addresses, run these services as the hub's user, or switch internal_ssl off.",
    find_internal_ssl,
    needs=("hubconf.load",),
)
SCOPES = Check(
    "hubconf.scopes",
    "Every scope in a role exists",
    "hub_configuration",
    "error",
    "The hub does not start with a scope that it does not know.",
    "Correct the name; they are listed under “Scopes” in JupyterHub's documentation.",
    find_unknown_scopes,
    needs=("hubconf.load",),
)
ROLE_GROUP = Check(
    "hubconf.role_group",
    "Every group that has a role is declared",
    "hub_configuration",
    "warning",
    "The hub accepts it without a word, and the role then is nobody's.",
    "Add the group to c.JupyterHub.load_groups, or correct its name.",
    find_undeclared_groups,
    needs=("hubconf.load",),
)
PUBLIC_URL = Check(
    "hubconf.public_url",
    "The hub knows the address that people use",
    "hub_configuration",
    "warning",
    "Links that leave a session are built from it; unstyled pages and links to localhost were the form that "
    "this had in 2015.",
    'Set c.JupyterHub.public_url = "https://hub.example.org/".',
    find_no_public_url,
    needs=("hubconf.load",),
)
OPEN_LOGIN = Check(
    "hubconf.open_login",
    "People have to prove who they are",
    "hub_configuration",
    "warning",
    "Anybody could log in, submit and grade in somebody else's name.",
    "Choose another c.JupyterHub.authenticator_class; `dummy` is for trying out.",
    find_dummy_login,
    needs=("hubconf.load",),
)
ADMINS_TEACH = Check(
    "hubconf.admins_teach",
    "Instructors are not admins of the hub",
    "hub_configuration",
    "info",
    "Nothing in teaching a course needs it, and whoever takes over an admin's session has the hub.",
    "Take them out of admin_users when they administer nothing.",
    find_admins_who_teach,
    needs=("hubconf.load",),
)
