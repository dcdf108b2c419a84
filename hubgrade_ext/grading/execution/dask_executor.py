"""Bundles executed by the workers of a Dask cluster, with the face of concurrent.futures.

submit ─► waiting ─► started on a worker ─► answer (bytes, checked) ─► the future's result
                       │ worker lost: dask starts it on another one, twice at most ─► WorkerLost

Workers announce each start over dask's events; that is how starts are counted, and how a submission that
waits is told from one that runs. No file system is shared: a bundle travels in its order.

Answers are fetched in dask's event loop, and told in a thread of the executor's own. Dask's callbacks share
one thread in a process, and one that asks a client that is being closed may wait there for ever.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import logging
import secrets
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import msgspec
from distributed import CancelledError, Client, KilledWorker
from distributed import Future as DaskFuture

from hubgrade_ext.core.dask_options import DaskSettings
from hubgrade_ext.core.errors import Conflict, CourseBroken, HubgradeError, InternalError, InvalidRequest
from hubgrade_ext.grading.execution.bundle import Bundle, BundleResult, decode_result
from hubgrade_ext.grading.execution.dask_cluster import ClusterLost, cluster_client, no_workers
from hubgrade_ext.grading.execution.dask_worker import Answer, Order, execute_order, pack, stop_orders
from hubgrade_ext.grading.execution.engine import ExecutorSettings, Result, execute_bundle
from hubgrade_ext.grading.execution.kernel_server import IsolationUnavailable
from hubgrade_ext.grading.execution.submission_run import failed

log = logging.getLogger(__name__)
_MOST_STARTS = 3
_LOOK_S = 5.0
_STOP_TIMEOUT_S = 10.0


class WorkerLost(CourseBroken):
    """Each worker that a submission was given to was lost while it ran there."""

    code = "worker_lost"


class ClusterUnfit(Conflict):
    """The workers cannot do what is asked of them."""

    code = "cluster_unfit"


class _Task:
    """A bundle under way."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.future: Result = concurrent.futures.Future()
        self.handle: DaskFuture[bytes] | None = None
        self.starts = 0
        self._begun = False
        self._lock = threading.Lock()

    def begin(self) -> bool:
        """Say that it runs, if it was not said before; False when it was cancelled."""
        with self._lock:
            self._begun = self._begun or self.future.set_running_or_notify_cancel()
            return self._begun


