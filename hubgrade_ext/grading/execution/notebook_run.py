"""Run one notebook, cell by cell, as nbgrader's Execute does, in a sandbox and within limits."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from msgspec import structs
from nbclient.client import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.notebooknode import from_dict
from nbformat.v4 import new_code_cell

from hubgrade_ext.core.errors import HubgradeError, InternalError
from hubgrade_ext.grading.execution import outcomes
from hubgrade_ext.grading.execution.bundle import Bundle, NotebookResult, Outcome, OutcomeKind, check_outputs
from hubgrade_ext.grading.execution.canary import FORGET, canaries, has_failed, has_forged_result, is_test
from hubgrade_ext.grading.execution.direct_client import (
    Client,
    DirectClient,
    DirectManager,
    Manager,
    manager_for,
)
from hubgrade_ext.grading.execution.kernel_server import KernelProcess
from hubgrade_ext.grading.execution.kernels import (
    KernelMissing,
    KernelStartFailed,
    Sandbox,
)
from hubgrade_ext.grading.execution.redaction import redact

logger = logging.getLogger(__name__)

_END_TIMEOUT_S = 20.0
_MESSAGE_OVERHEAD_BYTES = 500
_LONGEST_STRETCH = 8.0
_CUT_PATIENCE_S = 0.2
_ANSWER_S = 1.0
_NO_MEMORY = ("MemoryError", "_ArrayMemoryError")
# Source: nbclient 0.10 `NotebookClient.skip_cells_with_tag`
_SKIPPING_TAG = "skip-execution"


class _Runner(NotebookClient):
    """Know at once when the kernel ends, count its output, and be fair about time spent waiting for a CPU."""

    client: Client

    def __init__(self, notebook: NotebookNode, run: NotebookRun, **traits: Any) -> None:
        self.run = run
        super().__init__(notebook, **traits)
        self.log = logger
        self.on_cell_executed = _record_error
        self.waited_before_s = 0.0

    async def _async_poll_kernel_alive(self) -> None:
        await self.run.process.over.wait()
        assert self.task_poll_for_reply is not None
        self.task_poll_for_reply.cancel()

    async def _async_handle_timeout(self, timeout: int, cell: NotebookNode | None = None) -> Any:
        """Give back the time for which the kernel stood in line for a CPU; alone it would have had it."""
        given_s = 0.0
        while given_s < timeout * _LONGEST_STRETCH:
            extra_s = await self.run.waited_s() - self.waited_before_s - given_s
            if extra_s < 0.05 * timeout:
                break
            given_s += extra_s
            if await self._answered(extra_s):
                return None
        self.run.note_timeout()
        return await super()._async_handle_timeout(timeout, cell)

    async def _answered(self, timeout_s: float) -> bool:
        """Wait for an answer to be there; raises DeadKernelError."""
        poll: asyncio.Future[Any] = asyncio.ensure_future(self.client.answered(timeout_s))
        over: asyncio.Future[Any] = asyncio.ensure_future(self.run.process.over.wait())
        await asyncio.wait({poll, over}, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if not poll.done():
            poll.cancel()
            raise DeadKernelError("Kernel died")
        return bool(poll.result())


def _node(value: object) -> Any:
    return from_dict(value)  # type: ignore[no-untyped-call]


def _runs(cell: NotebookNode) -> bool:
    """Say whether a kernel has anything to do with this cell. Source: nbclient 0.10 `async_execute_cell`."""
    return bool(cell.cell_type == "code" and cell.source.strip())


def _check(cell: NotebookNode, index: int) -> None:
    """Refuse outputs of a code cell that no notebook can hold, before anybody relies on them."""
    if cell.cell_type != "code":
        return
    check_outputs(cell.outputs, cell.execution_count, f"Cell {index + 1}")
    try:
        json.dumps(cell.outputs, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise InternalError(f"Cell {index + 1}: the kernel sent an output that is not JSON.") from error


def _record_error(cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
    """Source: nbgrader.preprocessors.execute.Execute.on_cell_executed (0.9.6)."""
    content = execute_reply["content"]
    if content["status"] != "error":
        return
    if any(output.output_type == "error" and output.ename == content["ename"] for output in cell.outputs):
        return
    traceback = content["traceback"] or ["ERROR: An error occurred while showtraceback was disabled"]
    cell.outputs.append(_error(content["ename"], content["evalue"], traceback))


def _error(ename: str, evalue: str, traceback: list[str]) -> NotebookNode:
    return NotebookNode(  # type: ignore[no-untyped-call]
        output_type="error", ename=ename, evalue=evalue, traceback=traceback
    )


class NotebookRun:
    """Run one notebook of a bundle; `stop` ends it from outside.

    `on_change` is called when the kernel gets busy or idle; `started` when its
    start is over.
    """

    def __init__(self, bundle: Bundle, path: str, sandbox: Sandbox, on_change: Callable[[], None]) -> None:
        self.bundle = bundle
        self.path = path
        self.sandbox = sandbox
        self.on_change = on_change
        self.kernel: KernelProcess | None = None
        self.cell: int | None = None
        self.stopped: OutcomeKind | None = None
        self.timed_out: int | None = None
        self.tests_disabled: int | None = None
        self._watches_tests = False
        self.output_bytes = 0
        self.completed = False
        self._cut: asyncio.Task[None] | None = None

    @property
    def process(self) -> KernelProcess:
        """Return the kernel, which has been started."""
        assert self.kernel is not None
        return self.kernel

    def stop(self, kind: OutcomeKind) -> None:
        """End the kernel and say why; the first reason stays."""
        self.stopped = self.stopped or kind
        if self.kernel is not None:
            self.kernel.kill()

    def note_timeout(self) -> None:
        """Remember the first cell that timed out."""
        if self.timed_out is None:
            self.timed_out = self.cell

    def count_output(self, size_bytes: int) -> None:
        """Add up what the kernel sends, and end it when that is too much."""
        self.output_bytes += size_bytes + _MESSAGE_OVERHEAD_BYTES
        if self.output_bytes > self.bundle.limits.output_bytes:
            self.stop("too_large")

    async def waited_s(self) -> float:
        """Return how long the kernel has stood in line for a CPU."""
        answers = self.process.answers
        self.process.ask_waited()
        while self.process.alive and self.process.answers == answers:
            await self.process.heard(_ANSWER_S)
        return self.process.waited_s

    async def execute(self) -> NotebookResult:
        """Run it; every failure is an outcome."""
        started = time.monotonic()
        notebook = loaded(self.bundle, self.path)
        try:
            name = self.bundle.kernel_name or notebook.metadata.get("kernelspec", {}).get("name") or "python3"
            manager = manager_for(self.sandbox, name, self.bundle.options.extra_arguments)
            if isinstance(manager, DirectManager) and not any(map(_runs, notebook.cells)):
                outcome = self._without_kernel(notebook)
            else:
                outcome = await self._in_kernel(manager, notebook)
        except KernelMissing as error:
            outcome = Outcome("kernel_missing", error.message, error.remedy)
        except KernelStartFailed as error:
            outcome = self._why(error.message)
        except (DeadKernelError, CellTimeoutError):
            outcome = self._why("")
        except HubgradeError as error:
            outcome = outcomes.internal_error(error.message, self.cell)
        except Exception as error:
            # The kernel's messages are a student's, and can break nbclient anywhere.
            logger.warning("execution of %s failed", self.path, exc_info=True)
            outcome = (
                self._why("")
                if self.stopped
                else outcomes.internal_error(
                    f"What the kernel sent could not be understood ({type(error).__name__}).", self.cell
                )
            )
        finally:
            await self._end()
            if self._cut is not None:
                self._cut.cancel()
        try:
            return self._result(notebook, outcome, time.monotonic() - started)
        except Exception as error:  # what was checked, a later message can have changed
            logger.warning("the outputs of %s cannot be kept", self.path, exc_info=True)
            sentence = f"The kernel sent outputs that no notebook can hold ({type(error).__name__})."
            return NotebookResult(self.path, outcomes.internal_error(sentence, self.cell))

    def not_run(self) -> NotebookResult:
        """Return the result of a notebook whose submission was stopped before its turn."""
        outcome = self._why("")
        if self.stopped == "cancelled":
            return NotebookResult(self.path, outcome)
        return self._result(loaded(self.bundle, self.path), outcome, 0.0)

    def _without_kernel(self, notebook: NotebookNode) -> Outcome:
        """Leave the notebook as a kernel would that had nothing to run."""
        notebook.metadata["language_info"] = _node(self.sandbox.server.language_info)
        for index, cell in enumerate(notebook.cells):
            _check(cell, index)
        self.completed = True
        return outcomes.OK

    async def _in_kernel(self, manager: Manager, notebook: NotebookNode) -> Outcome:
        options = self.bundle.options
        try:
            client = await manager.connect(options.extra_arguments, options.startup_timeout_s)
        finally:
            self.kernel = manager.process
        if self.stopped:
            client.hang_up()
            raise DeadKernelError("stopped before it was ready")
        self.process.on_change = self.on_change
        runner = self._runner(manager, notebook)
        runner.kc = runner.client = client  # type: ignore[assignment]  # one of them is not jupyter_client's
        client.open(self.count_output, self._on_cut)
        try:
            info = await client.greet(options.startup_timeout_s)
            notebook.metadata["language_info"] = _node(info["language_info"])
            is_python = info["language_info"].get("name") == "python"
            self._watches_tests = options.canaries and is_python
            unseen = canaries(notebook) if self._watches_tests else {}
            for index, cell in enumerate(notebook.cells):
                await self._run_canary(runner, unseen.get(index), index)
                await self._run_cell(runner, cell, index)
            await self._run_canary(runner, unseen.get(len(notebook.cells)), len(notebook.cells) - 1)
            if self._watches_tests and isinstance(client, DirectClient) and client.answered_twice:
                self._note_tampering(len(notebook.cells) - 1)
            runner.set_widgets_metadata()
            self.completed = not self.stopped
        finally:
            client.hang_up()
        if self.stopped:
            raise DeadKernelError("stopped")
        if self.timed_out is not None:
            return outcomes.cell_timed_out(self.timed_out, self.bundle.limits, stubborn=False)
        return outcomes.OK

    def _runner(self, manager: Manager, notebook: NotebookNode) -> _Runner:
        options, limit_s = self.bundle.options, self.bundle.limits.cell_timeout_s
        return _Runner(
            notebook,
            self,
            km=manager,
            timeout=limit_s and max(1, round(limit_s)),
            interrupt_on_timeout=options.interrupt_on_timeout,
            allow_errors=options.allow_errors,
            raise_on_iopub_timeout=options.raise_on_iopub_timeout,
            iopub_timeout=round(options.iopub_timeout_s),
            error_on_timeout=options.error_on_timeout,
        )

    async def _run_cell(self, runner: _Runner, cell: NotebookNode, index: int) -> None:
        self.cell = index
        if _runs(cell) and self.bundle.limits.cell_timeout_s is not None:
            # Asked for in advance, answered while the cell runs: it costs no time.
            runner.waited_before_s = self.process.waited_s
            self.process.ask_waited()
        # whatever a student has tagged, a test that is not run has not been passed
        runner.skip_cells_with_tag = "" if is_test(cell) else _SKIPPING_TAG
        await runner.async_execute_cell(cell, index, store_history=True)
        _check(cell, index)
        if self._watches_tests and is_test(cell) and has_forged_result(cell):
            self._note_tampering(index)

    def _note_tampering(self, index: int) -> None:
        if self.tests_disabled is None:
            self.tests_disabled = index

    async def _run_canary(self, runner: _Runner, source: str | None, index: int) -> None:
        """Run a cell that must fail, as any other, and have the kernel forget it."""
        if source is None:
            return
        self.cell = index
        cell = new_code_cell(source, metadata={"tags": ["raises-exception"]})  # type: ignore[no-untyped-call]
        kept = runner.nb.cells[index]
        try:
            await runner.async_execute_cell(cell, index, store_history=True)
        finally:
            # nbclient puts what it has run into the notebook
            runner.nb.cells[index] = kept
        if not has_failed(cell):
            self._note_tampering(index)
        assert runner.kc is not None
        runner.kc.execute(FORGET, silent=True, store_history=False, allow_stdin=False)

    def _on_cut(self) -> None:
        self._cut = asyncio.ensure_future(self._after_cut())

    async def _after_cut(self) -> None:
        """End a kernel whose message was larger than allowed, at which the connection is cut."""
        # It is cut too when the kernel ends; the supervisor answers only while that lives.
        await asyncio.sleep(_CUT_PATIENCE_S)
        await self.waited_s()
        if self.process.alive:
            self.stop("too_large")

    def _why(self, sentence: str) -> Outcome:
        limits = self.bundle.limits
        if self.stopped == "submission_timed_out":
            return outcomes.submission_timed_out(limits, self.cell, cpu=False)
        if self.stopped == "too_large":
            return outcomes.too_large("output", limits.output_bytes, self.cell)
        if self.stopped == "cancelled":
            return outcomes.cancelled(self.cell)
        if self.kernel is not None and not self.kernel.alive and not sentence:
            return outcomes.died(self.kernel, limits, self.cell)
        if sentence:
            return Outcome("kernel_died", sentence, "Try the kernel on this machine.", self.cell)
        blamed = self.cell if self.timed_out is None else self.timed_out
        return outcomes.cell_timed_out(blamed or 0, limits, stubborn=True)

    async def _end(self) -> None:
        if self.kernel is None:
            return
        if self.kernel.alive:
            self.kernel.attach()
            self.kernel.kill()
            try:
                await asyncio.wait_for(self.kernel.over.wait(), _END_TIMEOUT_S)
            except TimeoutError as error:
                raise InternalError("A submission's processes could not be ended.") from error
        self.kernel.close()

    def _result(self, notebook: NotebookNode, outcome: Outcome, wall_s: float) -> NotebookResult:
        cells_run = len(notebook.cells) if self.completed else (self.cell or 0)
        if not self.completed:
            _mark_not_run(notebook, cells_run, outcome)
        shown = redact(notebook, *markers) if (markers := self.bundle.options.hidden_tests) else []
        if shown and outcome.kind == "ok":
            outcome = outcomes.hidden_tests_shown(shown)
        if outcome.kind == "ok" and (refused := _memory_refused(notebook)) is not None:
            outcome = outcomes.memory_refused(self.bundle.limits, refused)
        if self.tests_disabled is not None:
            outcome = outcomes.tests_disabled(self.tests_disabled)
            _void_tests(notebook, outcome)
        ended = self.kernel.ended if self.kernel is not None else None
        data = _encoded(notebook)
        return NotebookResult(self.path, outcome, data, cells_run, wall_s, ended.cpu_s if ended else 0.0)


def _memory_refused(notebook: NotebookNode) -> int | None:
    """Return the first cell that ended for want of memory."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            if output.output_type == "error" and output.ename in _NO_MEMORY:
                return index
    return None


