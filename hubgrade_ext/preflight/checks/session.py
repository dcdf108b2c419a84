"""Checks of the session: home, limits, environment, installed versions."""

from __future__ import annotations

import resource
import stat
from pathlib import Path

from hubgrade_ext.core.settings import CourseSettings
from hubgrade_ext.preflight.check import EVERYONE, Check, Fault, Holds, NotApplicable, Verdict
from hubgrade_ext.preflight.checks.room import find_no_room
from hubgrade_ext.preflight.folder_facts import passable_by_others, user_name
from hubgrade_ext.preflight.session_facts import NBGRADER_FRONT_END, InstalledFacts, SessionFacts

GIB = 1 << 30
LITTLE_MEMORY = GIB // 2
FEW_OPEN_FILES = 1024
FEW_PROCESSES = 200
SMALL_FILE = 100 << 20
UNTOLD = NotApplicable("This cannot be told here.")


def find_strict_umask(session: SessionFacts, settings: CourseSettings) -> Verdict:
    """Tell whether what this user makes is closed to the others of a shared course."""
    if session.umask is None:
        return UNTOLD
    if settings.groupshared and session.umask & 0o070:
        return Fault(f"The umask is {session.umask:03o}: other instructors cannot write what you make.")
    return Holds(f"The umask is {session.umask:03o}.")


def find_open_home(session: SessionFacts) -> Verdict:
    """Tell whether every user may look into the home folder."""
    home = session.home
    if home.mode is None or not home.mode & (stat.S_IROTH | stat.S_IXOTH) or session.uid == 0:
        return None
    if not passable_by_others(Path(home.path)):
        return None
    return Fault(
        f"Every user of this machine may look into {home.path} (mode {home.mode:o}).", fixable=home.mine
    )


def find_home_unwritable(session: SessionFacts) -> Verdict:
    """Tell whether nothing can be kept in the home folder."""
    home = session.home
    if home.kind == "folder" and home.writable:
        return None
    return Fault(f"You may not write to your home folder {home.path}.")


def find_home_full(session: SessionFacts) -> Verdict:
    """Tell whether the home folder has no room."""
    if session.home_space is None:
        return UNTOLD
    return find_no_room(session.home_space, f"your home folder {session.home.path}")


def find_foreign_jupyter(session: SessionFacts) -> Verdict:
    """Tell whether one of Jupyter's folders belongs to somebody else."""
    for folder in session.jupyter_folders:
        if folder.uid is not None and not folder.mine:
            return Fault(
                f"{folder.path} belongs to {user_name(folder.uid)}, not to you.",
                f"Ask an administrator to run: chown -R {user_name(session.uid)} {folder.path}",
            )
        if folder.kind == "folder" and not folder.writable:
            return Fault(f"You may not write to {folder.path}.", f"Run: chmod u+rwx {folder.path}")
    return None


def find_no_tmp(session: SessionFacts) -> Verdict:
    """Tell whether the folder for temporary files cannot be used."""
    if session.tmp.kind != "folder" or not session.tmp.writable:
        return Fault(f"You may not write to the folder for temporary files, {session.tmp.path}.")
    space = session.tmp_space
    if space is None:
        return UNTOLD
    return find_no_room(space, f"temporary files in {session.tmp.path}")


def find_secrets(session: SessionFacts) -> Verdict:
    """Name secrets of the hub that any program of this session can read."""
    if not session.secrets or session.uid == 0:
        return None
    return Fault(f"The session's environment has {' and '.join(session.secrets)}.")


def find_little_memory(session: SessionFacts) -> Verdict:
    """Tell whether grading would run out of memory."""
    if session.memory_bytes is None:
        return UNTOLD
    free = f"{session.memory_bytes / GIB:.1f} GiB of memory"
    if session.memory_bytes < LITTLE_MEMORY:
        return Fault(f"Only {free} can still be had.")
    return Holds(f"{free} can still be had.")


def find_tight_limits(session: SessionFacts) -> Verdict:
    """Name limits of the session that grading comes up against."""
    infinite = resource.RLIM_INFINITY
    tight = []
    if session.open_files != infinite and session.open_files < FEW_OPEN_FILES:
        tight.append(f"{session.open_files} open files (ulimit -n)")
    if session.processes != infinite and session.processes < FEW_PROCESSES:
        tight.append(f"{session.processes} processes (ulimit -u)")
    if session.file_size != infinite and session.file_size < SMALL_FILE:
        tight.append(f"files of {session.file_size >> 20} MiB (ulimit -f)")
    return Fault(f"This session may have at most {', '.join(tight)}.") if tight else None


def find_other_front_end(installed: InstalledFacts) -> Verdict:
    """Tell whether the browser gets another version of hubgrade than the server runs."""
    front, back = installed.front_end, installed.back_end
    if front is None:
        return Fault("hubgrade's panel is not installed where this session looks for it.", severity="error")
    if front != back:
        return Fault(f"The panel in the browser is hubgrade {front}, the server's part is {back}.")
    return Holds(f"hubgrade {back} in the browser and in the server.")


