"""Checks of how servers are started, and of the hub's systemd unit."""

from __future__ import annotations

from hubgrade_ext.preflight.check import Check, Fault, NotApplicable, Verdict
from hubgrade_ext.preflight.hub_side.facts import DatabaseFacts, ProxyFacts, SpawnerFacts, UnitFacts

NOT_LOCAL = NotApplicable("Servers are not started as users of this machine.")
NO_UNIT = NotApplicable("There is no unit jupyterhub.service on this machine.")
SHOWN = 5


def find_no_command(spawner: SpawnerFacts) -> Verdict:
    """Tell whether the program of a server is not found."""
    if not spawner.local:
        return NOT_LOCAL
    return None if spawner.found_at else Fault(f"The program {spawner.command} is not on the hub's PATH.")


def find_closed_interpreter(spawner: SpawnerFacts) -> Verdict:
    """Name the folder that keeps ordinary users from the program or its Python."""
    if not spawner.blocked_at:
        return None
    return Fault(
        f"Ordinary users cannot pass {spawner.blocked_at}, but {spawner.command} needs {spawner.interpreter}."
    )


def find_no_account(spawner: SpawnerFacts) -> Verdict:
    """Name people who have no account on the machine."""
    if not spawner.local:
        return NOT_LOCAL
    if not spawner.missing_users or spawner.creates_users:
        return None
    return Fault(f"No account on this machine for {_some(spawner.missing_users)}.")


def find_no_home(spawner: SpawnerFacts) -> Verdict:
    """Name people without a home folder of their own."""
    if not spawner.local:
        return NOT_LOCAL
    if spawner.missing_homes:
        return Fault(f"No home folder for {_some(spawner.missing_homes)}.")
    if spawner.foreign_homes:
        return Fault(f"The home folder belongs to somebody else: {_some(spawner.foreign_homes)}.")
    return None


def find_no_unit(unit: UnitFacts) -> Verdict:
    """Tell how the hub is started when not by systemd."""
    if unit.path:
        return None
    if unit.init_script:
        return Fault(f"The hub is started by {unit.init_script}, as in 2015.", severity="warning")
    return Fault("There is no unit jupyterhub.service.")


def find_no_directory(unit: UnitFacts) -> Verdict:
    """Tell whether the hub runs in whatever folder it is started in."""
    if not unit.path:
        return NO_UNIT
    return None if unit.working_directory else Fault(f"{unit.path} has no WorkingDirectory=.")


def find_wide_umask(unit: UnitFacts) -> Verdict:
    """Tell whether the hub's new files are for everybody to read."""
    if not unit.path:
        return NO_UNIT
    try:
        closed = int(unit.umask, 8) & 0o077 == 0o077
    except ValueError:
        closed = False
    return None if closed else Fault(f"{unit.path} has UMask={unit.umask}.")


def find_orphaning(unit: UnitFacts, proxy: ProxyFacts) -> Verdict:
    """Tell whether stopping the unit leaves the proxy behind."""
    if not unit.path:
        return NO_UNIT
    if not proxy.starts or unit.kill_mode not in ("process", "none"):
        return None
    return Fault(f"{unit.path} has KillMode={unit.kill_mode}, and the hub starts the proxy itself.")


def find_no_alembic(hub_database: DatabaseFacts) -> Verdict:
    """Tell whether an upgrade of the database would not find its program."""
    return None if hub_database.alembic else Fault("The program alembic is not on the hub's PATH.")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


COMMAND = Check(
    "spawner.cmd",
    "The hub finds the program of a notebook server",
    "spawner",
    "error",
    "Every server fails to start.",
    "Write the whole path: c.Spawner.cmd = ['/opt/jupyterhub/bin/jupyterhub-singleuser']",
    find_no_command,
    needs=("hubconf.load",),
)
INTERPRETER = Check(
    "spawner.interpreter",
    "Ordinary users can run that program",
    "spawner",
    "error",
    "Every server fails to start: “Permission denied trying to run …”.",
    "Make the environment from a Python that everybody can reach: /usr/bin/python3 -m venv /opt/jupyterhub",
    find_closed_interpreter,
    needs=("spawner.cmd",),
)
OS_USER = Check(
    "spawner.os_user",
    "Everybody who is named in the configuration has an account",
    "spawner",
    "warning",
    "Their servers do not start: “getpwnam(): name not found”.",
    "useradd --create-home NAME, or c.LocalAuthenticator.create_system_users = True.",
    find_no_account,
    needs=("hubconf.load",),
)
HOME = Check(
    "spawner.home",
    "Everybody has a home folder of their own",
    "spawner",
    "error",
    "Their servers do not start.",
    "install -d -m 700 -o NAME -g NAME HOME",
    find_no_home,
    needs=("hubconf.load",),
)
UNIT = Check(
    "systemd.unit",
    "systemd starts the hub",
    "systemd",
    "info",
    "systemd starts it after a reboot and when it has failed, and keeps its log.",
    "`hubgrade admin site` writes a unit; disable an old script with update-rc.d jupyterhub disable.",
    find_no_unit,
)
DIRECTORY = Check(
    "systemd.working_directory",
    "The hub's unit names the folder that it runs in",
    "systemd",
    "warning",
    "Database, cookie secret and the proxy's pid file are looked for in it, unless their paths are whole.",
    "WorkingDirectory=/var/lib/jupyterhub and StateDirectory=jupyterhub in [Service].",
    find_no_directory,
)
UMASK = Check(
    "systemd.umask",
    "The hub's new files are closed to others",
    "systemd",
    "warning",
    "The hub makes its database readable for everybody otherwise.",
    "UMask=0077 in [Service].",
    find_wide_umask,
)
KILL_MODE = Check(
    "systemd.kill_mode",
    "Stopping the hub stops the proxy that it started",
    "systemd",
    "warning",
    "The proxy is left over, and the hub's next start fails with 403.",
    "KillMode=mixed in [Service], or a unit of its own for the proxy.",
    find_orphaning,
    needs=("hubconf.load",),
)
ALEMBIC = Check(
    "hubdb.alembic_path",
    "The hub finds alembic",
    "systemd",
    "warning",
    "`jupyterhub upgrade-db` stops without it, and leaves one more copy of the database each time.",
    "Put the bin folder of the hub's environment first on the PATH of the unit.",
    find_no_alembic,
    needs=("hubconf.load",),
)
