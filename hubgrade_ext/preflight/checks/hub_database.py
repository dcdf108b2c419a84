"""Checks of the hub's database and of its cookie secret."""

from __future__ import annotations

from hubgrade_ext.preflight.check import Check, Fault, NotApplicable, Verdict
from hubgrade_ext.preflight.hub_side.facts import DatabaseFacts, SecretFacts

ELSEWHERE = NotApplicable("The hub's database is not an SQLite file; it is not looked into.")
NOT_YET = NotApplicable("There is no database yet; the hub makes it at its first start.")
UNTOLD = NotApplicable("The database could not be read, so this could not be told.")
LOW_BYTES = 100 << 20
MIB = 1 << 20


def find_no_driver(hub_database: DatabaseFacts) -> Verdict:
    """Tell whether the driver of another kind of database is missing."""
    if not hub_database.driver_problem:
        return None
    return Fault(f"For {hub_database.url}, {hub_database.driver_problem}.")


def find_relative(hub_database: DatabaseFacts) -> Verdict:
    """Tell whether the path counts from wherever the hub is started."""
    if not hub_database.relative:
        return None
    return Fault(f"{hub_database.url} is relative; here it means {hub_database.path}.")


def find_unreachable(hub_database: DatabaseFacts, user: str) -> Verdict:
    """Name the folder that the hub's user cannot pass, or that is missing."""
    if not hub_database.path:
        return ELSEWHERE
    folder = hub_database.folder
    if folder.blocked_at or hub_database.file.blocked_at:
        blocked_at = folder.blocked_at or hub_database.file.blocked_at
        return Fault(f"The hub's user {user} cannot pass {blocked_at}.", f"chmod o+x {blocked_at}")
    if folder.kind != "folder":
        return Fault(
            f"The folder {folder.path} of the hub's database is {folder.kind}.",
            f"install -d -m 700 -o {user} {folder.path}",
        )
    return None


def find_folder_unwritable(hub_database: DatabaseFacts, user: str) -> Verdict:
    """Tell whether SQLite cannot make its journal."""
    if hub_database.folder.writable:
        return None
    folder = hub_database.folder.path
    return Fault(
        f"The hub's user {user} may not write to the folder {folder}.",
        f"chown {user} {folder}; chmod 700 {folder}. Never give it to an instructor.",
    )


def find_unwritable(hub_database: DatabaseFacts, user: str) -> Verdict:
    """Tell whether the hub's user may not write the file."""
    if hub_database.file.kind == "missing":
        return NOT_YET
    if hub_database.file.readable and hub_database.file.writable:
        return None
    verb = "write" if hub_database.file.readable else "read"
    return Fault(
        f"The hub's user {user} may not {verb} {hub_database.path} (owner {hub_database.file.owner}, "
        f"mode {hub_database.file.mode:o}).",
        f"chown {user} {hub_database.path}; chmod 600 {hub_database.path}. Nobody else needs to write it; "
        "in 2015 formgrade did, today it asks the hub.",
    )


def find_writable_by_others(hub_database: DatabaseFacts) -> Verdict:
    """Tell whether the modes let group or others write file or folder."""
    if not hub_database.path:
        return ELSEWHERE
    for look in (hub_database.file, hub_database.folder):
        if look.kind in ("file", "folder") and look.mode & 0o022:
            return Fault(
                f"{look.path} has mode {look.mode:o}: others than {look.owner} may write it.",
                f"chmod {'600' if look.kind == 'file' else '700'} {look.path}",
            )
    return None


def find_written_by_instructors(hub_database: DatabaseFacts) -> Verdict:
    """Name instructors who may write the database."""
    if not hub_database.path:
        return ELSEWHERE
    if not hub_database.written_by:
        return None
    return Fault(f"{', '.join(hub_database.written_by)} may write {hub_database.path}, or replace it.")


def find_world_readable(hub_database: DatabaseFacts) -> Verdict:
    """Tell whether everybody may read the database."""
    if not hub_database.path:
        return ELSEWHERE
    if not hub_database.open_to_others:
        return None
    return Fault(
        f"Every user of the machine may read {hub_database.path} (mode {hub_database.file.mode:o}).",
        f"chmod 600 {hub_database.path}; chmod 700 {hub_database.folder.path}; UMask=0077 in the hub's unit.",
    )


def find_locked(hub_database: DatabaseFacts) -> Verdict:
    """Tell who holds the lock."""
    if hub_database.locked_by:
        return Fault(f"{hub_database.path} is locked by {hub_database.locked_by}.")
    if hub_database.probe is not None and hub_database.probe.problem == "locked":
        return Fault(f"{hub_database.path} is locked by a process that cannot be seen from here.")
    return None


