"""The proxy and the ports: what answers where the hub wants to be. The token goes no further."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from hubgrade_ext.hub.client import Answer, HubClient, HubEnvironment
from hubgrade_ext.preflight.hub_side.configuration import texts
from hubgrade_ext.preflight.hub_side.facts import ProxyFacts
from hubgrade_ext.preflight.hub_side.loading import LoadedConfig

PROXY = "ConfigurableHTTPProxy"
TOKEN_VARIABLE = "CONFIGPROXY_AUTH_TOKEN"
DEFAULT_COMMAND = "configurable-http-proxy"
DEFAULT_API, DEFAULT_HUB_PORT, DEFAULT_PUBLIC = "http://127.0.0.1:8001", 8081, "http://:8000"
TIMEOUT_S = 2.0
LISTENING = "0A"


def proxy_facts(config: LoadedConfig) -> ProxyFacts:
    """Ask the proxy's API with the hub's token and with another one; name who holds the hub's ports."""
    client = HubClient(_environment(config), TIMEOUT_S)
    api_url = config.text(PROXY, "api_url") or _old_api_url(config)
    token, source = _token(config)
    routes = f"{api_url.rstrip('/')}/api/routes"
    answer = client.fetch(routes, token or secrets.token_hex(16))
    other = client.fetch(routes, secrets.token_hex(16)) if answer.status else Answer()
    command = (texts(config.get(PROXY, "command")) or texts(_as_list(config.get(PROXY, "command"))) or [""])[
        0
    ]
    program = command or DEFAULT_COMMAND
    running = _hub_answers(client, config)
    return ProxyFacts(
        api_url=api_url,
        starts=config.get(PROXY, "should_start", True) is not False,
        token=source,
        with_token=answer.status if token else 0,
        with_other=other.status,
        problem=answer.problem,
        has_hub_route=isinstance(answer.body, dict)
        and any(route.rstrip("/") in ("", _prefix(config)) for route in answer.body),
        command=program,
        found_at=shutil.which(program) or "",
        pid_file=Path(config.text(PROXY, "pid_file", "jupyterhub-proxy.pid")).exists(),
        hub_running=running,
        taken_ports=[] if running else _taken_ports(config, answer),
    )


def public_url(config: LoadedConfig) -> str:
    """Return the address that the proxy serves, in the new way of writing it or in that of 2015."""
    bind = config.text("JupyterHub", "bind_url")
    if bind:
        return bind
    port = config.get("JupyterHub", "port", 8000)
    scheme = "https" if config.text("JupyterHub", "ssl_key") else "http"
    return f"{scheme}://{config.text('JupyterHub', 'ip')}:{port}{config.text('JupyterHub', 'base_url', '/')}"


def _environment(config: LoadedConfig) -> HubEnvironment:
    # internal TLS: the hub keeps certificates of its own for itself
    folder = Path(config.text("JupyterHub", "internal_certs_location", "internal-ssl")) / "hub-internal"
    if config.get("JupyterHub", "internal_ssl") is not True or not folder.is_dir():
        return HubEnvironment()
    return HubEnvironment(
        ssl_keyfile=str(folder / "hub-internal.key"),
        ssl_certfile=str(folder / "hub-internal.crt"),
        ssl_client_ca=str(folder.parent / "hub-ca_trust.crt"),
    )


def _token(config: LoadedConfig) -> tuple[str, str]:
    """Return the token and where it comes from."""
    asked = [(PROXY, "auth_token"), ("JupyterHub", "proxy_auth_token")]
    for section, trait in asked:
        if found := config.text(section, trait):
            return found, f"c.{section}.{trait}"
    found = os.environ.get(TOKEN_VARIABLE, "")
    return found, TOKEN_VARIABLE if found else ""


def _old_api_url(config: LoadedConfig) -> str:
    host, port = config.text("JupyterHub", "proxy_api_ip"), config.get("JupyterHub", "proxy_api_port")
    return f"http://{host or '127.0.0.1'}:{port or 8001}" if host or port else DEFAULT_API


def _as_list(value: object) -> list[object]:
    return [value] if isinstance(value, str) else []


def _prefix(config: LoadedConfig) -> str:
    return urlsplit(public_url(config)).path.rstrip("/")


def _hub_address(config: LoadedConfig) -> str:
    bind = config.text("JupyterHub", "hub_bind_url")
    if not bind:
        port = config.get("JupyterHub", "hub_port", DEFAULT_HUB_PORT)
        bind = f"http://{config.text('JupyterHub', 'hub_ip', '127.0.0.1')}:{port}"
    parts = urlsplit(bind)
    host = parts.hostname if parts.hostname not in (None, "0.0.0.0", "") else "127.0.0.1"
    return f"{parts.scheme}://{host}:{parts.port or DEFAULT_HUB_PORT}"


def _hub_answers(client: HubClient, config: LoadedConfig) -> bool:
    answer = client.fetch(f"{_hub_address(config)}{_prefix(config)}/hub/api/")
    return answer.ok and isinstance(answer.field("version"), str)


def _taken_ports(config: LoadedConfig, proxy: Answer) -> list[str]:
    """Say which of the ports that the hub will want are taken, and by whom; an external proxy's are its own.

    Nothing is bound: the kernel's table of sockets tells.
    """
    starts = config.get(PROXY, "should_start", True) is not False
    wanted = {"the hub": urlsplit(_hub_address(config)).port}
    if starts:
        public = urlsplit(public_url(config))
        wanted["the public address"] = public.port or (443 if public.scheme == "https" else 80)
        # a proxy that is left over is told by checks of its own
        if not proxy.status:
            wanted["the proxy's API"] = urlsplit(config.text(PROXY, "api_url") or _old_api_url(config)).port
    listening = _listening()
    return [f"port {p}, for {what}, by {_holder(p)}" for what, p in wanted.items() if p in listening]


def _holder(port: int) -> str:
    """Return who listens on a TCP port; this goes through the open files of every process."""
    for socket in psutil.net_connections(kind="tcp"):
        if socket.status != psutil.CONN_LISTEN or socket.laddr.port != port or socket.pid is None:
            continue
        try:
            return f"process {socket.pid} ({psutil.Process(socket.pid).name()})"
        except psutil.NoSuchProcess:
            continue
    return "a process of another user"


def _listening() -> set[int]:
    """Return the ports on which somebody listens.

    Source: Linux `/proc/net/tcp`, address and state in hexadecimal digits.
    """
    ports = set()
    for table in map(Path, ("/proc/net/tcp", "/proc/net/tcp6")):
        if table.exists():
            for line in table.read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING:
                    ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports
