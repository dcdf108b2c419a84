"""What goes into execution and what comes out: plain data that travels as bytes and is checked on arrival.

ok                    every cell ran (a cell may still have raised an exception)
cell_timed_out        `cell` took too long; if it could be interrupted, the ones after it ran
submission_timed_out  wall clock or CPU of all notebooks together
out_of_memory         ended for using more memory than allowed
kernel_died           ended by itself, or for starting too many processes
kernel_missing        no kernel of that name is installed here
too_large             output or files beyond the limits
cancelled             ended on request
internal_error        ours, or data from the kernel that makes no sense
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import msgspec

from hubgrade_ext.core.errors import InternalError, InvalidRequest
from hubgrade_ext.grading.execution.limits import Limits

OutcomeKind = Literal[
    "ok", "cell_timed_out", "submission_timed_out", "out_of_memory", "kernel_died",
    "kernel_missing", "too_large", "tests_disabled", "hidden_tests_shown", "cancelled", "internal_error",
]  # fmt: skip
Level = Literal["namespaces", "bubblewrap", "none"]

_SPARE_BYTES = 1024**2


def _error_on_timeout() -> dict[str, Any]:
    return {
        "ename": "CellTimeoutError",
        "evalue": "",
        "traceback": ["\x1b[0;31mCellTimeoutError\x1b[0m: No reply from kernel before timeout"],
    }


class BundleFile(msgspec.Struct, frozen=True):
    """Hold one regular file; `path` is relative, with `/`."""

    path: str
    content: bytes
    executable: bool = False


class ExecuteOptions(msgspec.Struct, frozen=True):
    """Hold the traits of nbgrader's `Execute` that shape a run (`timeout` is in Limits).

    `canaries`: run cells that must fail, to see that tests can. `hidden_tests` are
    nbgrader's markers of them, None when outputs are not to be searched.
    Source: nbgrader.preprocessors.execute.Execute (0.9.6), with its defaults.
    """

    interrupt_on_timeout: bool = True
    allow_errors: bool = True
    raise_on_iopub_timeout: bool = True
    iopub_timeout_s: float = 4.0
    startup_timeout_s: float = 60.0
    error_on_timeout: dict[str, Any] = msgspec.field(default_factory=_error_on_timeout)
    extra_arguments: tuple[str, ...] = ()
    canaries: bool = False
    hidden_tests: tuple[str, str] | None = None


class Bundle(msgspec.Struct, frozen=True):
    """Hold one submission: its files, and which of them are notebooks to run, in order.

    `bundle_id` is the caller's own label. `kernel_name` overrides what the
    notebooks say. `env` is added to the kernels' environment. `preload` names
    modules that the warm process imports before it forks, best effort; bundles
    with the same list share that process.
    """

    bundle_id: str
    files: tuple[BundleFile, ...]
    notebooks: tuple[str, ...]
    kernel_name: str | None = None
    env: dict[str, str] = {}
    preload: tuple[str, ...] = ()
    limits: Limits = Limits()
    options: ExecuteOptions = ExecuteOptions()


class Outcome(msgspec.Struct, frozen=True):
    """Say how it ended; `cell` is the index in the notebook, from 0, when one is to blame."""

    kind: OutcomeKind
    sentence: str = ""
    remedy: str = ""
    cell: int | None = None


class NotebookResult(msgspec.Struct, frozen=True):
    """Hold one notebook after execution.

    `notebook` is its JSON (nbformat 4, strings unsplit), None when it never ran.
    Code cells from index `cells_run` on did not run; each has an error output
    that says so, so that nbgrader gives a test there no points.
    """

    path: str
    outcome: Outcome
    notebook: bytes | None = None
    cells_run: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0


class BundleResult(msgspec.Struct, frozen=True):
    """Hold what execution made of a bundle.

    `outcome` is the first one that is not ok. `files` are those that student
    code made or changed, `deleted` those that are gone, `left_out` those that
    were not regular files or did not fit. `level` is the isolation in force.
    """

    bundle_id: str
    outcome: Outcome
    notebooks: tuple[NotebookResult, ...]
    level: Level
    files: tuple[BundleFile, ...] = ()
    deleted: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    wall_s: float = 0.0
    cpu_s: float = 0.0


def checked_path(path: str) -> PurePosixPath:
    """Return a bundle's path when it stays inside; raises InvalidRequest."""
    pure = PurePosixPath(path)
    if (
        not path
        or pure.is_absolute()
        or ".." in pure.parts
        or "\0" in path
        or str(pure) != path
        or path == "."
    ):
        raise InvalidRequest(f"{path!r} is not a path inside a submission.")
    return pure


