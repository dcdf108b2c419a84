"""Which folders `hubgrade admin` may make its own: their owner and mode are set, so none of the machine's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from hubgrade_ext.core.errors import InvalidRequest
from hubgrade_ext.hub.setup.site import Site

# the machine's, with all that is in them
_WHOLE = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/sbin", "/sys", "/usr")
# the machine's; what is in them may be ours
_ITSELF = ("/home", "/media", "/mnt", "/opt", "/root", "/run", "/srv", "/tmp", "/var")
_VAR = ("backups", "cache", "lib", "local", "lock", "log", "mail", "opt", "run", "spool", "tmp", "www")
_MACHINES = {*_ITSELF, *(f"/var/{name}" for name in _VAR)}
OWN = "hubgrade's own folder"
_OTHERS = (
    "config_dir",
    "jupyter_config_dir",
    "systemd_dir",
    "tmpfiles_dir",
    "sysusers_dir",
    "home_dir",
    "venv",
)


def check_places(site: Site) -> None:
    """Refuse a folder that others need as it is: the machine's, a person's home, one above another of ours.

    Raises: InvalidRequest.
    """
    people = {f"{site.home_dir}/{name}" for name in (*site.everyone, *site.admins)}
    for what, folder in _owned(site):
        # not the courses': their accounts would own something there
        in_config = what in ("hub_dir", OWN) and _within(folder, site.config_dir)
        if folder in _MACHINES or (not in_config and any(_within(folder, top) for top in _WHOLE)):
            raise _refused(what, folder, "is a folder of the machine")
        if folder in people:
            raise _refused(what, folder, "is somebody's home")
        for other, inside in (*_owned(site), *((name, getattr(site, name)) for name in _OTHERS)):
            # the hub's database may lie beside its configuration, where root alone looks
            beside = what == "hub_dir" and other in ("config_dir", OWN)
            if other != what and not beside and _within(inside, folder):
                raise _refused(what, folder, f"would hold {inside} ({other})")


def _owned(site: Site) -> Iterator[tuple[str, str]]:
    """Give each folder whose owner and mode are set, with the setting it comes from."""
    yield "hub_dir", site.hub_dir
    yield "exchange", site.exchange
    yield OWN, str(site.own_dir)
    for course in site.courses.values():
        yield f"folder of {course.course_id}", course.folder


def _within(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def _refused(what: str, folder: str, fault: str) -> InvalidRequest:
    return InvalidRequest(
        f"{what}: {folder} {fault}; its owner and mode would be changed.", "Name a folder for this alone."
    )
