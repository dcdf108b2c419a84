"""Grading on a Dask cluster: a real scheduler and worker processes on loopback, some of which die."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
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
from hubgrade_ext.grading.execution.dask_executor import ClusterUnfit, DaskExecutor, WorkerLost
from hubgrade_ext.grading.execution.engine import ExecutorSettings, Result, execute_bundle
from hubgrade_ext.grading.execution.isolation import choose
from hubgrade_ext.grading.execution.kernel_server import IsolationUnavailable
from hubgrade_ext.grading.execution.limits import Limits
from tests.grading.dask_cluster import DaskProcesses, dask_processes

Cell = Callable[[int, str], Any]
PATIENCE_S = 200
NO_SANDBOX = """
from hubgrade_ext.grading.execution import isolation
isolation.try_level = lambda level: isolation.Verdict(level, level == "none", "Not on this machine.")
"""
NAPPING = ["import time\n", "time.sleep(1)\n"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskProcesses]:
    with dask_processes(tmp_path_factory.mktemp("dask"), 2) as processes:
        yield processes


@pytest.fixture
def on_cluster(cluster: DaskProcesses) -> Iterator[DaskExecutor]:
    executor = DaskExecutor(ExecutorSettings(), DaskSettings(scheduler=cluster.address))
    yield executor
    executor.shutdown(cancel_futures=True)


class Starts:
    """What workers announce when they start an order; the first `to_kill`, or every n-th, is killed then."""

    def __init__(self, cluster: DaskProcesses) -> None:
        self.cluster = cluster
        self.orders: list[str] = []
        self.to_kill = 0
        self.every = 0
        self.killed = 0

    def __call__(self, event: tuple[float, dict[str, str]]) -> None:
        self.orders.append(event[1]["order_id"])
        if self.killed < self.to_kill or (self.every and len(self.orders) % self.every == 0):
            self.killed += 1
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
    students = [f"student{number}" for number in range(4)]
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
    assert room.query("SELECT count(*) FROM submitted_assignment") == [(4,)]
    assert sorted(path.name for path in (room.root / "autograded").iterdir()) == students
    assert room.score("student0") > 0


def test_what_runs_is_stopped_and_what_waits_is_cancelled(on_cluster: DaskExecutor) -> None:
    endless = bundle("import time\ntime.sleep(900)", limits=Limits(cell_timeout_s=None))
    futures = [on_cluster.submit(execute_bundle, endless) for _ in range(4)]
    _wait_until_running(futures)
    first = next(future for future in futures if future.running())
    on_cluster.stop(first)
    assert first.result(PATIENCE_S).outcome.kind == "cancelled"
    on_cluster.shutdown(cancel_futures=True)
    assert all(future.cancelled() or future.result(0).outcome.kind == "cancelled" for future in futures)
    # and the workers are free again
    with DaskExecutor(ExecutorSettings(), on_cluster.dask) as again:
        assert printed(again.submit(execute_bundle, bundle("print(6 * 7)")).result(PATIENCE_S)) == "42\n"


def test_workers_are_free_again_when_their_client_is_gone(
    cluster: DaskProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_executor, "_LOOK_S", PATIENCE_S)
    settings = DaskSettings(scheduler=cluster.address)
    endless = bundle("import time\ntime.sleep(900)", limits=Limits(cell_timeout_s=None))
    with ExitStack() as executors:
        # many: some ask a client for an answer just while it is closed
        gone = [executors.enter_context(DaskExecutor(ExecutorSettings(), settings)) for _ in range(20)]
        futures = [executor.submit(execute_bundle, endless) for executor in gone for _ in range(9)]
        _wait_until_running(futures)
        for executor in gone:
            executor._client.close()
        for future in futures:
            with pytest.raises(ClusterLost, match="lost"):
                future.result(PATIENCE_S)
    with DaskExecutor(ExecutorSettings(), settings) as other:
        assert printed(other.submit(execute_bundle, bundle("print(6 * 7)")).result(PATIENCE_S)) == "42\n"


def _wait_until_running(futures: list[Result], count: int = 2) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while sum(future.running() for future in futures) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_the_workers_refuse_is_said(on_cluster: DaskExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_cluster.submit(execute_bundle, bundle("1")).result(PATIENCE_S).outcome.kind == "ok"
    assert on_cluster.ahead == 4
    open_network = bundle("1", limits=Limits(network=True))
    with pytest.raises(ClusterUnfit, match="could give orders"):
        on_cluster.submit(execute_bundle, open_network)
    monkeypatch.setattr(dask_worker, "VERSION", "0.0.1")
    with pytest.raises(ClusterUnfit, match=r"has hubgrade .* but here is 0\.0\.1"):
        on_cluster.submit(execute_bundle, bundle("1")).result(PATIENCE_S)


def test_answers_are_checked() -> None:
    order = bundle("1", limits=Limits(output_bytes=1024, returned_bytes=1024))
    for data, why in (
        ({"result": b""}, "other than bytes"),
        (b"\x80\x04}.", "makes no sense"),
        (msgspec.msgpack.encode({"result": b"\x80\x04}."}), "makes no sense"),
        (msgspec.msgpack.encode({"result": bytes(2 * 1024**2)}), "at most"),
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
        # a worker on a machine without that level
        executor._client.run(exec, NO_SANDBOX, {})
        same = DaskSettings(scheduler=made[0].scheduler_address)
        with (
            DaskExecutor(ExecutorSettings(level="bubblewrap"), same) as demanding,
            pytest.raises(IsolationUnavailable, match=r"On the worker .* by bubblewrap .* does not work"),
        ):
            demanding.submit(execute_bundle, bundle("1")).result(PATIENCE_S)
    assert made[0].status.name == "closed"


@pytest.mark.long
def test_a_submission_is_given_to_three_workers_at_most(on_cluster: DaskExecutor, starts: Starts) -> None:
    starts.to_kill = 5
    future = on_cluster.submit(execute_bundle, bundle("import time\ntime.sleep(900)"))
    with pytest.raises(WorkerLost, match="3 workers"):
        future.result(PATIENCE_S)
    assert 3 <= len(starts.orders) <= 4  # the fourth start is what tells it


def test_a_cluster_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from hubgrade_ext.grading.execution import dask_cluster

    monkeypatch.setattr(dask_cluster, "_CONNECT_TIMEOUT_S", 0.5)
    with pytest.raises(ClusterLost, match="cannot be reached"):
        DaskExecutor(ExecutorSettings(), DaskSettings(scheduler="tcp://127.0.0.1:9"))
    with pytest.raises(ConfigBroken, match="security cannot be used"):
        DaskExecutor(ExecutorSettings(), DaskSettings(scheduler="tcp://x", security={"tls_key": "x"}))

    def refuse(**options: Any) -> None:
        raise RuntimeError("quota exceeded")

    with pytest.raises(ClusterLost, match="quota exceeded"):
        DaskExecutor(ExecutorSettings(), DaskSettings(cluster_class=refuse))


def test_an_answer_that_makes_no_sense_leaves_nobody_waiting(
    cluster: DaskProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nonsense(self: DaskExecutor) -> int:
        raise KeyError("workers")

    monkeypatch.setattr(dask_executor, "_LOOK_S", 0.01)
    monkeypatch.setattr(DaskExecutor, "_look", nonsense)
    endless = bundle("import time\ntime.sleep(900)", limits=Limits(cell_timeout_s=None))
    settings = DaskSettings(scheduler=cluster.address, start_timeout_s=0)
    with DaskExecutor(ExecutorSettings(), settings) as executor, pytest.raises(ClusterLost):
        executor.submit(execute_bundle, endless).result(PATIENCE_S)


@pytest.mark.long
def test_a_scheduler_that_dies(tmp_path: Path) -> None:
    with dask_processes(tmp_path / "dask", 1) as cluster:
        executor = DaskExecutor(
            ExecutorSettings(), DaskSettings(scheduler=cluster.address, start_timeout_s=10)
        )
        endless = bundle("import time\ntime.sleep(900)", limits=Limits(cell_timeout_s=None))
        futures = [executor.submit(execute_bundle, endless) for _ in range(3)]
        _wait_until_running(futures, 1)
        cluster.scheduler.kill()
        for future in futures:
            with pytest.raises(ClusterLost):
                future.result(PATIENCE_S)
        executor.shutdown(cancel_futures=True)


@pytest.mark.long
def test_a_cluster_behind_tls(tmp_path: Path) -> None:
    """With it, student code may have the network; without its certificate, nobody gets in."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=hubgrade",
        "-days",
        "2",
    ]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    files = {"ca_file": str(certificate), "cert": str(certificate), "key": str(key)}
    options = [f"--tls-{name.replace('_', '-')}={path}" for name, path in files.items()]
    security = {
        "tls_ca_file": str(certificate),
        "tls_client_cert": str(certificate),
        "tls_client_key": str(key),
        "require_encryption": True,
    }
    with dask_processes(tmp_path / "dask", 1, *options, protocol="tls") as cluster:
        assert cluster.address.startswith("tls://")
        settings = DaskSettings(scheduler=cluster.address, security=security)
        with DaskExecutor(ExecutorSettings(), settings) as executor:
            allowed = bundle("print(6 * 7)", limits=Limits(network=True))
            assert printed(executor.submit(execute_bundle, allowed).result(PATIENCE_S)) == "42\n"
        with pytest.raises((ClusterLost, ConfigBroken)):
            DaskExecutor(ExecutorSettings(), DaskSettings(scheduler=cluster.address))


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_large_class_is_graded_once_though_workers_die_all_the_time(
    classroom: Any, cluster: DaskProcesses, starts: Starts
) -> None:
    room = classroom
    room.configure("c.HubgradeGrading.executor = 'dask'")
    room.configure(f"c.HubgradeDask.scheduler = {cluster.address!r}")
    students = [f"student{number:03}" for number in range(60)]
    for name in students:
        room.hand_in(name)
    starts.every = 9
    request = JobRequest(verb="autograde", assignment_id="ps1")
    results = [step.result for step in autograde(open_course(room.root), request, frozenset())]
    ended = [result for result in results if result is not None]
    assert sorted(result.item for result in ended) == students
    lost = {result.item for result in ended if result.code == "worker_lost"}
    graded = {result.item for result in ended if result.state == "done"}
    assert lost | graded == set(students)
    assert len(graded) > 50
    assert {path.name for path in (room.root / "autograded").iterdir()} == graded
    assert starts.killed >= 5
