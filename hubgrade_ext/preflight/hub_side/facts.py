"""What the child found on the hub's side; all of it may be shown."""

from __future__ import annotations

from msgspec import Struct

from hubgrade_ext.preflight.gradebook_facts import Probe


class FileLook(Struct, frozen=True):
    """A file or folder as the hub's user meets it.

    `kind`: file, folder, missing or unreadable. `blocked_at` is the first
    parent that the user cannot pass. `owner` is a name, or a number that has none.
    """

    path: str
    kind: str = "missing"
    blocked_at: str = ""
    mode: int = 0
    owner: str = ""
    readable: bool = False
    writable: bool = False


class UnitFacts(Struct, frozen=True):
    """The hub's systemd unit; `path` is empty when there is none. `init_script` is how 2015 started it."""

    path: str = ""
    user: str = ""
    working_directory: str = ""
    umask: str = ""
    kill_mode: str = "control-group"
    search_path: str = ""
    init_script: str = ""


class ConfigFacts(Struct, frozen=True):
    """What jupyterhub_config.py says; `problem` when it could not be loaded, the rest is then empty.

    `names` is every key that it sets. `allowed`: some rule lets somebody log
    in. `weak_tokens` maps services to why their token is too short.
    `unknown_scopes` are `scope (role)`.
    """

    file: FileLook
    folder: FileLook
    problem: str = ""
    names: list[str] = []
    hub_version: str = ""
    allowed: bool = False
    server_scopes: list[str] = []
    group_flags: list[str] = []
    weak_tokens: dict[str, str] = {}
    manage_groups: bool = False
    internal_ssl: bool = False
    plain_urls: list[str] = []
    other_users: list[str] = []
    unknown_scopes: list[str] = []
    undeclared_groups: list[str] = []
    old_groups: list[str] = []
    public_url: str = ""
    dummy_login: bool = False
    admins_teach: list[str] = []


class DatabaseFacts(Struct, frozen=True):
    """The hub's database; `path` is empty when it is not an SQLite file, see `driver_problem` then.

    `head` is the newest schema of the installed jupyterhub, `known` all of
    them. `written_by` are instructors who may write the file or replace it.
    `alembic` is the program that upgrades it.
    """

    url: str = ""
    path: str = ""
    relative: bool = False
    driver_problem: str = ""
    file: FileLook = FileLook("")
    folder: FileLook = FileLook("")
    open_to_others: bool = False
    locked_by: str = ""
    network: str = ""
    free_bytes: int = 0
    probe: Probe | None = None
    head: str = ""
    known: list[str] = []
    written_by: list[str] = []
    alembic: str = ""


class ProxyFacts(Struct, frozen=True):
    """The proxy's own API, asked with the hub's token, with another one, and the state of the hub.

    The three statuses are 0 when nothing answered; `problem` then says why.
    `token` tells where the token comes from, empty when there is none.
    """

    api_url: str = ""
    starts: bool = True
    token: str = ""
    with_token: int = 0
    with_other: int = 0
    problem: str = ""
    has_hub_route: bool = False
    command: str = ""
    found_at: str = ""
    pid_file: bool = False
    hub_running: bool = False
    taken_ports: list[str] = []


class CertificateFacts(Struct, frozen=True):
    """The certificate that the proxy shows; `configured` False when the hub's own proxy speaks no TLS.

    Times are seconds since 1970; `names` are those it is good for.
    """

    configured: bool = False
    certificate: FileLook = FileLook("")
    key: FileLook = FileLook("")
    only: str = ""
    match_problem: str = ""
    read_problem: str = ""
    not_before: float = 0.0
    not_after: float = 0.0
    names: list[str] = []
    common_name: str = ""
    self_signed: bool = False
    host: str = ""


class SpawnerFacts(Struct, frozen=True):
    """How servers are started; `local` False when not as users of this machine, the rest is then empty."""

    local: bool = False
    command: str = ""
    found_at: str = ""
    interpreter: str = ""
    blocked_at: str = ""
    missing_users: list[str] = []
    missing_homes: list[str] = []
    foreign_homes: list[str] = []
    creates_users: bool = False


class SecretFacts(Struct, frozen=True):
    """The file of the cookie secret; `elsewhere`: the secret comes from configuration or environment."""

    file: FileLook = FileLook("")
    elsewhere: bool = False


class HubSide(Struct, frozen=True):
    """Everything about the hub's side. `user` is the account it was looked at with."""

    user: str
    unit: UnitFacts
    hub_config: ConfigFacts
    hub_database: DatabaseFacts = DatabaseFacts()
    proxy: ProxyFacts = ProxyFacts()
    certificate: CertificateFacts = CertificateFacts()
    spawner: SpawnerFacts = SpawnerFacts()
    cookie_secret: SecretFacts = SecretFacts()
