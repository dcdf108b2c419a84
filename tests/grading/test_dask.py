"""Grading on a Dask cluster: a real scheduler and worker processes on loopback, some of which die."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from hubgrade_ext.actions.autograde import autograde
from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.dask_options import DaskSettings
from hubgrade_ext.core.errors import ConfigBroken, InternalError
from hubgrade_ext.core.models import JobRequest
from hubgrade_ext.grading.execution import dask_executor, dask_worker
from hubgrade_ext.grading.execution.bundle import Bundle, BundleFile, BundleResult
from hubgrade_ext.grading.execution.dask_cluster import ClusterLost
from hubgrade_ext.grading.execution.dask_executor import ClusterUnfit, DaskExecutor
from hubgrade_ext.grading.execution.engine import ExecutorSettings, execute_bundle
from hubgrade_ext.grading.execution.isolation import choose
from hubgrade_ext.grading.execution.limits import Limits
from tests.grading.dask_cluster import DaskProcesses, dask_processes

Cell = Callable[[int, str], Any]
PATIENCE_S = 200
NAPPING = ["import time\n", "time.sleep(1)\n"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskProcesses]:
    with dask_processes(tmp_path_factory.mktemp("dask"), 3) as processes:
        yield processes


@pytest.fixture
def on_cluster(cluster: DaskProcesses) -> Iterator[DaskExecutor]:
    executor = DaskExecutor(ExecutorSettings(), DaskSettings(scheduler=cluster.address))
    yield executor
    executor.shutdown(cancel_futures=True)


class Starts:
    """What workers announce when they start an order. The first `to_kill` workers are killed then."""

    def __init__(self, cluster: DaskProcesses) -> None:
        self.cluster = cluster
        self.orders: list[str] = []
        self.to_kill = 0

    def __call__(self, event: tuple[float, dict[str, str]]) -> None:
        self.orders.append(event[1]["order_id"])
        if self.to_kill:
            self.to_kill -= 1
            self.cluster.worker_at(event[1]["worker"]).kill()


@pytest.fixture
def starts(cluster: DaskProcesses, monkeypatch: pytest.MonkeyPatch) -> Starts:
    told = Starts(cluster)
    started = DaskExecutor._started

    def tell(self: DaskExecutor, event: tuple[float, dict[str, str]]) -> None:
        started(self, event)
        told(event)

    monkeypatch.setattr(DaskExecutor, "_started", tell)
    return told


def bundle(*cells: str, bundle_id: str = "ann", **more: Any) -> Bundle:
    content = json.dumps(new_notebook(cells=[new_code_cell(cell) for cell in cells])).encode()
    return Bundle(bundle_id, (BundleFile("p.ipynb", content),), ("p.ipynb",), **more)


def printed(result: BundleResult) -> str:
    cells = json.loads(result.notebooks[0].notebook or b"")["cells"]
    return "".join(output["text"] for output in cells[-1]["outputs"])


def test_a_class_is_graded_once_though_a_worker_dies(
    classroom: Any, cell: Cell, cluster: DaskProcesses, starts: Starts
) -> None:
    room = classroom
    room.configure("c.HubgradeGrading.executor = 'dask'")
    room.configure(f"c.HubgradeDask.scheduler = {cluster.address!r}")
    students = [f"student{number}" for number in range(6)]
    for name in students:
        folder = room.hand_in(name, solved=name == "student0")
        (folder / "problem2.ipynb").unlink()
        room.edit(
            folder / "problem1.ipynb", lambda cells: cells[2].update(source=NAPPING + cells[2]["source"])
        )
    request = JobRequest(verb="autograde", assignment_id="ps1")
    starts.to_kill = 1
    results = [step.result for step in autograde(open_course(room.root), request, frozenset())]
    ended = [result for result in results if result is not None]
    assert sorted(result.item for result in ended) == students
    assert {(result.state, result.code) for result in ended} == {("done", "notebook_missing")}
    assert {result.isolation for result in ended} == {choose()}
    assert len(starts.orders) > len(students) == len(set(starts.orders))
    assert room.query("SELECT count(*) FROM submitted_assignment") == [(6,)]
    assert sorted(path.name for path in (room.root / "autograded").iterdir()) == students
    assert room.score("student0") > 0


def test_what_runs_is_stopped_and_what_waits_is_cancelled(on_cluster: DaskExecutor) -> None:
    endless = bundle("import time\ntime.sleep(900)", limits=Limits(cell_timeout_s=None))
    futures = [on_cluster.submit(execute_bundle, endless) for _ in range(6)]
    deadline = time.monotonic() + PATIENCE_S
    while sum(future.running() for future in futures) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    first = next(future for future in futures if future.running())
    on_cluster.stop(first)
    assert first.result(PATIENCE_S).outcome.kind == "cancelled"
    on_cluster.shutdown(cancel_futures=True)
    assert all(future.cancelled() or future.result(0).outcome.kind == "cancelled" for future in futures)
    # and the workers are free again
    with DaskExecutor(ExecutorSettings(), on_cluster.dask) as again:
        assert printed(again.submit(execute_bundle, bundle("print(6 * 7)")).result(PATIENCE_S)) == "42\n"


def test_what_the_workers_refuse_is_said(on_cluster: DaskExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_cluster.submit(execute_bundle, bundle("1")).result(PATIENCE_S).outcome.kind == "ok"
    assert on_cluster.ahead == 6
    open_network = bundle("1", limits=Limits(network=True))
    with pytest.raises(ClusterUnfit, match="could give orders"):
        on_cluster.submit(execute_bundle, open_network)
    monkeypatch.setattr(dask_worker, "VERSION", "0.0.1")
    with pytest.raises(ClusterUnfit, match=r"has hubgrade .* but here is 0\.0\.1"):
        on_cluster.submit(execute_bundle, bundle("1")).result(PATIENCE_S)


def test_answers_are_checked() -> None:
    order = bundle("1")
    for data, why in (
        ({"result": b""}, "other than bytes"),
        (b"\x80\x04}.", "makes no sense"),
        (msgspec.msgpack.encode({"result": b"\x80\x04}."}), "makes no sense"),
        (msgspec.msgpack.encode({"result": bytes(200 * 1024**2)}), "at most"),
    ):
        with pytest.raises(InternalError, match=why):
            dask_executor._checked(data, order)


def test_a_cluster_is_started_for_a_run_and_ended_with_it() -> None:
    from distributed import LocalCluster

    made: list[LocalCluster] = []

    def start(**options: Any) -> LocalCluster:
        made.append(LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=":0", **options))
        return made[0]

    settings = DaskSettings(cluster_class=start, cluster_options={"processes": True}, workers=1)
    with DaskExecutor(ExecutorSettings(level="none"), settings) as executor:
        result = executor.submit(execute_bundle, bundle("print(6 * 7)")).result(PATIENCE_S)
    assert (printed(result), result.level) == ("42\n", "none")
    assert made[0].status.name == "closed"


def test_a_cluster_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from hubgrade_ext.grading.execution import dask_cluster

    monkeypatch.setattr(dask_cluster, "_CONNECT_TIMEOUT_S", 0.5)
    with pytest.raises(ClusterLost, match="cannot be reached"):
        DaskExecutor(ExecutorSettings(), DaskSettings(scheduler="tcp://127.0.0.1:9"))
    with pytest.raises(ConfigBroken, match="Security"):
        DaskExecutor(ExecutorSettings(), DaskSettings(scheduler="tcp://x", security={"tls_key": "x"}))

    def refuse(**options: Any) -> None:
        raise RuntimeError("quota exceeded")

    with pytest.raises(ClusterLost, match="quota exceeded"):
        DaskExecutor(ExecutorSettings(), DaskSettings(cluster_class=refuse))