class DaskExecutor(concurrent.futures.Executor):
    """Execute bundles on a cluster; `submit(execute_bundle, bundle)` returns a future of BundleResult.

    A future raises WorkerLost when that submission could not be executed, and another HubgradeError when
    the cluster cannot be used at all. `stop` ends a submission that runs, with the outcome `cancelled`.
    Raises ClusterLost (not reached, no workers), ConfigBroken.
    """

    def __init__(self, settings: ExecutorSettings, dask: DaskSettings) -> None:
        self.settings = settings
        self.dask = dask
        self._run = f"hubgrade-{secrets.token_hex(8)}-"
        self._count = 0
        self._lock = threading.Lock()
        self._tasks: dict[str, _Task] = {}
        self._closing = threading.Event()
        self._resources = ExitStack()
        self._client: Client = self._resources.enter_context(cluster_client(dask))
        self._event_loop: asyncio.AbstractEventLoop = self._client.loop.asyncio_loop  # type: ignore[union-attr]
        self._threads = 1
        # told in dask's event loop, which must not wait for anything
        self._news = concurrent.futures.ThreadPoolExecutor(1, "hubgrade-cluster-news")
        self._client.subscribe_topic(self._run, lambda event: self._news.submit(self._started, event))
        self._watcher = threading.Thread(target=self._watch, name="hubgrade-cluster", daemon=True)
        self._watcher.start()

    @property
    def ahead(self) -> int:
        """Return how many submissions should be under way, so that no worker has to wait for the next."""
        return 2 * self._threads

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Result:  # type: ignore[override]
        """Execute the bundle `args[0]`; `fn` must be `execute_bundle`."""
        if fn is not execute_bundle or len(args) != 1 or kwargs or not isinstance(args[0], Bundle):
            raise InvalidRequest("A DaskExecutor executes bundles: submit(execute_bundle, bundle).")
        if self._closing.is_set():
            raise RuntimeError("cannot schedule new futures after shutdown")
        bundle = args[0]
        self._refuse_open_network(bundle)
        task = _Task(bundle)
        with self._lock:
            self._count += 1
            order_id = f"{self._run}{self._count}."  # no id is the beginning of another
            self._tasks[order_id] = task
        order = Order(order_id, bundle, self.settings.level, self.settings.hidden, self.settings.readable)
        try:
            task.handle = self._client.submit(execute_order, pack(order, self._run), key=order_id, pure=False)
            fetched = self._client.gather(task.handle, asynchronous=True)
            answer = asyncio.run_coroutine_threadsafe(fetched, self._event_loop)
        except BaseException:
            del self._tasks[order_id]  # nobody would ever end it
            raise
        answer.add_done_callback(functools.partial(self._fetched, order_id))
        task.future.add_done_callback(functools.partial(self._done, order_id))
        return task.future

    def stop(self, future: Result) -> None:
        """Cancel a submission; one that runs ends at once, with the outcome `cancelled`."""
        order_id = next((name for name, task in list(self._tasks.items()) if task.future is future), None)
        if order_id is not None and not future.cancel():
            self._client.run(stop_orders, order_id, on_error="ignore")

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End; with `cancel_futures` what runs is ended too, else after the last."""
        if self._closing.is_set():
            return
        if not cancel_futures:
            concurrent.futures.wait([task.future for task in list(self._tasks.values())])
        self._closing.set()
        running = [name for name, task in list(self._tasks.items()) if not task.future.cancel()]
        if running and self._client.status == "running":
            self._end_running(running)
        self._watcher.join()
        self._news.shutdown(cancel_futures=True)
        self._resources.close()

    def _end_running(self, running: list[str]) -> None:
        """Let nothing go on on the workers that nobody waits for any more."""
        self._client.run(stop_orders, self._run, on_error="ignore")
        futures = [task.future for name in running if (task := self._tasks.get(name)) is not None]
        concurrent.futures.wait(futures, timeout=_STOP_TIMEOUT_S)
        for name in running:
            self._give_up(name, ClusterLost("The run was ended.", "Grade it again."))

    def _refuse_open_network(self, bundle: Bundle) -> None:
        address = self._client.scheduler_info()["address"] if bundle.limits.network else ""
        if address and not address.startswith("tls://"):
            raise ClusterUnfit(
                "The assignment allows student code the network, and over it that code could give orders to"
                " the Dask cluster, which is not protected by TLS.",
                "Set up TLS for the cluster (c.HubgradeDask.security), or take away the network.",
            )

    def _started(self, event: tuple[float, dict[str, str]]) -> None:
        order_id = event[1]["order_id"]
        with self._lock:
            task = self._tasks.get(order_id)
            if task is None:
                return
            task.starts += 1
        task.begin()
        if task.starts > _MOST_STARTS:
            self._give_up(order_id, _lost())

    def _fetched(self, order_id: str, answer: concurrent.futures.Future[bytes]) -> None:
        with suppress(RuntimeError):  # shut down: every task has been given up
            self._news.submit(self._ended, order_id, answer)

    def _ended(self, order_id: str, answer: concurrent.futures.Future[bytes]) -> None:
        """Take what came back."""
        task = self._tasks.get(order_id)
        if task is None:
            return
        try:
            result = _checked(answer.result(0), task.bundle)
        except InternalError as error:
            self._finish(order_id, failed(task.bundle, self.settings.level or "none", error))
        except HubgradeError as error:
            self._give_up(order_id, error)
        except KilledWorker:
            self._give_up(order_id, _lost())
        except Exception as error:  # noqa: BLE001  whoever waits for the future has to be told
            failed_there = task.handle is not None and task.handle.status == "error"
            self._give_up(order_id, _unfit(error) if failed_there else _cluster_lost(error))
        else:
            self._finish(order_id, result)

    def _finish(self, order_id: str, result: BundleResult) -> None:
        with self._lock:
            task = self._tasks.pop(order_id, None)
        if task is not None and task.begin():
            task.future.set_result(result)

    def _done(self, order_id: str, future: Result) -> None:
        """Take what was cancelled while it waited off the cluster."""
        if future.cancelled():
            self._give_up(order_id, None)

    def _give_up(self, order_id: str, error: HubgradeError | None) -> None:
        """Forget a task, and tell whoever waits for it why; None when he has cancelled it himself."""
        with self._lock:
            task = self._tasks.pop(order_id, None)
        if task is None:
            return
        if error is not None and task.begin():
            task.future.set_exception(error)
        with suppress(OSError, RuntimeError, CancelledError):  # the scheduler may be gone
            if task.handle is not None and not task.handle.done():
                task.handle.cancel()

    def _look(self) -> int:
        """Return how many submissions the cluster's workers can execute at once."""
        # not scheduler_info, which tells of five workers only in some versions
        return sum(self._client.nthreads().values())

    def _watch(self) -> None:
        """End everything with a plain word when the cluster has had no worker for too long."""
        away_s = 0.0
        while True:
            try:
                self._threads = self._look()
            except (OSError, CancelledError, RuntimeError):
                self._threads = 0
            except Exception:  # without this thread nobody who waits would be told
                log.exception("The cluster's answer about its workers makes no sense.")
                self._threads = 0
            away_s = 0.0 if self._threads else away_s + _LOOK_S
            if away_s > self.dask.start_timeout_s:
                for order_id in list(self._tasks):
                    self._give_up(order_id, no_workers(self.dask))
            if self._closing.wait(_LOOK_S):
                return


def _checked(data: object, bundle: Bundle) -> BundleResult:
    """Return the result in an answer. Raises: InternalError (makes no sense), what the worker refused for."""
    if not isinstance(data, bytes):
        raise InternalError("A worker of the cluster answered with something other than bytes.")
    try:
        answer = msgspec.msgpack.decode(data, type=Answer)
    except msgspec.MsgspecError as error:
        raise InternalError(f"A worker's answer makes no sense: {error}.") from error
    if answer.code == IsolationUnavailable.code:
        raise IsolationUnavailable(answer.message, answer.remedy)
    if answer.code == InternalError.code:
        raise InternalError(answer.message, answer.remedy)
    if answer.code:
        raise ClusterUnfit(answer.message, answer.remedy)
    return decode_result(answer.result, bundle)


def _unfit(error: Exception) -> ClusterUnfit:
    """Explain what dask itself says of a task that could not even begin."""
    why = f"A worker of the cluster cannot run hubgrade: {type(error).__name__}."
    return ClusterUnfit(why, "Install this version of hubgrade-ext on all workers.")


def _cluster_lost(error: Exception) -> ClusterLost:
    lost = ClusterLost(
        "The Dask cluster was lost.", "Check that its scheduler runs, then grade what remains."
    )
    lost.__cause__ = error
    return lost


def _lost() -> WorkerLost:
    return WorkerLost(
        f"{_MOST_STARTS} workers of the cluster were lost one after the other while they executed this.",
        "Look into their logs (does a machine run out of memory?), then grade it again.",
    )
