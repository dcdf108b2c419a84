"""Clusters that dask-jobqueue and dask-gateway start for a run: the real packages, jobs on this machine."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import dask.config
import psutil
import pytest
from traitlets.config import Config

from hubgrade_ext.core.dask_options import DaskSettings, dask_settings
from hubgrade_ext.grading.execution.dask_cluster import ClusterLost
from hubgrade_ext.grading.execution.dask_executor import DaskExecutor
from hubgrade_ext.grading.execution.engine import ExecutorSettings, execute_bundle
from hubgrade_ext.grading.execution.isolation import choose
from hubgrade_ext.grading.execution.limits import Limits
from tests.grading.test_dask import NAPPING, PATIENCE_S, bundle, printed
from tests.realhub.hub import free_ports

JOB = {
    "cores": 1,
    "processes": 1,
    "memory": "1GB",
    "interface": "lo",
    "scheduler_options": {"dashboard_address": ":0"},
}
# no more is set than what makes jobs of this interpreter, on loopback
GATEWAY_CONFIG = """
import sys
from dask_gateway_server.options import Integer, Options
c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.Proxy.address = "127.0.0.1:{port}"
c.LocalBackend.clusters_directory = {folder!r}
c.LocalClusterConfig.scheduler_cmd = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
c.LocalClusterConfig.worker_cmd = [sys.executable, "-m", "distributed.cli.dask_worker"]
c.Backend.cluster_options = Options(Integer("worker_cores", default=1, min=1, max=2))
"""
SECRETS = "import os\nprint([name for name in os.environ if 'DASK' in name], os.path.exists({folder!r}))"
# dask_jobqueue leaves open files and dask_gateway.Gateway a failing __del__ to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*Gateway.__del__:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def collected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    caplog.get_records("call").clear()  # tracebacks
    gc.collect()


def settings(**options: Any) -> DaskSettings:
    """Return what nbgrader_config.py would say in `c.HubgradeDask`."""
    return dask_settings(Config({"HubgradeDask": options}))


def jobqueue(most_workers: int = 1, start_timeout_s: float = PATIENCE_S, **more: Any) -> DaskSettings:
    return settings(
        cluster_class="dask_jobqueue.local.LocalCluster",
        cluster_options={**JOB, **more},
        most_workers=most_workers,
        start_timeout_s=start_timeout_s,
    )


def is_job(process: psutil.Process) -> bool:
    return "distributed.cli.dask_worker" in process.cmdline()


def started_since(before: set[psutil.Process]) -> list[psutil.Process]:
    return [process for process in psutil.Process().children(recursive=True) if process not in before]


def left(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return which do not end: the cluster is told to end them, and does it in its own time."""
    return psutil.wait_procs(processes, PATIENCE_S)[1]


def test_jobs_of_dask_jobqueue_are_started_for_a_run_and_ended_with_it() -> None:
    pytest.importorskip("dask_jobqueue")
    before = set(psutil.Process().children(recursive=True))
    with DaskExecutor(ExecutorSettings(level="none"), jobqueue()) as executor:
        result = executor.submit(execute_bundle, bundle("print(6 * 7)")).result(PATIENCE_S)
        assert (printed(result), result.level) == ("42\n", "none")
        same = DaskSettings(scheduler=executor._client.scheduler_info()["address"])
        with DaskExecutor(ExecutorSettings(), same) as strongest:
            result = strongest.submit(execute_bundle, bundle("print(6 * 7)")).result(PATIENCE_S)
            assert (printed(result), result.level) == ("42\n", choose())
        jobs = started_since(before)
        assert any(is_job(job) for job in jobs)
    assert left(jobs) == []


def test_a_job_that_is_refused_is_said() -> None:
    pytest.importorskip("dask_jobqueue")
    refused = jobqueue(python="no-such-program", start_timeout_s=1)
    with pytest.raises(ClusterLost, match="no worker for 1 seconds"):
        DaskExecutor(ExecutorSettings(), refused)


