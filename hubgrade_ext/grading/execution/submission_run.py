"""Run one bundle: its notebooks one after the other in one scratch, each in a kernel of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import zmq.asyncio
from msgspec import structs

from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.grading.execution import outcomes
from hubgrade_ext.grading.execution.bundle import (
    Bundle,
    BundleFile,
    BundleResult,
    Level,
    NotebookResult,
    OutcomeKind,
)
from hubgrade_ext.grading.execution.kernel_server import KernelServer
from hubgrade_ext.grading.execution.kernels import Sandbox
from hubgrade_ext.grading.execution.notebook_run import NotebookRun, loaded, voided
from hubgrade_ext.grading.execution.redaction import redact_files, without_hidden_tests
from hubgrade_ext.grading.execution.scratch import ScratchFolder, changes

_SPARE_BYTES = 16 * 1024**2
_HANDED_IN = "timestamp.txt"


class SubmissionRun:
    """Run one bundle on a kernel server; `stop` ends it from outside."""

    def __init__(self, bundle: Bundle, on_change: Callable[[], None]) -> None:
        self.bundle = bundle
        self.on_change = on_change
        self.stopped: OutcomeKind | None = None
        self._run: NotebookRun | None = None
        self._context: zmq.asyncio.Context | None = None
        self._cpu_left_s = bundle.limits.cpu_s

    @property
    def busy(self) -> bool:
        """Say whether it uses a core: everything does, until its kernel is known to wait."""
        kernel = self._run.kernel if self._run is not None else None
        return kernel is None or not kernel.alive or kernel.busy

    def stop(self, kind: OutcomeKind) -> None:
        """End what runs and what would; the first reason stays."""
        self.stopped = self.stopped or kind
        if self._run is not None:
            self._run.stop(kind)

    async def execute(self, server: KernelServer, context: zmq.asyncio.Context) -> BundleResult:
        """Run every notebook; every failure is an outcome. Raises HubgradeError when the server is gone."""
        self._context = context
        bundle = self.bundle
        started = time.monotonic()
        own_bytes = sum(len(file.content) for file in bundle.files)
        scratch = server.new_scratch(bundle.limits.disk_bytes + own_bytes + _SPARE_BYTES)
        deadline = asyncio.get_running_loop().call_later(
            bundle.limits.submission_timeout_s, self.stop, "submission_timed_out"
        )
        try:
            scratch.write_files(self._shown_files())
            notebooks = voided([await self._notebook(path, server, scratch) for path in bundle.notebooks])
            # when it was handed in is not the student's to say
            kept = (*bundle.notebooks, _HANDED_IN)
            made = changes(scratch, bundle.files, kept, bundle.limits.returned_bytes)
        finally:
            deadline.cancel()
            server.drop_scratch(scratch)
        files, notebooks = self._redacted(made.files, notebooks)
        return BundleResult(
            bundle.bundle_id,
            outcomes.worst([notebook.outcome for notebook in notebooks]),
            tuple(notebooks),
            server.level,
            files,
            made.deleted,
            made.left_out,
            time.monotonic() - started,
            sum(notebook.cpu_s for notebook in notebooks),
        )

    def _shown_files(self) -> tuple[BundleFile, ...]:
        """Return its files without hidden tests: those are told to the kernel cell by cell."""
        bundle, markers = self.bundle, self.bundle.options.hidden_tests
        if markers is None:
            return bundle.files
        return tuple(without_hidden_tests(bundle.files, bundle.notebooks, *markers))

    def _redacted(
        self, files: tuple[BundleFile, ...], results: list[NotebookResult]
    ) -> tuple[tuple[BundleFile, ...], list[NotebookResult]]:
        """Take hidden tests out of what was written, and say so of the first notebook that is fine so far."""
        markers = self.bundle.options.hidden_tests
        if not files or markers is None:
            return files, results
        notebooks = [loaded(self.bundle, path) for path in self.bundle.notebooks]
        clean, found = redact_files(files, notebooks, *markers)
        fine = next((at for at, one in enumerate(results) if one.outcome.kind == "ok"), None)
        if found and fine is not None:
            results[fine] = structs.replace(results[fine], outcome=outcomes.hidden_tests_written(found))
        return clean, results

    async def _notebook(self, path: str, server: KernelServer, scratch: ScratchFolder) -> NotebookResult:
        bundle = self.bundle
        sandbox = Sandbox(server, scratch, bundle.limits, bundle.env, self._cpu_left_s, self._context)
        self._run = NotebookRun(bundle, path, sandbox, self.on_change)
        if self.stopped:
            self._run.stopped = self.stopped
            return self._run.not_run()
        result = await self._run.execute()
        self._cpu_left_s = max(0.0, self._cpu_left_s - result.cpu_s)
        return result


def failed(bundle: Bundle, level: Level, error: HubgradeError) -> BundleResult:
    """Return the result of a bundle that could not be run at all."""
    outcome = outcomes.internal_error(error.message)
    notebooks = tuple(NotebookResult(path, outcome) for path in bundle.notebooks)
    return BundleResult(bundle.bundle_id, outcome, notebooks, level)
