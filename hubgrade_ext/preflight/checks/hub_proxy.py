"""Checks of the hub's proxy and ports."""

from __future__ import annotations

from urllib.parse import urlsplit

from hubgrade_ext.preflight.check import Check, Fault, NotApplicable, Verdict
from hubgrade_ext.preflight.hub_side.facts import ProxyFacts

REFUSED = (401, 403)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
NOT_RUNNING = NotApplicable("The hub is not running, and it starts its proxy itself.")
SILENT = NotApplicable("The proxy does not answer.")


def find_no_program(proxy: ProxyFacts) -> Verdict:
    """Tell whether the hub will not find the proxy's program."""
    if not proxy.starts:
        return NotApplicable("The hub does not start the proxy.")
    if proxy.found_at:
        return None
    return Fault(f"The program {proxy.command} is not on the hub's PATH.")


def find_no_token(proxy: ProxyFacts) -> Verdict:
    """Tell whether hub and proxy have no token in common: a hub that starts its proxy makes one."""
    if proxy.token or proxy.starts:
        return None
    return Fault("The hub does not start the proxy, and has no token for it.")


def find_silent(proxy: ProxyFacts) -> Verdict:
    """Tell whether nothing answers where the proxy's API should be."""
    if proxy.starts and not proxy.hub_running:
        return NOT_RUNNING
    if proxy.with_other or proxy.with_token:
        return None
    return Fault(f"The proxy's API at {proxy.api_url} cannot be reached: {proxy.problem}.")


def find_left_over(proxy: ProxyFacts) -> Verdict:
    """Recognise a proxy that outlived its hub."""
    if not proxy.starts or proxy.hub_running or not proxy.with_other:
        return None
    if proxy.with_other not in (200, *REFUSED):
        return Fault(f"Something that is no proxy of JupyterHub answers at {proxy.api_url}.")
    if proxy.with_token == 200 or proxy.pid_file:
        return Fault(
            f"A proxy runs at {proxy.api_url} without its hub.",
            "Nothing to do when the hub is about to start: it knows this proxy and ends it.",
            "warning",
        )
    return Fault(
        f"A proxy runs at {proxy.api_url} without its hub, and takes another token than the hub has."
    )


def find_refused(proxy: ProxyFacts) -> Verdict:
    """Tell whether the proxy does not take the hub's token."""
    if not proxy.token:
        return NotApplicable("The hub makes a token of its own at each start.")
    if proxy.with_token in REFUSED:
        return Fault(f"The proxy at {proxy.api_url} refuses the hub's token (from {proxy.token}).")
    if proxy.with_token != 200:
        return Fault(f"{proxy.api_url} answers with status {proxy.with_token}: it is no proxy of JupyterHub.")
    return None


def find_open(proxy: ProxyFacts) -> Verdict:
    """Tell whether the proxy takes orders from anybody."""
    if not proxy.with_other:
        return SILENT
    return Fault(f"The proxy at {proxy.api_url} takes any token.") if proxy.with_other == 200 else None


def find_no_hub_route(proxy: ProxyFacts) -> Verdict:
    """Tell whether the proxy does not lead to the hub."""
    if not proxy.hub_running:
        return NotApplicable("The hub is not running.")
    if proxy.with_token != 200 or proxy.has_hub_route:
        return None
    return Fault("The proxy has no route to the hub.")


def find_exposed(proxy: ProxyFacts) -> Verdict:
    """Tell whether the proxy's API can be reached from other machines."""
    host = urlsplit(proxy.api_url).hostname or ""
    if host in LOOPBACK:
        return None
    return Fault(f"The proxy's API is at {proxy.api_url}, not on the loopback address.")


def find_taken(proxy: ProxyFacts) -> Verdict:
    """Name the ports that are taken."""
    if proxy.hub_running:
        return NotApplicable("The hub is running, and has its ports.")
    return Fault(f"Taken: {'; '.join(proxy.taken_ports)}.") if proxy.taken_ports else None


BINARY = Check(
    "proxy.binary",
    "The hub finds the proxy's program",
    "proxy",
    "error",
    "The hub stops with “Failed to find proxy”.",
    "npm install -g configurable-http-proxy, and put its folder, and node's, on the PATH of the hub's unit.",
    find_no_program,
    needs=("hubconf.load",),
)
TOKEN_SET = Check(
    "proxy.token_set",
    "A proxy of its own has a token",
    "proxy",
    "error",
    "The hub stops without one.",
    "Put CONFIGPROXY_AUTH_TOKEN=… (openssl rand -hex 32) into a file that only root can read, and name it as "
    "EnvironmentFile= in both units. Instructors never need it: nothing of nbgrader asks the proxy any more.",
    find_no_token,
    needs=("hubconf.load",),
)
REACHABLE = Check(
    "proxy.reachable",
    "The proxy answers",
    "proxy",
    "error",
    "Without it nobody reaches the hub.",
    "Start it (systemctl status jupyterhub-proxy), or correct c.ConfigurableHTTPProxy.api_url.",
    find_silent,
    needs=("hubconf.load",),
)
LEFT_OVER = Check(
    "proxy.left_over",
    "No proxy is left over from an earlier start",
    "proxy",
    "error",
    "The hub cannot use it and stops: “api_request to proxy failed: 403”.",
    "End that proxy; keep jupyterhub-proxy.pid with the hub, and KillMode=mixed in its unit.",
    find_left_over,
    needs=("hubconf.load",),
)
TOKEN = Check(
    "proxy.token",
    "The proxy takes the hub's token",
    "proxy",
    "error",
    "Adding a route fails with 403. In 2015 instructors exported CONFIGPROXY_AUTH_TOKEN for formgrade; today "
    "hub and proxy alone share it.",
    "Give both units the same EnvironmentFile=, then restart the proxy and the hub.",
    find_refused,
    needs=("proxy.reachable",),
)
OPEN = Check(
    "proxy.open",
    "The proxy obeys the hub only",
    "proxy",
    "error",
    "Any user of the machine can put a page of his own in place of the login, and collect passwords.",
    "Start it with CONFIGPROXY_AUTH_TOKEN.",
    find_open,
    needs=("hubconf.load",),
)
HUB_ROUTE = Check(
    "proxy.hub_route",
    "The proxy leads to the hub",
    "proxy",
    "error",
    "People meet an error page in place of the login.",
    "Restart the hub.",
    find_no_hub_route,
    needs=("proxy.reachable", "proxy.token"),
)
EXPOSED = Check(
    "proxy.api_exposed",
    "The proxy's API is on the loopback address",
    "proxy",
    "warning",
    "Whoever guesses or overhears its token from another machine has everybody's sessions.",
    'c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:8001", and --api-ip=127.0.0.1 for the proxy.',
    find_exposed,
    needs=("hubconf.load",),
)
PORTS = Check(
    "ports.free",
    "The ports that the hub wants are free",
    "proxy",
    "error",
    "The hub does not start, or stays unreachable.",
    "End that process, or choose another port.",
    find_taken,
    needs=("hubconf.load",),
)
