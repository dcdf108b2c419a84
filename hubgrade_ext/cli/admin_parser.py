"""`hubgrade admin …`: options and their help; imports nothing that takes time.

Only what was given is stored, as `set_<setting>`: what is absent stays as the site has it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hubgrade_ext.cli import texts

Add = Callable[..., argparse.ArgumentParser]
AddCommon = Callable[[argparse.ArgumentParser], None]
PREFIX = "set_"
CONFIG_DIR = "/etc/jupyterhub"


class AdminArguments(argparse.Namespace):
    """What an administrator's command line says, beside its `set_…`."""

    command: str
    json: bool
    course: str
    from_file: Path | None
    root: Path
    apply: bool
    make_accounts: bool
    remove: bool
    old: Path
    write: Path | None


def add_admin_commands(commands: Any, add: Add, add_common: AddCommon) -> None:
    """Add `admin` with its three commands; `add` makes one, `add_common` adds the options that all have."""
    summary = texts.COMMANDS["admin"].summary
    admin = commands.add_parser("admin", help=summary, description=summary, epilog=texts.ADMIN_EXAMPLES)
    add_common(admin)
    inner = admin.add_subparsers(metavar="site|course|migrate-config", required=True, dest="admin_command")
    _add_site(add(inner, "admin site", "admin_commands:site"))
    _add_course(add(inner, "admin course", "admin_commands:course"))
    migrate = add(inner, "admin migrate-config", "admin_migrate:migrate_config")
    migrate.add_argument("old", metavar="OLD", type=Path, help="a jupyterhub_config.py or nbgrader_config.py")
    migrate.add_argument("--write", metavar="NEW", type=Path, help="write the result to this new file")


def _add_site(parser: argparse.ArgumentParser) -> None:
    _add_places(parser)
    _add_address(parser)
    _add_rules(parser)
    _add_writing(parser)


def _add_places(parser: argparse.ArgumentParser) -> None:
    places = parser.add_argument_group("places")
    _value(places, "hub_dir", "DIR", "the hub's database and cookie secret (default /var/lib/jupyterhub)")
    _value(places, "venv", "DIR", "the environment with JupyterHub (default: the one of this program)")
    _value(places, "exchange", "DIR", "nbgrader's exchange (default /srv/nbgrader/exchange)")
    _value(places, "home_dir", "DIR", "where the courses' accounts have their homes (default /home)")
    _value(places, "jupyter_config_dir", "DIR", "nbgrader_config.py for everybody (default /etc/jupyter)")
    _value(places, "proxy_command", "FILE", "configurable-http-proxy (default: in the environment's bin)")


def _add_address(parser: argparse.ArgumentParser) -> None:
    address = parser.add_argument_group("address")
    _value(address, "domain", "NAME", "the host that people type: hub.example.org")
    _value(address, "tls_cert", "FILE", "certificate with its chain, PEM")
    _value(address, "tls_key", "FILE", "its key, PEM, readable by root only")
    address.add_argument(
        "--tls-in-front",
        dest=f"{PREFIX}tls_in_front",
        action=argparse.BooleanOptionalAction,
        help="a web server in front ends TLS; the proxy listens on loopback only",
        default=argparse.SUPPRESS,
    )
    _value(address, "port", "N", "public port (default 443 with a certificate, else 8000)", int)
    _value(address, "base_url", "PATH", "path in front of everything (default /)")
    _value(address, "hub_port", "N", "the hub's own port on loopback (default 8081)", int)
    _value(address, "proxy_api_port", "N", "the proxy's port for the hub, on loopback (default 8001)", int)
    _value(
        address, "service_port", "N", "first port of the courses' services, on loopback (default 9100)", int
    )


def _add_rules(parser: argparse.ArgumentParser) -> None:
    rules = parser.add_argument_group("rules")
    _names(rules, "admins", "administrators of the hub; instructors need not be any")
    rules.add_argument(
        "--login",
        dest=f"{PREFIX}login",
        choices=["courses", "everyone"],
        help="who may log in: the people of the courses (default), or everyone with an account",
        default=argparse.SUPPRESS,
    )
    _value(
        rules,
        "cull_after_s",
        "SECONDS",
        "stop servers idle for so long (default 0: never)",
        int,
        "--cull-after",
    )
    rules.add_argument(
        "--hub-checks",
        dest=f"{PREFIX}hub_checks",
        action=argparse.BooleanOptionalAction,
        help="a service that shows teachers what is wrong with the hub",
        default=argparse.SUPPRESS,
    )


def _add_course(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("course", metavar="ID", nargs="?", default="", help="without: list the hub's courses")
    people = parser.add_argument_group(
        "people (each list replaces the one there was; @FILE: one name a line)"
    )
    _names(people, "instructors", "teach, and see the students' side too")
    _names(people, "graders", "teach")
    _names(people, "students", "take the course")
    rest = parser.add_argument_group("the course's server")
    _value(rest, "account", "NAME", "OS account that owns the course (default grader-ID)")
    _value(rest, "folder", "DIR", "the course's folder (default: ID in the account's home)")
    _value(rest, "port", "N", "its port on loopback (default: the first free one)", int)
    rest.add_argument("--remove", action="store_true", help="take the course off the hub; its folder stays")
    _add_writing(parser)


def _add_writing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("reading and writing")
    group.add_argument("--from", dest="from_file", metavar="FILE", type=Path, help="read settings from TOML")
    group.add_argument("--apply", action="store_true", help="write the plan, instead of only printing it")
    group.add_argument(
        "--make-accounts", action="store_true", help="with --apply: also make the courses' OS accounts"
    )
    group.add_argument(
        "--root", metavar="DIR", type=Path, default=Path("/"), help="do everything below this existing folder"
    )
    group.add_argument(
        "--config-dir",
        dest=f"{PREFIX}config_dir",
        metavar="DIR",
        help=f"the hub's configuration (default {CONFIG_DIR})",
        default=argparse.SUPPRESS,
    )


def _value(
    group: Any, setting: str, metavar: str, text: str, kind: type[str] | type[int] = str, option: str = ""
) -> None:
    group.add_argument(
        option or f"--{setting.replace('_', '-')}",
        dest=PREFIX + setting,
        metavar=metavar,
        type=kind,
        help=text,
        default=argparse.SUPPRESS,
    )


def _names(group: Any, setting: str, text: str) -> None:
    group.add_argument(
        f"--{setting}",
        dest=PREFIX + setting,
        metavar="NAME",
        nargs="*",
        action="extend",
        help=text,
        default=argparse.SUPPRESS,
    )
