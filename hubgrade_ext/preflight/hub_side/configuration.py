"""What jupyterhub_config.py says, as far as checks ask; tokens are counted here and do not go further."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from hubgrade_ext.hub.groups import INSTRUCTOR_GROUP
from hubgrade_ext.preflight.hub_side.facts import ConfigFacts
from hubgrade_ext.preflight.hub_side.files import look_at_file
from hubgrade_ext.preflight.hub_side.loading import LoadedConfig

# Source: JupyterHub 6.1 `Service._validate_api_token`
MIN_TOKEN, GOOD_TOKEN = 8, 16
DUMMY = "dummy"


def config_facts(path: str, config: LoadedConfig, problem: str) -> ConfigFacts:
    """Return the facts of the configuration file at `path`."""
    file, folder = look_at_file(path), look_at_file(str(Path(path).absolute().parent))
    if problem:
        return ConfigFacts(file, folder, problem)
    services = dicts(config.get("JupyterHub", "services", []))
    roles = dicts(config.get("JupyterHub", "load_roles", []))
    groups = mapping(config.get("JupyterHub", "load_groups", {}))
    internal_ssl = config.get("JupyterHub", "internal_ssl") is True
    return ConfigFacts(
        file,
        folder,
        names=config.names(),
        hub_version=_hub_version(),
        allowed=_somebody_allowed(config),
        server_scopes=[
            s for role in roles if role.get("name") == "server" for s in texts(role.get("scopes"))
        ],
        group_flags=sorted(_name(s) for s in services if _has_group_flag(s.get("command"))),
        weak_tokens=_weak_tokens(services),
        manage_groups=any(config.any_of("Authenticator", "manage_groups")),
        internal_ssl=internal_ssl,
        plain_urls=_plain_urls(config) if internal_ssl else [],
        other_users=sorted(_name(s) for s in services if s.get("command") and s.get("user")),
        unknown_scopes=_unknown_scopes(roles, mapping(config.get("JupyterHub", "custom_scopes", {}))),
        undeclared_groups=sorted({g for r in roles for g in texts(r.get("groups")) if g not in groups}),
        old_groups=sorted(name for name, value in groups.items() if not isinstance(value, dict)),
        public_url=config.text("JupyterHub", "public_url"),
        dummy_login=DUMMY in str(config.get("JupyterHub", "authenticator_class", "")).lower(),
        admins_teach=_admins_who_teach(config, groups),
    )


def people(config: LoadedConfig) -> set[str]:
    """Return everybody whom the configuration names."""
    named: set[str] = set()
    for trait in ("allowed_users", "admin_users", "whitelist"):
        for value in config.any_of("Authenticator", trait):
            named.update(texts(value))
    for group in mapping(config.get("JupyterHub", "load_groups", {})).values():
        named.update(members(group))
    return named


def teachers(config: LoadedConfig) -> set[str]:
    """Return everybody in a course's group of instructors, and 2015's list of graders."""
    groups = mapping(config.get("JupyterHub", "load_groups", {}))
    named = {
        user for name, group in groups.items() if name.startswith(INSTRUCTOR_GROUP) for user in members(group)
    }
    return named | set(texts(config.get("HubAuth", "graders")))


def service_accounts(config: LoadedConfig) -> set[str]:
    """Return the machine's users that services run as."""
    return {
        str(service["user"])
        for service in dicts(config.get("JupyterHub", "services", []))
        if service.get("command") and service.get("user")
    }


def dicts(value: object) -> list[dict[str, object]]:
    """Return the dictionaries of a list, nothing when it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, (list, tuple)) else []


def mapping(value: object) -> dict[str, object]:
    """Return a dictionary, an empty one for anything else."""
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def texts(value: object) -> list[str]:
    """Return the strings of a list or set, nothing when it is neither."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, (list, tuple, set)) else []


def members(group: object) -> list[str]:
    """Return who is in a group, in both of the ways in which it may be written."""
    return texts(group.get("users") if isinstance(group, dict) else group)


def _name(service: dict[str, object]) -> str:
    return str(service.get("name", "?"))


def _hub_version() -> str:
    try:
        return version("jupyterhub")
    except PackageNotFoundError:
        return ""


def _somebody_allowed(config: LoadedConfig) -> bool:
    """Tell whether a rule lets somebody in: by its value, because `allow_all = False` is none.

    Source: JupyterHub 6.1 `Authenticator.any_allow_config`.
    """
    return any(
        bool(value)
        for name in config.names()
        for section, trait in [name.split(".", 1)]
        if section.endswith("Authenticator")
        and (trait.startswith("allow") or trait in ("any_allow_config", "whitelist"))
        for value in config.any_of(section, trait)
    )


def _has_group_flag(command: object) -> bool:
    words = texts(command)
    return any(word == "--group" or word.startswith("--group=") for word in words)


def _weak_tokens(services: list[dict[str, object]]) -> dict[str, str]:
    weak = {}
    for service in services:
        token = service.get("api_token")
        if isinstance(token, str) and token and len(token) < GOOD_TOKEN:
            weak[_name(service)] = "refused" if len(token) < MIN_TOKEN else "short"
    return weak


def _plain_urls(config: LoadedConfig) -> list[str]:
    asked = [("ConfigurableHTTPProxy", "api_url"), ("JupyterHub", "hub_bind_url")]
    return [f"{s}.{t}" for s, t in asked if config.text(s, t).startswith("http://")]


def _unknown_scopes(roles: list[dict[str, object]], custom: dict[str, object]) -> list[str]:
    known = _known_scopes()
    if not known:
        return []
    return [
        f"{scope} (role {_name(role)})"
        for role in roles
        for scope in texts(role.get("scopes"))
        if scope.partition("!")[0] not in known and scope.partition("!")[0] not in custom
    ]


def _known_scopes() -> set[str]:
    """Return the scopes of the installed jupyterhub, without importing it.

    Source: JupyterHub 6.1 `jupyterhub/scopes.py`, `scope_definitions`.
    """
    spec = find_spec("jupyterhub")
    if spec is None or spec.origin is None:
        return set()
    for node in ast.parse((Path(spec.origin).parent / "scopes.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if names == ["scope_definitions"]:
                return {str(key.value) for key in node.value.keys if isinstance(key, ast.Constant)}
    return set()


def _admins_who_teach(config: LoadedConfig, groups: dict[str, object]) -> list[str]:
    admins: set[str] = set()
    for value in config.any_of("Authenticator", "admin_users"):
        admins.update(texts(value))
    courses: Iterable[object] = (g for name, g in groups.items() if name.startswith(INSTRUCTOR_GROUP))
    return sorted(admins & {user for group in courses for user in members(group)})
