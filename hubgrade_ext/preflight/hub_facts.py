"""The hub as this session meets it: asked with the session's own token, everything at once.

Nothing of the answers that is not named here leaves this module, and no token does.
"""

from __future__ import annotations

import getpass
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import msgspec
from msgspec import Struct, structs

from hubgrade_ext.hub.client import Answer, HubClient, HubEnvironment, hub_environment
from hubgrade_ext.hub.groups import STUDENT_GROUP
from hubgrade_ext.hub.service_facts import SERVICE, HubWord

# a hub that takes this long has its database locked: SQLite waits for five seconds
SLOW_S = 4.0


class HubFacts(Struct, frozen=True):
    """What the hub says to this session; answers are empty when no hub started it.

    `root` is the API's front door, asked without a token; `user` who the token
    belongs to; `own` the same user as nbgrader's plug-in asks for it; `group`
    the course's students; `health` the hub at its public address. `word` is
    what the hub's service `hubgrade` says, None when there is none to ask.
    `version_here` is the jupyterhub of this session, empty when not installed.
    """

    environment: HubEnvironment
    version_here: str = ""
    os_user: str = ""
    root: Answer = Answer()
    user: Answer = Answer()
    own: Answer = Answer()
    services: Answer = Answer()
    group: Answer = Answer()
    health: Answer = Answer()
    word: HubWord | None = None

    @property
    def groups(self) -> list[str]:
        """Return the groups of whose server this is."""
        return self.user.words("groups") or self.own.words("groups")

    @property
    def service_names(self) -> list[str] | None:
        """Return the names of the hub's services; None when this session may not list them."""
        return list(self.services.body) if self.services.ok and isinstance(self.services.body, dict) else None


def gather_hub(course_id: str) -> HubFacts:
    """Ask the hub everything that a session may ask, at once; healthy hubs take 0.1 s.

    The front door comes first: where it stays shut (8 s), or opens late, the rest is not asked.
    """
    environment = hub_environment()
    if not environment.present:
        return HubFacts(environment)
    client = HubClient(environment)
    facts = HubFacts(environment, _installed_version(), getpass.getuser(), client.get("/", anonymous=True))
    if not facts.root.ok or facts.root.seconds > SLOW_S:
        return facts
    asked = {
        "user": partial(client.get, "/user"),
        "own": partial(client.get, f"/users/{environment.user}"),
        "group": partial(client.get, f"/groups/{STUDENT_GROUP}{course_id}"),
        "health": partial(_health, environment.public_hub_url),
    }
    with ThreadPoolExecutor(len(asked) + 1) as pool:
        waiting = {name: pool.submit(ask) for name, ask in asked.items()}
        services, word = pool.submit(_ask_service, client, environment).result()
        answers = {name: future.result() for name, future in waiting.items()}
    return structs.replace(facts, services=services, word=word, **answers)


def _health(public_hub_url: str) -> Answer:
    if not public_hub_url:
        return Answer()
    # as a browser would: the hub's inner certificates are not those of its public address
    return HubClient(HubEnvironment()).fetch(public_hub_url.rstrip("/") + "/health")


def _ask_service(client: HubClient, environment: HubEnvironment) -> tuple[Answer, HubWord | None]:
    """Return the hub's list of services, and what the one called `hubgrade` says."""
    services = client.get("/services")
    model = services.field(SERVICE)
    url, prefix = (model.get("url"), model.get("prefix")) if isinstance(model, dict) else (None, None)
    if not (services.ok and isinstance(url, str) and isinstance(prefix, str) and url and prefix):
        return services, None
    answer = client.fetch(f"{url.rstrip('/')}{prefix}api/facts", environment.api_token)
    if not answer.ok:
        return services, None
    try:
        return services, msgspec.convert(answer.body, HubWord)
    except msgspec.ValidationError:
        return services, None


def _installed_version() -> str:
    try:
        return version("jupyterhub")
    except PackageNotFoundError:
        return ""