def find_corrupt(hub_database: DatabaseFacts) -> Verdict:
    """Tell what SQLite finds wrong with the file."""
    if hub_database.probe is None:
        return NOT_YET
    if hub_database.probe.problem == "hot_journal":
        return NotApplicable("A writer died; the hub undoes its unfinished change when it starts.")
    if hub_database.probe.problem != "ok":
        return Fault(f"{hub_database.path} cannot be read: {hub_database.probe.detail}.")
    return None


def find_no_tables(hub_database: DatabaseFacts) -> Verdict:
    """Tell whether the file is some other program's database."""
    probe = hub_database.probe
    if probe is None or probe.problem != "ok":
        return NOT_YET if probe is None else UNTOLD
    if probe.has_tables or probe.versions is None:
        return None if probe.has_tables else Fault(f"{hub_database.path} has no table of users.")
    return Fault(f"{hub_database.path} has no table of users, but another program's schema version.")


def find_old_schema(hub_database: DatabaseFacts) -> Verdict:
    """Tell whether the schema is older than the installed JupyterHub's."""
    verdict, versions = _versions(hub_database)
    if verdict is not None or hub_database.head in versions:
        return verdict
    return Fault(
        f"{hub_database.path} has the schema {versions[0]} of an older JupyterHub; "
        f"the installed one wants {hub_database.head}."
    )


def find_downgrade(hub_database: DatabaseFacts) -> Verdict:
    """Tell whether a newer JupyterHub made the database."""
    verdict, versions = _versions(hub_database)
    if verdict is not None or set(versions) & set(hub_database.known):
        return verdict
    return Fault(
        f"{hub_database.path} has the schema {', '.join(versions) or 'of none'}, "
        "which the installed JupyterHub does not know."
    )


def _versions(hub_database: DatabaseFacts) -> tuple[Verdict, list[str]]:
    if not hub_database.head:
        return NotApplicable("JupyterHub is not installed beside hubgrade."), []
    if hub_database.probe is None or hub_database.probe.problem != "ok":
        return NOT_YET if hub_database.probe is None else UNTOLD, []
    return None, hub_database.probe.versions or []


def find_network(hub_database: DatabaseFacts) -> Verdict:
    """Tell whether the file is on a network file system."""
    if not hub_database.network:
        return None
    return Fault(f"{hub_database.folder.path} is on a network file system ({hub_database.network}).")


def find_full(hub_database: DatabaseFacts) -> Verdict:
    """Tell whether the disk is nearly full."""
    if not hub_database.path or hub_database.free_bytes >= LOW_BYTES:
        return None
    message = f"{hub_database.free_bytes // MIB} MiB are free on the disk of {hub_database.folder.path}."
    return Fault(message, severity="error" if hub_database.free_bytes < MIB else "warning")


def find_open_cookie_secret(cookie_secret: SecretFacts) -> Verdict:
    """Tell whether others may read the cookie secret, or the hub's user may not."""
    file = cookie_secret.file
    if cookie_secret.elsewhere:
        return NotApplicable("The cookie secret comes from the configuration or the environment.")
    if file.kind == "missing" and not file.blocked_at:
        return NotApplicable("There is no cookie secret yet; the hub makes one.")
    if not file.readable:
        return Fault(f"The hub's user may not read {file.path}.", f"chown it to the hub's user: {file.path}")
    if file.mode & 0o077:
        return Fault(f"{file.path} has mode {file.mode:o}.", f"chmod 600 {file.path}")
    return None


