"""Checks of the hub as this session meets it: is it there, does it know us, may we ask what we must."""

from __future__ import annotations

from urllib.parse import urlsplit

from hubgrade_ext.core.models import ConfigPage
from hubgrade_ext.preflight.check import EVERYONE, Check, Fault, NotApplicable, Verdict
from hubgrade_ext.preflight.hub_facts import SLOW_S, HubFacts

NO_HUB = NotApplicable("This session was not started by JupyterHub.")
PLUGIN = "JupyterHubAuthPlugin"
CLOCK_S = 5.0
SHOWN = 4
# what a notebook server's token needs for nothing: with it, any code in the session acts on other people
POWERS = ("proxy", "shutdown", "tokens", "users", "servers", "groups", "access:servers", "inherit")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def plugin_in_use(config: ConfigPage | None) -> bool:
    """Tell whether nbgrader asks the hub who takes part in a course."""
    settings = config.settings if config is not None else []
    return any(s.name == "Authenticator.plugin_class" and PLUGIN in s.value for s in settings)


def find_no_hub(hub: HubFacts, config: ConfigPage | None) -> Verdict:
    """Tell whether nbgrader asks a hub that this session knows nothing of."""
    if hub.environment.present:
        return None
    if not plugin_in_use(config):
        return NO_HUB
    return Fault(f"nbgrader is configured with {PLUGIN}, but JupyterHub did not start this session.")


def find_unreachable(hub: HubFacts) -> Verdict:
    """Tell why the hub's API gives no answer."""
    if hub.root.ok:
        return None
    where = hub.environment.api_url
    if hub.root.status:
        return Fault(f"The hub's API at {where} answers with status {hub.root.status}.")
    return Fault(f"The hub's API at {where} cannot be reached: {hub.root.problem}.")


def find_locked(hub: HubFacts) -> Verdict:
    """Recognise a locked database of the hub: it answers late, and then as to a bad token."""
    slow = max(hub.root.seconds, hub.user.seconds)
    if slow < SLOW_S:
        return None
    said = f" and then refused this session (status {hub.user.status})" if hub.user.status >= 400 else ""
    return Fault(f"The hub took {slow:.0f} s to answer{said}: its database may be locked.")


def find_refused(hub: HubFacts) -> Verdict:
    """Tell whether the hub does not take this session's token."""
    if hub.user.ok:
        return None
    if hub.user.status in (401, 403):
        return Fault(
            "The hub does not know this session's token: it has expired, was revoked, "
            "or the hub started with another database."
        )
    if hub.user.status:
        return Fault(
            f"The hub answers with status {hub.user.status} when it is asked whose server this is.",
            "Ask the admin to look into the hub's log.",
        )
    return Fault(f"The hub did not say whose server this is: {hub.user.problem}.")


def find_other_user(hub: HubFacts) -> Verdict:
    """Compare who the hub takes us for with who it says we are."""
    found, told = hub.user.field("name"), hub.environment.user
    if hub.environment.service_name or found == told:
        return None
    return Fault(f"The hub takes this session for {found!r}, but started it for {told!r}.")


def find_version_skew(hub: HubFacts) -> Verdict:
    """Compare the first number of both versions."""
    theirs = hub.root.field("version")
    if not isinstance(theirs, str) or not hub.version_here:
        return NotApplicable("The version of JupyterHub is not known on both sides.")
    if theirs.split(".")[0] == hub.version_here.split(".")[0]:
        return None
    return Fault(f"The hub is JupyterHub {theirs}, this session has JupyterHub {hub.version_here}.")


def find_too_much_power(hub: HubFacts) -> Verdict:
    """Name what this session's token may do beyond its own user."""
    powers = [scope for scope in hub.user.words("scopes") if _is_power(scope)]
    if not powers:
        return None
    more = f" and {len(powers) - SHOWN} more" if len(powers) > SHOWN else ""
    return Fault(f"The token of this session has the scopes {', '.join(powers[:SHOWN])}{more}.")


def _is_power(scope: str) -> bool:
    name, _, only = scope.partition("!")
    if name.startswith("admin:") or name == "tokens":
        return True
    return name in POWERS and not only


def find_clock_skew(hub: HubFacts) -> Verdict:
    """Compare the clocks by the answer's Date header."""
    ahead = hub.root.ahead
    if ahead is None:
        return NotApplicable("The hub did not say what time it has.")
    if abs(ahead) <= CLOCK_S:
        return None
    return Fault(
        f"The hub's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this session's."
    )


def find_other_name(hub: HubFacts) -> Verdict:
    """Compare the names on the hub and on the machine."""
    told, here = hub.environment.user, hub.os_user
    if not told or told == here or here == "jovyan":
        return None
    return Fault(f"You are {told!r} on the hub, but {here!r} on the machine, which is what nbgrader goes by.")


def find_shared_account(hub: HubFacts) -> Verdict:
    """Recognise a session in which everybody is the same user of the machine."""
    if hub.os_user == "jovyan":
        return Fault("Every session runs as the user 'jovyan', so all files in the exchange have one owner.")
    if hub.word is not None and "Simple" in hub.word.spawner:
        return Fault(f"The hub starts every session as the same user of the machine ({hub.word.spawner}).")
    return None


def find_no_public_url(hub: HubFacts) -> Verdict:
    """Tell whether the hub does not know the address that people use."""
    told = hub.environment.public_hub_url
    if not told:
        return Fault("The hub does not know the address at which people reach it.", severity="info")
    if (urlsplit(told).hostname or "") in LOOPBACK:
        return Fault(f"The hub's public address is {told}, which no other computer can use.")
    return None


