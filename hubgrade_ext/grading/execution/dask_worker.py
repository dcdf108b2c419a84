"""What runs in a Dask worker: a bundle executed by a local executor that the worker keeps warm.

Bytes in, bytes out. An order and its answer are msgpack with a schema; the answer is made by this trusted
process, and no object of student code is pickled into it. An order never raises: what went wrong is in the
answer.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import msgspec
from distributed import Worker, get_worker

from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.grading.environment import sandbox_environment
from hubgrade_ext.grading.execution.bundle import Bundle, BundleResult, Level
from hubgrade_ext.grading.execution.engine import ExecutorSettings, LocalExecutor, Result, execute_bundle

VERSION = version("hubgrade-ext")
# executors kept warm: one for each course's settings
_MOST_EXECUTORS = 3
_LOOK_S = 2.0


class Order(msgspec.Struct, frozen=True):
    """Ask for a bundle's execution; `level` None: the strongest isolation that the worker's machine has."""

    order_id: str
    bundle: Bundle
    level: Level | None = None
    hidden: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()


class Envelope(msgspec.Struct, frozen=True):
    """Carry an order, readable whatever version made it; `topic` is where the start is announced."""

    version: str
    topic: str
    order_id: str
    order: msgspec.Raw


class Answer(msgspec.Struct, frozen=True):
    """Carry a BundleResult in msgpack, or why there is none: a HubgradeError's code, message and remedy."""

    result: bytes = b""
    code: str = ""
    message: str = ""
    remedy: str = ""


def pack(order: Order, topic: str) -> bytes:
    """Return an order as bytes."""
    inner = msgspec.Raw(msgspec.msgpack.encode(order))
    return msgspec.msgpack.encode(Envelope(VERSION, topic, order.order_id, inner))


def execute_order(packed: bytes) -> bytes:
    """Execute an order, having announced its start to whoever sent it; return an Answer in msgpack."""
    return msgspec.msgpack.encode(_answer(packed))


def stop_orders(run: str) -> None:
    """End the orders of one run that are being executed here; their outcome is then `cancelled`."""
    with _lock:
        _stopped.append(run)
        running = [
            (kept, result) for order_id, (kept, result) in _running.items() if order_id.startswith(run)
        ]
    for kept, result in running:
        kept.executor.stop(result)


class _Kept:
    """A warm executor, and how many orders use it now."""

    def __init__(self, settings: ExecutorSettings) -> None:
        self.executor = LocalExecutor(settings)
        self.users = 0


# reentrant: a waiting order may be the one that ends an idle executor
_lock = threading.RLock()
_kept: dict[bytes, _Kept] = {}
_running: dict[str, tuple[_Kept, Result]] = {}
# the newest runs, or single orders, that are to end
_stopped: deque[str] = deque(maxlen=1000)


def _answer(packed: bytes) -> Answer:
    envelope = msgspec.msgpack.decode(packed, type=Envelope)
    worker = get_worker()
    if envelope.version != VERSION:
        return Answer(
            code="cluster_unfit",
            message=f"The worker {worker.name} has hubgrade {VERSION}, but here is {envelope.version}.",
            remedy="Install the same version on all workers.",
        )
    worker.log_event(envelope.topic, {"order_id": envelope.order_id, "worker": str(worker.address)})
    order = msgspec.msgpack.decode(envelope.order, type=Order)
    try:
        with _executor(order, worker.state.nthreads) as kept:
            result = kept.executor.submit(execute_bundle, order.bundle)
            with _lock:
                _running[order.order_id] = kept, result
                stopped = order.order_id.startswith(tuple(_stopped))
            if stopped:  # between the start that was announced and here
                kept.executor.stop(result)
            try:
                return Answer(msgspec.msgpack.encode(_awaited(worker, order.order_id, kept, result)))
            finally:
                with _lock:
                    del _running[order.order_id]
    except HubgradeError as error:
        return Answer(
            code=error.code, message=f"On the worker {worker.name}: {error.message}", remedy=error.remedy
        )
    except Exception as error:  # noqa: BLE001  whoever waits for the answer has to be told
        return Answer(
            code="internal_error",
            message=f"The worker {worker.name} failed unexpectedly ({type(error).__name__}).",
            remedy="Look into that worker's log.",
        )


def _awaited(worker: Worker, order_id: str, kept: _Kept, result: Result) -> BundleResult:
    """Return the result; end what nobody waits for any more, as when the one who ordered it was killed."""
    while True:
        try:
            return result.result(_LOOK_S)
        except TimeoutError:
            task = worker.state.tasks.get(order_id)
            if task is None or task.state == "cancelled":
                kept.executor.stop(result)


@contextmanager
def _executor(order: Order, threads: int) -> Iterator[_Kept]:
    """Give the executor for an order's settings; it is kept for the next one."""
    settings = ExecutorSettings(
        order.level, order.hidden, order.readable, sandbox_environment(), None, max(1, threads)
    )
    key = msgspec.msgpack.encode(settings)
    with _lock:
        kept = _kept.pop(key, None) or _Kept(settings)
        _kept[key] = kept
        kept.users += 1
        idle = [name for name, other in _kept.items() if not other.users]
        ended = [_kept.pop(name) for name in idle[: max(0, len(_kept) - _MOST_EXECUTORS)]]
    for other in ended:
        other.executor.shutdown(wait=False)
    try:
        yield kept
    finally:
        with _lock:
            kept.users -= 1
