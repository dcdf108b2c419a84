"""Checks of the course on the hub: its groups, its service, and who is in them."""

from __future__ import annotations

from collections.abc import Collection

from hubgrade_ext.core.models import ConfigPage
from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.hub.groups import INSTRUCTOR_GROUP, STUDENT_GROUP
from hubgrade_ext.hub.service_facts import SERVICE
from hubgrade_ext.preflight.check import EVERYONE, Check, Fault, NotApplicable, Verdict
from hubgrade_ext.preflight.checks.hub_session import PLUGIN, SHOWN, plugin_in_use
from hubgrade_ext.preflight.gradebook_facts import GradebookFacts
from hubgrade_ext.preflight.hub_facts import HubFacts

NO_PLUGIN = NotApplicable(f"nbgrader does not ask the hub here ({PLUGIN} is not configured).")
NO_SERVICE = NotApplicable(f"The hub's service `{SERVICE}` does not run, or this session may not ask it.")
CULLER = "cull"


def find_groups_hidden(hub: HubFacts, config: ConfigPage | None) -> Verdict:
    """Tell whether nbgrader's plug-in will not see this user's groups.

    Source: nbgrader 0.9.6 `nbgrader/auth/jupyterhub.py`, `GET /users/NAME`.
    """
    if not plugin_in_use(config):
        return NO_PLUGIN
    if hub.own.ok and isinstance(hub.own.field("groups"), list):
        return None
    said = f"status {hub.own.status}" if not hub.own.ok else "no groups"
    return Fault(f"The hub does not tell this session which groups {hub.environment.user!r} is in ({said}).")


def find_services_hidden(hub: HubFacts, config: ConfigPage | None) -> Verdict:
    """Tell whether nbgrader's course list may not ask for the hub's services."""
    if not plugin_in_use(config):
        return NO_PLUGIN
    if hub.environment.service_name:
        return NotApplicable("A course's own service needs no course list.")
    if hub.services.ok:
        return None
    return Fault(f"This session may not list the hub's services (status {hub.services.status}).")


def find_no_group(hub: HubFacts, config: ConfigPage | None, settings: CourseSettings) -> Verdict:
    """Tell whether the user is in neither group of the course."""
    if not plugin_in_use(config):
        return NO_PLUGIN
    wanted = [STUDENT_GROUP + settings.course_id, INSTRUCTOR_GROUP + settings.course_id]
    if not settings.course_id:
        return NotApplicable("First the course needs a course_id.")
    if set(wanted) & set(hub.groups):
        return None
    return Fault(
        f"{hub.environment.user!r} is in neither of the hub's groups {wanted[0]} and {wanted[1]}.",
        f"Ask the admin to add {hub.environment.user!r} to one of them.",
    )


def find_no_course_groups(hub: HubFacts, settings: CourseSettings) -> Verdict:
    """Tell whether the hub lacks one of the course's groups."""
    course = hub.word.course(settings.course_id) if hub.word is not None else None
    if hub.word is None or hub.word.groups is None or course is None:
        return NO_SERVICE
    missing = [
        group
        for group in (INSTRUCTOR_GROUP + settings.course_id, STUDENT_GROUP + settings.course_id)
        if group not in hub.word.groups
    ]
    if not missing:
        return None
    return Fault(f"The hub has no group {' and no group '.join(missing)}.")


def find_no_course_service(hub: HubFacts, config: ConfigPage | None, settings: CourseSettings) -> Verdict:
    """Tell whether the course list will not find a service with the course's name, or one that runs."""
    if not plugin_in_use(config):
        return NO_PLUGIN
    if hub.environment.service_name == settings.course_id:
        return None
    names = hub.service_names
    if names is None:
        return NotApplicable("This session may not list the hub's services.")
    if settings.course_id not in names:
        return Fault(f"The hub has no service {settings.course_id!r}.")
    known = hub.word.services if hub.word is not None else None
    if any(s.name == settings.course_id and s.running is False for s in known or ()):
        return Fault(
            f"The hub's service {settings.course_id!r} does not run.",
            "Ask the admin to look into the hub's log, and to restart the hub.",
            "error",
        )
    return None


def find_culler(hub: HubFacts) -> Verdict:
    """Tell whether a service ends idle servers."""
    names = hub.service_names
    if names is None:
        return NotApplicable("This session may not list the hub's services.")
    cullers = [name for name in names if CULLER in name.lower()]
    if not cullers:
        return None
    return Fault(f"The hub's service {cullers[0]!r} stops servers that nobody uses.")