def loaded(bundle: Bundle, path: str) -> NotebookNode:
    """Return one of a bundle's notebooks, with each cell's source as one string."""
    content = next(file.content for file in bundle.files if file.path == path)
    notebook: NotebookNode = _node(json.loads(content))
    for cell in notebook.cells:
        cell.source = "".join(cell.source)
    return notebook


def voided(results: list[NotebookResult]) -> list[NotebookResult]:
    """Return the results of one submission; where one switched its tests off, none counts."""
    caught = next((one for one in results if one.outcome.kind == "tests_disabled"), None)
    return results if caught is None else [_voided(one, caught.path) for one in results]


def _voided(result: NotebookResult, caught: str) -> NotebookResult:
    if result.outcome.kind == "tests_disabled" or result.notebook is None:
        return result
    notebook = _node(json.loads(result.notebook))
    outcome = outcomes.others_tests_disabled(caught)
    _void_tests(notebook, outcome)
    return structs.replace(result, outcome=outcome, notebook=_encoded(notebook))


def _encoded(notebook: NotebookNode) -> bytes:
    # Half of a surrogate pair is a string in Python, and no text anywhere else.
    return json.dumps(notebook, ensure_ascii=False, allow_nan=False).encode(errors="replace")


def _void_tests(notebook: NotebookNode, outcome: Outcome) -> None:
    """Give every test an error, so that it earns no automatic points."""
    for cell in notebook.cells:
        if is_test(cell):
            cell.outputs = [_error("NotCounted", outcome.sentence, [f"NotCounted: {outcome.sentence}"])]


def _mark_not_run(notebook: NotebookNode, first: int, outcome: Outcome) -> None:
    """Give every code cell from index `first` on an error, so that it can earn no automatic points."""
    for cell in notebook.cells[first:]:
        if cell.cell_type == "code":
            cell.outputs = [_error("NotExecuted", outcome.sentence, [f"NotExecuted: {outcome.sentence}"])]
            cell.execution_count = None