def find_other_nbgrader_front_end(installed: InstalledFacts) -> Verdict:
    """Tell whether nbgrader's own part in the browser is missing or of another version."""
    front, back = installed.nbgrader_front_end, installed.nbgrader
    if front is None:
        return Fault("nbgrader's own menus (Create Assignment, Assignment List) are not installed.")
    if front != back:
        return Fault(f"nbgrader's part in the browser is {front}, the server's is {back}.")
    return Holds(f"nbgrader {back} in the browser and in the server.")


def find_disabled(installed: InstalledFacts) -> Verdict:
    """Name parts in the browser that are switched off."""
    off = [name for name in installed.disabled if name.startswith(NBGRADER_FRONT_END)]
    return Fault(f"Switched off: {', '.join(off)}.") if off else None


def find_other_nbgrader(installed: InstalledFacts) -> Verdict:
    """Tell whether hubgrade has not been tried with the installed nbgrader."""
    version = installed.nbgrader
    if version is None:
        return Fault("nbgrader is not installed beside hubgrade.", severity="error")
    if not version.startswith("0.9."):
        return Fault(f"nbgrader {version} is installed; hubgrade is made for 0.9.6 and later ones of 0.9.")
    return Holds(f"nbgrader {version} is installed.")


UMASK = Check(
    "session.umask",
    "The others of a shared course can write what you make",
    "session",
    "error",
    "In a course that a Unix group shares, every file has to be writable by the group.",
    "Ask an administrator to start your session with umask 002.",
    find_strict_umask,
)
HOME_OPEN = Check(
    "session.home_open",
    "Other users cannot look into your home folder",
    "session",
    "warning",
    "Courses, and students' work, lie there.",
    "Run: chmod 700 on your home folder.",
    find_open_home,
    EVERYONE,
)
HOME_WRITABLE = Check(
    "session.home_writable",
    "You may write to your home folder",
    "session",
    "error",
    "Jupyter keeps its own files there: the next start of your server would fail.",
    "Ask an administrator to give the folder to you.",
    find_home_unwritable,
    EVERYONE,
)
HOME_SPACE = Check(
    "session.home_space",
    "Your home folder has room",
    "session",
    "warning",
    "Jupyter cannot start, and notebooks cannot be saved, when there is none.",
    "Remove what you no longer need, or ask for more room.",
    find_home_full,
    EVERYONE,
)
JUPYTER_DIRS = Check(
    "session.jupyter_dirs_owner",
    "Jupyter's own folders are yours",
    "session",
    "error",
    "A server that cannot write its own folders does not start: the hub says “500” after ten seconds.",
    "Ask an administrator to give them to you.",
    find_foreign_jupyter,
    EVERYONE,
)
TMP = Check(
    "session.tmp",
    "Temporary files can be written",
    "session",
    "error",
    "Kernels, generating and grading all write temporary files.",
    "Make room there, or set TMPDIR to a folder with room before the server starts.",
    find_no_tmp,
    EVERYONE,
)
SECRETS = Check(
    "session.secret_env",
    "The session has no secret of the hub in its environment",
    "session",
    "error",
    "Any notebook in this session could steer the hub's proxy and read every user's cookies; a "
    "recipe of 2015 "
    "had instructors export it.",
    "Remove it from your shell's start files and from the hub's Spawner.environment; nobody but "
    "the hub needs it.",
    find_secrets,
    EVERYONE,
)
MEMORY = Check(
    "session.memory",
    "There is memory left for grading",
    "session",
    "warning",
    "Each kernel needs memory; without it the system ends kernels, and grading with them.",
    "Shut down kernels that you do not need, or ask for more memory.",
    find_little_memory,
)
LIMITS = Check(
    "session.limits",
    "The session's limits leave room for grading",
    "session",
    "warning",
    "Each submission that is graded at the same time needs processes and open files.",
    "Ask an administrator to raise these limits.",
    find_tight_limits,
)
FRONT_END = Check(
    "labextension.version",
    "hubgrade in the browser and in the server are of one version",
    "session",
    "warning",
    "Panel and server speak of the same things in the words of their version.",
    "Reload the page; if that does not help, install hubgrade again and restart the server.",
    find_other_front_end,
    EVERYONE,
)
NBGRADER_FRONT = Check(
    "labextension.installed",
    "nbgrader's own menus are installed",
    "session",
    "warning",
    "Points and solution cells are entered in nbgrader's Create Assignment panel.",
    "Install nbgrader again in this environment.",
    find_other_nbgrader_front_end,
)
DISABLED = Check(
    "labextension.disabled",
    "nbgrader's own menus are switched on",
    "session",
    "info",
    "A menu that is switched off is missing, although its page answers.",
    "Run: jupyter labextension enable NAME, for what you want back.",
    find_disabled,
)
NBGRADER = Check(
    "nbgrader.version",
    "The installed nbgrader is one that hubgrade is made for",
    "session",
    "warning",
    "hubgrade works with nbgrader's gradebook and exchange as that version has them.",
    "Install nbgrader 0.9.6 or a later 0.9.",
    find_other_nbgrader,
    EVERYONE,
)
