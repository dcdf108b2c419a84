"""The local executor: many bundles at once in one worker process, with the face of concurrent.futures."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import zmq.asyncio

from hubgrade_ext.core.errors import HubgradeError, InternalError, InvalidRequest
from hubgrade_ext.grading.execution.bundle import Bundle, BundleResult, Level
from hubgrade_ext.grading.execution.gate import Gate
from hubgrade_ext.grading.execution.isolation import choose
from hubgrade_ext.grading.execution.kernel_server import KernelServer
from hubgrade_ext.grading.execution.kernels import Programs, installed_programs
from hubgrade_ext.grading.execution.reachable import Request
from hubgrade_ext.grading.execution.submission_run import SubmissionRun, failed

_MOST_SERVERS = 2
_MOST_AT_ONCE = 12

Result = concurrent.futures.Future[BundleResult]


class ExecutorSettings(msgspec.Struct, frozen=True):
    """Hold what all bundles of one executor share.

    `level` None is the strongest that works here. `hidden` are paths that
    student code must not see even inside of what it may (course, exchange);
    `readable` are further ones that it may. `env` is given to every kernel,
    and to the warm process (`PYTHONPATH` works). `cores` None is all that this
    process may use; `most_at_once` bounds the memory. `preload` is what the first
    bundles' will be: the warm process for it starts together with the executor.
    """

    level: Level | None = None
    hidden: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    env: dict[str, str] = {}
    cores: int | None = None
    most_at_once: int = _MOST_AT_ONCE
    preload: tuple[str, ...] | None = None


class LocalExecutor(concurrent.futures.Executor):
    """Execute bundles in this process's event loop thread and in sandboxes.

    `submit(execute_bundle, bundle)` returns a future of BundleResult; whatever
    happens in a submission is in that, not an exception. A future's `cancel`
    works until the submission has started; `stop` ends one that has.
    Raises IsolationUnavailable when `settings.level` does not work here.
    """

    def __init__(self, settings: ExecutorSettings | None = None) -> None:
        self.settings = settings or ExecutorSettings()
        self.level: Level = choose(self.settings.level)
        self._loop = asyncio.new_event_loop()
        self._context = zmq.asyncio.Context()
        cores = self.settings.cores or len(os.sched_getaffinity(0))
        # One more than the cores: while one kernel answers, another waits for its answer.
        self._gate = Gate(cores + 1, max(1, self.settings.most_at_once))
        self._servers: dict[tuple[str, ...], asyncio.Task[KernelServer]] = {}
        self._users: dict[int, int] = {}
        self._closing: set[asyncio.Future[None]] = set()
        self._runs: dict[Result, SubmissionRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        # found here: beside a thread that computes, each of its many looks at files would wait its turn
        programs = None if self.settings.preload is None else installed_programs()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hubgrade-execution", daemon=True)
        self._thread.start()
        if self.settings.preload is not None:
            self._loop.call_soon_threadsafe(self._warm_up, self.settings.preload, programs)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Result:  # type: ignore[override]
        """Execute the bundle `args[0]`; `fn` must be `execute_bundle`."""
        if fn is not execute_bundle or len(args) != 1 or kwargs or not isinstance(args[0], Bundle):
            raise InvalidRequest("A LocalExecutor executes bundles: submit(execute_bundle, bundle).")
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Result = concurrent.futures.Future()
        self._loop.call_soon_threadsafe(self._begin, args[0], future)
        return future

    def run_all(self, bundles: Iterable[Bundle]) -> Iterator[BundleResult]:
        """Yield results as they end, taking bundles from the iterable only as they are needed."""
        ahead = 2 * self.settings.most_at_once
        waiting: set[Result] = set()
        source = iter(bundles)
        try:
            while True:
                for bundle in source:
                    waiting.add(self.submit(execute_bundle, bundle))
                    if len(waiting) >= ahead:
                        break
                if not waiting:
                    return
                done, waiting = concurrent.futures.wait(
                    waiting, return_when=concurrent.futures.FIRST_COMPLETED
                )
                for future in done:
                    yield future.result()
        finally:
            for future in waiting:
                self.stop(future)

    def stop(self, future: Result) -> None:
        """Cancel a submission; one that runs ends at once, with the outcome `cancelled`."""
        if not future.cancel():
            self._loop.call_soon_threadsafe(self._stop, future)

    def _stop(self, future: Result) -> None:
        run = self._runs.get(future)
        if run is not None:
            run.stop("cancelled")

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End; with `cancel_futures` the running ones too, else after the last."""
        self._closed = True
        if self._loop.is_closed():
            return
        ended = asyncio.run_coroutine_threadsafe(self._finish(cancel_futures), self._loop)
        if wait:
            ended.result()
            self._thread.join()
            self._loop.close()

    async def _finish(self, cancel: bool) -> None:
        if cancel:
            for future, run in list(self._runs.items()):
                future.cancel()
                run.stop("cancelled")
        while self._tasks:
            await asyncio.wait(set(self._tasks))
        # what kept one from starting was told to whoever asked for it
        servers = await asyncio.gather(*self._servers.values(), return_exceptions=True)
        for server in servers:
            if isinstance(server, KernelServer):
                server.close()
        await asyncio.gather(*self._closing)
        self._context.destroy(linger=0)
        self._loop.call_soon(self._loop.stop)

    def _begin(self, bundle: Bundle, future: Result) -> None:
        task = self._loop.create_task(self._execute(bundle, future))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _execute(self, bundle: Bundle, future: Result) -> None:
        run = SubmissionRun(bundle, self._gate.look)
        self._runs[future] = run
        await self._gate.enter(run)
        try:
            if future.set_running_or_notify_cancel():
                future.set_result(await self._result(run))
        except Exception as error:  # noqa: BLE001  the caller's future is where it has to go
            future.set_exception(error)
        finally:
            self._runs.pop(future, None)
            self._gate.leave(run)

    async def _result(self, run: SubmissionRun) -> BundleResult:
        try:
            server = await self._server(run.bundle.preload)
        except HubgradeError as error:
            return failed(run.bundle, self.level, error)
        self._users[id(server)] = self._users.get(id(server), 0) + 1
        try:
            return await run.execute(server, self._context)
        except HubgradeError as error:
            return failed(run.bundle, self.level, error)
        finally:
            self._users[id(server)] -= 1

    async def _server(self, preload: tuple[str, ...]) -> KernelServer:
        """Return the warm process of this list of modules, started anew when it is gone."""
        task = self._servers.get(preload)
        if task is not None and task.done() and (task.exception() or not task.result().alive):
            self._end_server(preload)
            task = None
        if task is None:
            self._retire()
            task = self._warm_up(preload)
        return await asyncio.shield(task)

    def _warm_up(
        self, preload: tuple[str, ...], programs: Programs | None = None
    ) -> asyncio.Task[KernelServer]:
        task = self._loop.create_task(asyncio.to_thread(self._start_server, preload, programs))
        self._servers[preload] = task
        return task

    def _retire(self) -> None:
        """End the oldest idle servers, so that at most `_MOST_SERVERS` take memory."""
        for preload, task in list(self._servers.items()):
            if len(self._servers) < _MOST_SERVERS:
                return
            if task.done() and (task.exception() or not self._users.get(id(task.result()))):
                self._end_server(preload)

    def _end_server(self, preload: tuple[str, ...]) -> None:
        task = self._servers.pop(preload)
        if not task.exception():
            server = task.result()
            self._users.pop(id(server), None)
            self._closing.add(self._loop.run_in_executor(None, server.close))

    def _start_server(self, preload: tuple[str, ...], programs: Programs | None) -> KernelServer:
        settings = self.settings
        reach = Request(
            programs or installed_programs(), settings.readable, settings.hidden, str(Path.home())
        )
        server = KernelServer(self.level, reach, preload, settings.env)
        try:
            server.start()
        except OSError as error:
            server.close()
            raise InternalError(f"The kernel server could not start: {error}.") from error
        except BaseException:
            server.close()
            raise
        return server


@functools.cache
def _own_executor() -> LocalExecutor:
    return LocalExecutor()


def execute_bundle(bundle: Bundle) -> BundleResult:
    """Execute a bundle in this process, with a warm executor that is kept; what a cluster's worker calls."""
    return _own_executor().submit(execute_bundle, bundle).result()
