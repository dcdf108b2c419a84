"""The configuration files that nbgrader reads for a course: where they are, and what each of them says.

Rising precedence, as nbgrader 0.9.6 applies them: `jupyter_config` on Jupyter's
path (in a virtual environment its own after the user's), `nbgrader_config` on the same path, then
`nbgrader_config` in the course folder. Of two files with the same stem, `.json`
comes after `.py`. Needs traitlets, but not nbgrader.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import os
import re
import site
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jupyter_core.paths import jupyter_config_dir, jupyter_config_path
from traitlets.config.loader import Config, JSONFileConfigLoader, PyFileConfigLoader

from hubgrade_ext.core.errors import ConfigBroken, CourseBroken
from hubgrade_ext.core.secrets_masked import mask_urls
from hubgrade_ext.core.stopping import Stopped

Level = Literal["system", "user", "course"]
Stage = Literal["jupyter", "nbgrader", "course"]

_FOLDER_LOCK = threading.RLock()


@dataclass(frozen=True)
class ConfigSource:
    """One file that nbgrader looks for: `config` is empty when it is missing or broken."""

    path: Path
    level: Level
    stage: Stage
    exists: bool
    config: Config
    error: ConfigBroken | None = None


@contextlib.contextmanager
def working_folder(folder: Path) -> Iterator[None]:
    """Be in `folder` for a moment, as a command run there would, and come back even if the old one is gone.

    What configuration files print goes to standard error: standard output
    belongs to whoever called us.

    Raises: CourseBroken (it is gone, or this user may not enter it).
    """
    with _FOLDER_LOCK:
        before = os.open(".", getattr(os, "O_PATH", os.O_RDONLY))
        try:
            try:
                os.chdir(folder)
            except OSError as fault:
                raise CourseBroken(
                    f"The folder {folder} cannot be entered: {fault.strerror}.",
                    "See that it is there and that you may open it, then try again.",
                ) from fault
            try:
                with contextlib.redirect_stdout(sys.stderr):
                    yield
            finally:
                os.fchdir(before)
        finally:
            os.close(before)


def read_sources(folder: Path) -> list[ConfigSource]:
    """Read every file nbgrader would for a command run in `folder`, in rising precedence.

    Call it inside `working_folder(folder)`: the files may ask for the current folder.

    Source: nbgrader 0.9.6 `NbGrader.load_config_file`, jupyter_core `JupyterApp.load_config_file`.
    """
    path = [Path(p) for p in reversed(jupyter_config_path())]
    sources: list[ConfigSource] = []
    for stage, stem in (("jupyter", "jupyter_config"), ("nbgrader", "nbgrader_config")):
        for place in path:
            sources.extend(_read_pair(place, stem, _level(place), stage))  # type: ignore[arg-type]
    return sources + read_course_sources(folder)


def read_course_sources(folder: Path) -> list[ConfigSource]:
    """Read the two files that may stand in the course folder itself."""
    return _read_pair(folder, "nbgrader_config", "course", "course")


def merge_stage(sources: list[ConfigSource], stage: Stage) -> Config:
    """Merge one stage's files into a new Config; theirs stay as they were read."""
    merged = Config()
    for source in sources:
        if source.stage == stage:
            merged.merge(copy.deepcopy(source.config))
    return merged


def line_of(path: Path, name: str) -> int | None:
    """Return the last line of a Python file that sets `c.NAME` (`Class.trait`), None when not found."""
    if path.suffix != ".py":
        return None
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and re.fullmatch(rf"\w+\.{re.escape(name)}", ast.unparse(node))
    ]
    return max(lines, default=None)


def _level(place: Path) -> Level:
    """Tell a user's own folder from the machine's."""
    own = {Path(jupyter_config_dir()), Path(site.getuserbase(), "etc", "jupyter")}
    return "user" if place in own else "system"


def _read_pair(place: Path, stem: str, level: Level, stage: Stage) -> list[ConfigSource]:
    return [_read(place / f"{stem}{suffix}", level, stage) for suffix in (".py", ".json")]


def _read(path: Path, level: Level, stage: Stage) -> ConfigSource:
    try:
        if not path.is_file():
            return ConfigSource(path, level, stage, exists=False, config=Config())
    except PermissionError:
        # a folder on Jupyter's path that this user may not look into: nbgrader passes it by
        return ConfigSource(path, level, stage, exists=False, config=Config())
    kind = PyFileConfigLoader if path.suffix == ".py" else JSONFileConfigLoader
    try:
        config = kind(path.name, path=str(path.parent)).load_config()
    except (KeyboardInterrupt, Stopped):
        raise
    except BaseException as error:  # noqa: BLE001 (somebody else's program: it may raise anything)
        return ConfigSource(path, level, stage, True, Config(), _broken(path, error))
    return ConfigSource(path, level, stage, exists=True, config=config)


def _broken(path: Path, error: BaseException) -> ConfigBroken:
    line = _line_of_error(path, error)
    where = f"{path}, line {line}" if line else str(path)
    if isinstance(error, SystemExit):
        fact = "it ends the program (exit)"
    elif isinstance(error, SyntaxError):
        fact = f"it is not valid Python: {error.msg}"
    elif isinstance(error, PermissionError):
        return ConfigBroken(
            f"The configuration file {path} cannot be read: permission denied.",
            "Give your user the permission to read it, or ask its owner to.",
        )
    else:
        fact = f"{type(error).__name__}: {mask_urls(str(error))}" if str(error) else type(error).__name__
    return ConfigBroken(
        f"The configuration file {where}{',' if line else ''} cannot be loaded: {fact}.",
        f"Mend {f'line {line} of ' if line else ''}that file, or move the file away.",
    )


def _line_of_error(path: Path, error: BaseException) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    frames = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    if frames:
        return frames[-1]
    line = getattr(error, "lineno", None)
    return line if isinstance(line, int) else None