def find_roster_drift(hub: HubFacts, gradebook: GradebookFacts, settings: CourseSettings) -> Verdict:
    """Compare the gradebook's students with the hub's group of students."""
    group = STUDENT_GROUP + settings.course_id
    on_hub = _students_on_hub(hub, settings.course_id)
    listed = gradebook.probe.students if gradebook.probe is not None else None
    if on_hub is None:
        return NotApplicable(f"Nobody tells this session who is in the hub's group {group}.")
    if listed is None:
        return NotApplicable("There is no gradebook yet, so there are no students to compare.")
    shut_out = sorted(set(listed) - on_hub)
    not_listed = sorted(on_hub - set(listed) - _instructors(hub, settings))
    if shut_out:
        return Fault(
            f"{_count(shut_out)} in the gradebook but not in the hub's group {group}: {_names(shut_out)}.",
            f"Ask the admin to add them to {group}, or remove them from the gradebook.",
        )
    if not_listed:
        return Fault(
            f"{_count(not_listed)} in the hub's group {group} but not in the gradebook: "
            f"{_names(not_listed)}.",
            "Add them on the course page, Students; collecting their first submission does it as well.",
            "info",
        )
    return None


def _students_on_hub(hub: HubFacts, course_id: str) -> set[str] | None:
    course = hub.word.course(course_id) if hub.word is not None else None
    if course is not None and course.students is not None:
        return set(course.students)
    return set(hub.group.words("users")) if hub.group.ok and hub.group.field("users") is not None else None


def _instructors(hub: HubFacts, settings: CourseSettings) -> set[str]:
    """Return who teaches the course: they may be in the students' group as well, to see what students see."""
    course = hub.word.course(settings.course_id) if hub.word is not None else None
    return {hub.environment.user, *(course.instructors or () if course is not None else ())}


def _count(names: Collection[str]) -> str:
    return "1 student is" if len(names) == 1 else f"{len(names)} students are"


def _names(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


SCOPE_GROUPS = Check(
    "hub.scope_groups",
    "This session may ask the hub for your groups",
    "hub",
    "error",
    "nbgrader's plug-in takes a refusal for a crash: formgrader and the assignment list then show an error.",
    "Ask the admin to give the role `server` (or the course's service) the scope read:users:groups!user.",
    find_groups_hidden,
    roles=EVERYONE,
    needs=("hub.token",),
    slow=True,
)
SCOPE_SERVICES = Check(
    "hub.scope_services",
    "This session may list the hub's services",
    "hub",
    "warning",
    "nbgrader's course list asks for them, and shows an error instead of the courses.",
    "Ask the admin to give the role `server` and the group of instructors the scopes list:services and "
    "read:services.",
    find_services_hidden,
    needs=("hub.token",),
    slow=True,
)
GROUPS = Check(
    "hub.groups",
    "You are in one of the course's groups on the hub",
    "hub",
    "error",
    'nbgrader refuses everybody else: "You do not have access to this course."',
    "Ask the admin to add you to the course's group.",
    find_no_group,
    roles=EVERYONE,
    needs=("hub.scope_groups",),
    slow=True,
)
COURSE_GROUPS = Check(
    "hub.course_groups",
    "The hub has the course's groups",
    "hub",
    "warning",
    "Who is in formgrade-COURSE may teach the course, who is in nbgrader-COURSE takes part in it.",
    "Ask the admin to add them to c.JupyterHub.load_groups: `hubgrade admin course` writes the lines.",
    find_no_course_groups,
    needs=("hub.token",),
    slow=True,
)
SERVICE_OF_COURSE = Check(
    "hub.service",
    "The course's service is on the hub, and runs",
    "hub",
    "warning",
    "nbgrader's course list shows courses whose service has the name of the course_id.",
    "Ask the admin to add the service under exactly that name: `hubgrade admin course` writes the lines.",
    find_no_course_service,
    needs=("hub.scope_services",),
    slow=True,
)
CULLING = Check(
    "hub.culler",
    "The hub stops no server by itself",
    "hub",
    "info",
    "Your server may be stopped when you are away. While a job runs hubgrade reports activity, and a job "
    "that was cut short goes on when you are back.",
    "Nothing to do; ask the admin for a longer timeout when kernels that you left running are lost.",
    find_culler,
    needs=("hub.token",),
    slow=True,
)
ROSTER = Check(
    "hub.roster",
    "Gradebook and hub have the same students",
    "hub",
    "warning",
    "Who is missing from the hub's group can neither fetch nor submit when nbgrader asks the hub.",
    "Make both lists the same.",
    find_roster_drift,
    needs=("hub.token",),
    slow=True,
)