def find_public_unreachable(hub: HubFacts) -> Verdict:
    """Tell whether this session cannot use the hub's public address."""
    told = hub.environment.public_hub_url
    if not told:
        return NotApplicable("The hub has not said its public address.")
    if hub.health.ok:
        return None
    why = hub.health.problem or f"it answers with status {hub.health.status}"
    return Fault(f"From this session, the hub's public address {told} does not work: {why}.")


def find_open_login(hub: HubFacts) -> Verdict:
    """Recognise an authenticator that lets anybody in under any name."""
    if hub.word is None or not hub.word.authenticator:
        return NotApplicable("The hub's service `hubgrade` does not run, or may not say how people log in.")
    if "DummyAuthenticator" not in hub.word.authenticator:
        return None
    return Fault("The hub uses DummyAuthenticator: anybody can log in under any name.")


ENV = Check(
    "hub.env",
    "A session on a hub knows its hub",
    "hub",
    "warning",
    "nbgrader's plug-in asks the hub which courses somebody is in; elsewhere listing and fetching stop.",
    "Work in a session that the hub started, or remove c.Authenticator.plugin_class.",
    find_no_hub,
    roles=EVERYONE,
    slow=True,
)
REACHABLE = Check(
    "hub.reachable",
    "The hub answers",
    "hub",
    "error",
    "Without it nobody can log in, and nobody's rights in a course can be told.",
    "Ask the admin whether the hub runs: systemctl status jupyterhub",
    find_unreachable,
    roles=EVERYONE,
    needs=("hub.env",),
    slow=True,
)
LOCKED = Check(
    "hub.db_locked",
    "The hub answers at once",
    "hub",
    "error",
    "While its database is locked, the hub refuses every token after five seconds; "
    "your token may be all right.",
    "Ask the admin which process keeps the hub's database locked: `hubgrade preflight --hub` names it.",
    find_locked,
    roles=EVERYONE,
    needs=("hub.reachable",),
    slow=True,
)
TOKEN = Check(
    "hub.token",
    "The hub takes this session's token",
    "hub",
    "error",
    "Without it, this session cannot tell which courses you are in.",
    "Stop your server and start it again (File, Hub Control Panel).",
    find_refused,
    roles=EVERYONE,
    needs=("hub.db_locked",),
    slow=True,
)
WHOAMI = Check(
    "hub.whoami",
    "The hub takes this session for yours",
    "hub",
    "warning",
    "Rights in a course follow the name that the hub knows you by.",
    "Stop your server and start it again; tell the admin when that does not help.",
    find_other_user,
    needs=("hub.token",),
    slow=True,
)
VERSION = Check(
    "hub.version",
    "Hub and session have the same JupyterHub",
    "hub",
    "warning",
    "Different major versions mostly work, but can end in redirect loops at login.",
    "Ask the admin to install the hub's version of jupyterhub in the environment of the sessions.",
    find_version_skew,
    needs=("hub.reachable",),
    slow=True,
)
TOKEN_POWER = Check(
    "hub.token_power",
    "This session's token reaches no further than your own server",
    "hub",
    "warning",
    "Whatever code runs in your session can use the token: a student's notebook that you open and run, too.",
    "Ask the admin to take `inherit` and these scopes out of the role `server` in jupyterhub_config.py.",
    find_too_much_power,
    needs=("hub.token",),
    slow=True,
)
CLOCK = Check(
    "time.hub_clock",
    "The hub's clock and this session's agree",
    "hub",
    "warning",
    "Whether a submission is late is told by clocks.",
    "Ask the admin to switch on time synchronisation: timedatectl set-ntp true",
    find_clock_skew,
    needs=("hub.db_locked",),
    slow=True,
)
USER_OS_USER = Check(
    "hub.user_os_user",
    "You have the same name on the hub and on the machine",
    "hub",
    "warning",
    "nbgrader files submissions under the machine's name, the hub's groups hold the hub's.",
    "Ask the admin for equal names (c.Authenticator.username_map).",
    find_other_name,
    roles=EVERYONE,
    needs=("hub.env",),
    slow=True,
)
SHARED_UID = Check(
    "hub.shared_uid",
    "Everybody has a machine user of their own",
    "hub",
    "warning",
    "With one owner for all files, students can read and change each other's submissions, "
    "and who submitted cannot be proved.",
    "Ask the admin for a spawner that gives each person a user of their own.",
    find_shared_account,
    needs=("hub.env",),
    slow=True,
)
PUBLIC_URL = Check(
    "hub.public_url",
    "The hub knows its public address",
    "hub",
    "warning",
    "Links that leave the session are built from it; in 2015 this was HubAuth.hub_address.",
    'Ask the admin to set c.JupyterHub.public_url = "https://…" in jupyterhub_config.py.',
    find_no_public_url,
    needs=("hub.env",),
    slow=True,
)
PUBLIC_REACH = Check(
    "hub.public_reach",
    "The session can use the hub's public address",
    "hub",
    "warning",
    "nbgrader's course list asks that address from inside the session, and shows an error when it fails.",
    "Ask the admin for a certificate that sessions trust, and a name that resolves on the machine itself.",
    find_public_unreachable,
    needs=("hub.reachable",),
    slow=True,
)
OPEN_LOGIN = Check(
    "hub.open_login",
    "People have to prove who they are to log in",
    "hub",
    "warning",
    "Anybody could submit, or grade, in somebody else's name.",
    "Ask the admin to choose another authenticator (c.JupyterHub.authenticator_class).",
    find_open_login,
    needs=("hub.token",),
    slow=True,
)