@pytest.mark.long
def test_a_cluster_of_dask_jobqueue_grows_and_replaces_a_job_that_ended(tmp_path: Path) -> None:
    pytest.importorskip("dask_jobqueue")
    before = set(psutil.Process().children(recursive=True))
    protected = {"security": True, "shared_temp_directory": str(tmp_path)}
    with DaskExecutor(ExecutorSettings(), jobqueue(**protected, most_workers=2)) as executor:
        # over TLS student code may have the network
        slow = bundle("import time\ntime.sleep(4)\nprint(6 * 7)", limits=Limits(network=True))
        futures = [executor.submit(execute_bundle, slow) for _ in range(8)]
        while len(executor._client.nthreads()) < 2 and not all(future.done() for future in futures):
            time.sleep(0.2)
        running = [job for job in started_since(before) if is_job(job)]
        assert len(running) == 2
        for job in running:
            job.kill()
        assert {printed(future.result(PATIENCE_S)) for future in futures} == {"42\n"}
        jobs = started_since(before)
    assert left(jobs) == []


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tuple[str, Path, psutil.Process]]:
    """Run a dask-gateway on loopback; give its address, the folder of its clusters, and its process."""
    pytest.importorskip("dask_gateway_server")
    folder, config, log = tmp_path / "clusters", tmp_path / "gateway.py", tmp_path / "gateway.log"
    folder.mkdir()
    [port] = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    config.write_text(GATEWAY_CONFIG.format(port=port, folder=str(folder)))
    with log.open("wb") as file:
        command = [sys.executable, "-m", "dask_gateway_server", "-f", str(config)]
        server = psutil.Popen(command, stdout=file, stderr=file)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not _answers(address):
            assert server.is_running(), log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield address, folder, server
    finally:
        children = server.children(recursive=True)
        server.terminate()
        server.wait(PATIENCE_S)
        for child in psutil.wait_procs(children, 10)[1]:
            child.kill()


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/api/version") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def ended(server: psutil.Process) -> None:
    """Wait until a gateway has ended every process but its own proxy."""
    deadline = time.monotonic() + PATIENCE_S
    while len(server.children(recursive=True)) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.long
def test_a_class_is_graded_on_a_cluster_of_dask_gateway(
    classroom: Any, gateway: tuple[str, Path, psutil.Process]
) -> None:
    address, _, server = gateway
    room = classroom
    room.configure("c.HubgradeGrading.executor = 'dask'")
    room.configure("c.HubgradeDask.cluster_class = 'dask_gateway.GatewayCluster'")
    room.configure(f"c.HubgradeDask.cluster_options = {{'address': {address!r}, 'worker_cores': 1}}")
    room.configure("c.HubgradeDask.workers = 1\nc.HubgradeDask.most_workers = 2")
    students = [f"student{number}" for number in range(4)]
    for name in students:
        notebook = room.hand_in(name, solved=name == "student0") / "problem1.ipynb"
        room.edit(notebook, lambda cells: cells[2].update(source=NAPPING + cells[2]["source"]))
    results = room.results("autograde")
    assert sorted(results) == students
    assert {(result.state, result.isolation) for result in results.values()} == {("done", choose())}
    assert room.score("student0") > room.score("student1")
    ended(server)


@pytest.mark.long
def test_what_a_gateway_trusts_its_workers_with_is_hidden_from_student_code(
    gateway: tuple[str, Path, psutil.Process],
) -> None:
    address, folder, server = gateway
    options = {"address": address, "worker_cores": 2}
    on_gateway = settings(cluster_class="dask_gateway.GatewayCluster", cluster_options=options)
    with DaskExecutor(ExecutorSettings(), on_gateway) as executor:
        assert executor._look() == 2
        # a gateway's clusters have TLS by themselves, so student code may have the network
        curious = bundle(SECRETS.format(folder=str(folder)), limits=Limits(network=True))
        assert printed(executor.submit(execute_bundle, curious).result(PATIENCE_S)) == "[] False\n"
        endless = bundle("import time\ntime.sleep(900)", limits=Limits(cell_timeout_s=None))
        future = executor.submit(execute_bundle, endless)
        while not future.running():
            time.sleep(0.1)
        executor.shutdown(cancel_futures=True)
        assert future.result(0).outcome.kind == "cancelled"
    ended(server)


@pytest.mark.long
def test_a_cluster_that_cannot_be_used_is_ended(gateway: tuple[str, Path, psutil.Process]) -> None:
    address, _, server = gateway
    closed = {"address": address, "proxy_address": "gateway://127.0.0.1:9"}
    dask_class = "dask_gateway.GatewayCluster"
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),
        pytest.raises(ClusterLost, match="GatewayCluster could not start a cluster: OSError: Timed out"),
    ):
        DaskExecutor(ExecutorSettings(), settings(cluster_class=dask_class, cluster_options=closed))
    ended(server)
    with pytest.raises(ClusterLost, match="Unknown fields"):
        DaskExecutor(
            ExecutorSettings(),
            settings(cluster_class=dask_class, cluster_options={"address": address, "cores": 1}),
        )