def bundle_files(folder: Path) -> tuple[tuple[BundleFile, ...], tuple[str, ...]]:
    """Return a folder's regular files, and the paths passed over: links, devices, pipes.

    No link is followed: it could point at the instructor's files.
    """
    files: list[BundleFile] = []
    skipped: list[str] = []
    for base, folders, names in os.walk(folder, followlinks=False):
        links = [name for name in folders if Path(base, name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(base, name)
            relative = path.relative_to(folder).as_posix()
            try:
                handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                skipped.append(relative)
                continue
            with os.fdopen(handle, "rb") as stream:
                mode = os.fstat(handle).st_mode
                if stat.S_ISREG(mode):
                    files.append(BundleFile(relative, stream.read(), bool(mode & stat.S_IXUSR)))
                else:
                    skipped.append(relative)
    return tuple(files), tuple(skipped)


def encode(message: Bundle | BundleResult) -> bytes:
    """Return the bytes that travel between machines."""
    return msgspec.msgpack.encode(message)


def decode_bundle(data: bytes) -> Bundle:
    """Return the bundle; raises InvalidRequest."""
    try:
        return msgspec.msgpack.decode(data, type=Bundle)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"This is not a bundle: {error}.") from error


def decode_result(data: bytes, bundle: Bundle) -> BundleResult:
    """Return the result of `bundle` after `check_result`; raises InternalError."""
    limits = bundle.limits
    sent = sum(len(file.content) for file in bundle.files)
    most = len(bundle.notebooks) * 2 * limits.output_bytes + limits.returned_bytes + 2 * sent + _SPARE_BYTES
    if len(data) > most:
        raise InternalError(f"The result is {len(data)} bytes long, and at most {most} make sense.")
    try:
        result = msgspec.msgpack.decode(data, type=BundleResult)
    except msgspec.DecodeError as error:
        raise InternalError(f"The result makes no sense: {error}.") from error
    check_result(result, bundle)
    return result


def check_result(result: BundleResult, bundle: Bundle) -> None:
    """Refuse a result that is not one of `bundle`: other notebooks, other cells, outputs of no known shape.

    Raises InternalError. What a kernel can change is the outputs and the
    execution counts; cells' sources, ids and metadata must be those sent.
    """
    if result.bundle_id != bundle.bundle_id or [n.path for n in result.notebooks] != list(bundle.notebooks):
        raise InternalError("The result belongs to another bundle.")
    for file in result.files:
        checked_path(file.path)
    sent = {file.path: file.content for file in bundle.files}
    for notebook in result.notebooks:
        if notebook.notebook is not None:
            _check_notebook(notebook.notebook, sent[notebook.path], notebook.path)


class _Stream(msgspec.Struct, tag_field="output_type", tag="stream"):
    name: Literal["stdout", "stderr"]
    text: str


class _Display(msgspec.Struct, tag_field="output_type", tag="display_data"):
    data: dict[str, Any]
    metadata: dict[str, Any]


class _Execute(msgspec.Struct, tag_field="output_type", tag="execute_result"):
    data: dict[str, Any]
    metadata: dict[str, Any]
    execution_count: int | None


class _Error(msgspec.Struct, tag_field="output_type", tag="error"):
    ename: str
    evalue: str
    traceback: list[str]


Output = _Stream | _Display | _Execute | _Error


def _check_notebook(executed: bytes, sent: bytes, path: str) -> None:
    before, after = json.loads(sent)["cells"], _loaded(executed, path)
    if len(before) != len(after):
        raise InternalError(f"{path} came back with {len(after)} cells instead of {len(before)}.")
    for number, (old, new) in enumerate(zip(before, after, strict=True), start=1):
        source = "".join(old["source"])
        same = (
            new.get("cell_type") == old["cell_type"]
            and new.get("source") == source
            and new.get("id") == old.get("id")
            and _lasting(new.get("metadata")) == _lasting(old.get("metadata"))
        )
        if not same:
            raise InternalError(f"{path} came back with another cell {number} than was sent.")
        if old["cell_type"] == "code":
            check_outputs(new.get("outputs"), new.get("execution_count"), f"{path}, cell {number}")


def _lasting(metadata: dict[str, Any] | None) -> dict[str, Any]:
    """Leave out the times that nbclient records."""
    return {key: value for key, value in (metadata or {}).items() if key != "execution"}


def _loaded(executed: bytes, path: str) -> list[dict[str, Any]]:
    try:
        return msgspec.convert(msgspec.json.decode(executed), dict[str, Any])["cells"]  # type: ignore[no-any-return]
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError) as error:
        raise InternalError(f"{path} came back as no notebook: {error}.") from error


def check_outputs(outputs: object, execution_count: object, where: str) -> None:
    """Refuse outputs that nbformat 4 does not know; raises InternalError."""
    try:
        msgspec.convert(execution_count, int | None)
        msgspec.convert(outputs, list[Output])
    except msgspec.ValidationError as error:
        raise InternalError(f"{where}: the kernel sent an output that makes no sense ({error}).") from error