DRIVER = Check(
    "hubdb.driver",
    "The driver of the hub's database is installed",
    "hub_database",
    "error",
    "The hub does not start without it.",
    "Install it in the hub's environment, psycopg for PostgreSQL: python -m pip install psycopg",
    find_no_driver,
    needs=("hubconf.load",),
)
RELATIVE = Check(
    "hubdb.relative",
    "The path of the hub's database is absolute",
    "hub_database",
    "warning",
    "Started from another folder, the hub makes a new, empty database, and every token is refused.",
    'Write the whole path: c.JupyterHub.db_url = "sqlite:////var/lib/jupyterhub/jupyterhub.sqlite"',
    find_relative,
    needs=("hubconf.load",),
)
REACH = Check(
    "hubdb.reach",
    "The hub's user reaches the folder of the database",
    "hub_database",
    "error",
    "“unable to open database file” is how the hub says it.",
    "Make the folder with the hub's user as owner: install -d -m 700 -o USER FOLDER",
    find_unreachable,
    needs=("hubconf.load", "hubdb.driver"),
)
FOLDER_WRITABLE = Check(
    "hubdb.dir_writable",
    "The hub's user may write to the folder of the database",
    "hub_database",
    "error",
    "SQLite makes a journal beside the file for each change: “unable to open database file”, or "
    "“attempt to write a readonly database”.",
    "Give the folder to the hub's user: chown USER FOLDER; chmod 700 FOLDER. Never to an instructor.",
    find_folder_unwritable,
    needs=("hubdb.reach",),
)
WRITABLE = Check(
    "hubdb.writable",
    "The hub's user may write the database",
    "hub_database",
    "error",
    "The hub starts and answers, and then fails at the first login: “attempt to write a readonly database”.",
    "Give the file to the hub's user: chown USER FILE; chmod 600 FILE. Nobody else needs to write it; "
    "in 2015 formgrade did, today it asks the hub.",
    find_unwritable,
    needs=("hubdb.reach",),
)
OTHERS_WRITE = Check(
    "hubdb.writable_by_others",
    "Nobody but the hub's user may write the database",
    "hub_database",
    "error",
    "Whoever can write it is admin of the hub: one row is a token with all rights, at once.",
    "chmod 600 on the file, chmod 700 on the folder.",
    find_writable_by_others,
    needs=("hubdb.reach",),
)
INSTRUCTORS_WRITE = Check(
    "hubdb.instructor_writes",
    "No instructor can write the hub's database",
    "hub_database",
    "error",
    "The guide of 2015 asked for it; today it makes the instructor, and any code in the session, admin of "
    "the hub. Nothing in hubgrade or nbgrader needs it.",
    "Take the right away, by owner, group and access list; instructors get groups and scopes in its place.",
    find_written_by_instructors,
    needs=("hubdb.reach",),
)
WORLD_READABLE = Check(
    "hubdb.world_readable",
    "Only the hub's user may read the database",
    "hub_database",
    "warning",
    "It holds who is in which group, when people work, and the hashes of their tokens.",
    "chmod 600 on the file, chmod 700 on the folder, and UMask=0077 in the hub's unit.",
    find_world_readable,
    needs=("hubdb.reach",),
)
LOCKED = Check(
    "hubdb.locked",
    "Nobody keeps the hub's database locked",
    "hub_database",
    "error",
    "The hub then refuses every token after five seconds, and people are told that they may not enter.",
    "Wait until that process has finished, or end it.",
    find_locked,
    needs=("hubdb.writable",),
)
CORRUPT = Check(
    "hubdb.corrupt",
    "The hub's database is whole",
    "hub_database",
    "error",
    "The hub does not start with a damaged file, or loses people and their servers.",
    "Stop the hub and restore the file from a backup, or try `sqlite3 FILE .recover`.",
    find_corrupt,
    needs=("hubdb.reach", "hubdb.locked"),
)
TABLES = Check(
    "hubdb.tables",
    "The database is a hub's",
    "hub_database",
    "error",
    "The hub would write its tables into another program's database, or refuse to start.",
    "Set c.JupyterHub.db_url to the hub's own file.",
    find_no_tables,
    needs=("hubdb.corrupt",),
)
DOWNGRADE = Check(
    "hubdb.downgrade",
    "The database is not of a newer JupyterHub",
    "hub_database",
    "error",
    "The hub does not start and advises `jupyterhub upgrade-db`, which cannot help here.",
    "Install the newer JupyterHub again, or restore the database from before its upgrade.",
    find_downgrade,
    needs=("hubdb.tables",),
)
REVISION = Check(
    "hubdb.revision",
    "The database has the schema of the installed JupyterHub",
    "hub_database",
    "error",
    "The hub does not start with an older one.",
    "Stop the hub, copy the file, and run `jupyterhub upgrade-db -f CONFIG` with the hub's bin folder on "
    "PATH.",
    find_old_schema,
    needs=("hubdb.downgrade",),
)
NETWORK = Check(
    "hubdb.network_fs",
    "The hub's database is on a local disk",
    "hub_database",
    "warning",
    "SQLite's locks do not hold on network file systems, and a database can be damaged.",
    "Move it to a local disk, or use PostgreSQL.",
    find_network,
    needs=("hubdb.reach",),
)
SPACE = Check(
    "hubdb.space",
    "There is room for the hub's database",
    "hub_database",
    "warning",
    "On a full disk nobody can log in.",
    "Make room on that disk.",
    find_full,
    needs=("hubdb.reach",),
)
COOKIE_SECRET = Check(
    "hub.cookie_secret",
    "Only the hub's user may read the cookie secret",
    "hub_database",
    "error",
    "The hub refuses to start otherwise; whoever has it can log in as anybody.",
    "chmod 600 on the file.",
    find_open_cookie_secret,
    needs=("hubconf.load",),
)
