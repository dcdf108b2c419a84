"""What executing a bundle gives back, and how a run can end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hubgrade_ext.grading.execution.bundle import (
    Bundle,
    BundleFile,
    BundleResult,
    Level,
)
from hubgrade_ext.grading.execution.engine import ExecutorSettings, LocalExecutor, execute_bundle
from hubgrade_ext.grading.execution.isolation import LEVELS, choose, try_level
from hubgrade_ext.grading.execution.kernel_server import IsolationUnavailable, KernelServer
from hubgrade_ext.grading.execution.kernels import Sandbox, manager_class
from hubgrade_ext.grading.execution.limits import Limits
from hubgrade_ext.grading.execution.reachable import Request

Run = Callable[..., BundleResult]
Said = Callable[..., list[str]]
Make = Callable[..., Bundle]


def test_cells_run_and_outputs_come_back(run: Run, said: Said) -> None:
    result = run("x = 6", "print('hello')\nx * 7", "1 / 0", "x")
    assert result.outcome.kind == "ok"
    assert said(result) == ["", "hello\n42", "ZeroDivisionError", "6"]
    assert result.notebooks[0].cells_run == 5
    assert 0 < result.cpu_s < 5
    cells = json.loads(result.notebooks[0].notebook or b"")["cells"]
    assert [cell.get("execution_count") for cell in cells] == [None, 1, 2, 3, 4]


def test_notebooks_share_the_folder_and_nothing_else(run: Run, said: Said) -> None:
    result = run(
        notebooks={
            "a.ipynb": ("x = 1\nopen('left.txt', 'w').write('from a')", "print(open('data/in.csv').read())"),
            "b.ipynb": ("print(open('left.txt').read())", "x"),
        },
        files={"data/in.csv": b"1,2", "gone.txt": b"", "kept.txt": b"kept"},
    )
    assert said(result, 0)[1] == "1,2\n"
    assert said(result, 1) == ["from a\n", "NameError"]
    assert result.files == (BundleFile("left.txt", b"from a"),)
    assert result.deleted == ()


def test_changed_and_deleted_files_are_told(run: Run) -> None:
    result = run(
        "import os\nos.remove('gone.txt')\nopen('kept.txt', 'a').write('!')\nos.makedirs('d/e')\n"
        "open('d/e/run.sh', 'w').close()\nos.chmod('d/e/run.sh', 0o755)",
        files={"gone.txt": b"", "kept.txt": b"kept", "same.txt": b"same"},
    )
    assert set(result.files) == {BundleFile("kept.txt", b"kept!"), BundleFile("d/e/run.sh", b"", True)}
    assert result.deleted == ("gone.txt",)


def test_files_that_do_not_fit_are_left_out(run: Run) -> None:
    result = run(
        "open('a', 'w').write('x' * 600)\nopen('b', 'w').write('y' * 600)", limits=Limits(returned_bytes=1000)
    )
    assert [file.path for file in result.files] == ["a"]
    assert result.left_out == ("b",)


def test_timed_out_cell_gets_nbgraders_error_and_the_rest_runs(run: Run, said: Said) -> None:
    result = run("import time\ntime.sleep(30)", "print('after')", limits=Limits(cell_timeout_s=1))
    assert said(result)[1] == "after\n"
    assert said(result)[0].endswith("CellTimeoutError")
    assert (result.outcome.kind, result.outcome.cell) == ("cell_timed_out", 1)
    assert result.notebooks[0].cells_run == 3


def test_submission_timeout_counts_all_notebooks(run: Run, said: Said) -> None:
    sleeping = ("import time\ntime.sleep(1.2)",)
    result = run(
        notebooks={"a.ipynb": sleeping, "b.ipynb": sleeping, "c.ipynb": sleeping},
        limits=Limits(submission_timeout_s=2),
    )
    assert [n.outcome.kind for n in result.notebooks] == [
        "ok",
        "submission_timed_out",
        "submission_timed_out",
    ]
    assert said(result, 1) == ["NotExecuted"]
    assert said(result, 2) == ["NotExecuted"]
    assert result.wall_s < 5


def test_cpu_limit_ends_a_submission(run: Run) -> None:
    result = run("while True:\n    pass", limits=Limits(cpu_s=1, cell_timeout_s=20))
    assert result.outcome.kind == "submission_timed_out"
    assert "CPU" in result.outcome.sentence


def test_a_dead_kernel_ends_its_notebook_only(run: Run, said: Said) -> None:
    result = run(
        notebooks={
            "a.ipynb": ("1", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"),
            "b.ipynb": ("2",),
        }
    )
    assert result.notebooks[0].outcome.kind == "kernel_died"
    assert "SIGSEGV" in result.notebooks[0].outcome.sentence
    assert said(result, 0) == ["1", "NotExecuted"]
    assert result.notebooks[1].outcome.kind == "ok"
    assert result.outcome == result.notebooks[0].outcome


def test_a_notebook_without_code_starts_no_kernel(run: Run) -> None:
    result = run("", "  \n", "# only this runs")
    alone = run(notebooks={"a.ipynb": ("", "  \n")})
    assert (result.outcome.kind, alone.outcome.kind) == ("ok", "ok")
    assert result.cpu_s > 0 == alone.cpu_s
    with_kernel, without = (json.loads(made.notebooks[0].notebook or b"") for made in (result, alone))
    assert without["metadata"] == with_kernel["metadata"] != {}
    for cell in (*with_kernel["cells"], *without["cells"]):
        del cell["id"]
    assert without["cells"] == with_kernel["cells"][:-1]


def test_missing_kernel_is_named(run: Run) -> None:
    result = run("1", kernel_name="fortran-77")
    assert result.outcome.kind == "kernel_missing"
    assert "'fortran-77'" in result.outcome.sentence


def test_environment_is_built_from_nothing(run: Run, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")
    result = run(
        "import os\nprint(os.environ.get('NBGRADER_EXECUTION'), 'secret' in str(os.environ))",
        env={"NBGRADER_EXECUTION": "autograde"},
    )
    assert said(result) == ["autograde False\n"]


def test_two_submissions_share_no_random_state(
    executor: LocalExecutor, make_bundle: Make, said: Said
) -> None:
    draw = (
        "import random, uuid, tempfile, os, secrets, multiprocessing\n"
        "print(random.random(), uuid.uuid4(), uuid.uuid1(), tempfile.mktemp(), secrets.token_hex(),\n"
        "      multiprocessing.current_process().authkey.hex())"
    )
    futures = [executor.submit(execute_bundle, make_bundle(draw, bundle_id=str(n))) for n in range(4)]
    drawn = [said(future.result(60))[0].split() for future in futures]
    for values in zip(*drawn, strict=True):
        assert len(set(values)) == 4, values


def test_two_submissions_share_no_random_state_of_numpy(
    executor: LocalExecutor, make_bundle: Make, said: Said
) -> None:
    pytest.importorskip("numpy")
    look = "import sys\nloaded = 'numpy.random' in sys.modules\n"
    draw = "from numpy import random\nprint(loaded, random.random())"
    bundles = [make_bundle(look + draw, preload=("numpy.random",), bundle_id=str(n)) for n in range(3)]
    futures = [executor.submit(execute_bundle, bundle) for bundle in bundles]
    drawn = [said(future.result(60))[0].split() for future in futures]
    assert {loaded for loaded, _ in drawn} == {"True"}
    assert len({number for _, number in drawn}) == 3


def test_the_kernel_looks_freshly_started(run: Run, said: Said) -> None:
    result = run(
        "import sys, os, threading, __main__\n"
        "names = [name for name in vars(__main__) if 'hubgrade' in name]\n"
        "print(os.path.basename(sys.argv[0]), sys.path.count(''), sys.flags.safe_path, names)",
        "!echo shell",
        "input('?')",
        "import subprocess\nprint(subprocess.run(['id', '-un'], capture_output=True, text=True).stdout)",
    )
    first, shell, asked, user = said(result)
    assert first == "ipykernel_launcher.py 1 False []\n"
    assert shell.strip() == "shell"
    assert asked == "StdinNotImplementedError"
    assert user.strip() == "student"


def test_cancel_ends_a_running_and_a_waiting_submission(make_bundle: Make) -> None:
    with LocalExecutor(ExecutorSettings(most_at_once=1)) as executor:
        running = executor.submit(execute_bundle, make_bundle("import time\ntime.sleep(60)"))
        waiting = executor.submit(execute_bundle, make_bundle("1"))
        while not running.running():
            time.sleep(0.01)
        time.sleep(0.5)
        started = time.monotonic()
        executor.stop(waiting)
        executor.stop(running)
        assert running.result(20).outcome.kind == "cancelled"
        assert waiting.cancelled()
        assert time.monotonic() - started < 10


def test_results_come_as_they_end_and_bundles_are_taken_as_needed(make_bundle: Make) -> None:
    taken = []

    def bundles() -> object:
        for number in range(9):
            taken.append(number)
            yield make_bundle(f"import time\ntime.sleep({0.8 if number == 0 else 0})", bundle_id=str(number))

    with LocalExecutor(ExecutorSettings(most_at_once=2)) as executor:
        results = executor.run_all(bundles())  # type: ignore[arg-type]
        first = next(results)
        assert len(taken) == 4
        ids = [first.bundle_id, *(result.bundle_id for result in results)]
    assert sorted(ids) == [str(number) for number in range(9)]
    assert ids[0] != "0"


def test_waiting_kernels_make_room(make_bundle: Make) -> None:
    """Of those that compute, one core takes two at once: they need half of the sum at least."""
    sleeps_s = [2.0] * 8
    started = time.monotonic()
    with LocalExecutor(ExecutorSettings(cores=1)) as executor:
        bundles = [make_bundle(f"import time\ntime.sleep({seconds})") for seconds in sleeps_s]
        assert {result.outcome.kind for result in executor.run_all(bundles)} == {"ok"}
    assert time.monotonic() - started < sum(sleeps_s) / 2


def test_modules_that_forks_could_not_bear_are_not_preloaded(
    tmp_path: Path, make_bundle: Make, said: Said
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    (library / "broken.py").write_text("import os\nos._exit(3)\n")
    (library / "attached.py").write_text("from IPython import get_ipython\nshell = get_ipython()\n")
    (library / "quiet.py").write_text("value = 42\n")
    settings = ExecutorSettings(readable=(str(library),), env={"PYTHONPATH": str(library)})
    names = ("threaded", "broken", "attached", "quiet", "not_installed")
    look = (
        f"import sys\nprint([name for name in {names} if name in sys.modules])\n"
        "import threaded, attached\nprint(attached.shell is get_ipython())"
    )
    with LocalExecutor(settings) as executor:
        result = executor.submit(execute_bundle, make_bundle(look, preload=names)).result(60)
    assert said(result) == ["['quiet']\nTrue\n"]


def test_another_kernel_is_started_in_the_sandbox(
    tmp_path: Path, make_bundle: Make, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data" / "kernels" / "other"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-X", "utf8", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "O", "env": {"FROM_SPEC": "yes"}})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))
    with LocalExecutor() as executor:
        cells = (
            "import os, sys\nprint(os.environ['FROM_SPEC'], sys.flags.utf8_mode, os.getcwd())",
            "import time\ntime.sleep(9)",
        )
        bundle = make_bundle(*cells, kernel_name="other", limits=Limits(cell_timeout_s=1))
        result = executor.submit(execute_bundle, bundle).result(60)
    first, second = said(result)
    assert first.startswith("yes 1 ")
    assert second.endswith("CellTimeoutError")
    assert result.outcome.kind == "cell_timed_out"


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_that_works_gives_the_same(level: str, make_bundle: Make, said: Said) -> None:
    verdict = try_level(level)  # type: ignore[arg-type]
    if not verdict.works:
        pytest.skip(f"{level}: {verdict.why}")
    with LocalExecutor(ExecutorSettings(level=level)) as executor:  # type: ignore[arg-type]
        bundle = make_bundle(
            "open('out', 'w').write('x')", "import os\nos._exit(1)", "2", files={"d/f": b"1"}
        )
        result = executor.submit(execute_bundle, bundle).result(60)
    assert result.level == level
    assert said(result) == ["1", "NotExecuted", "NotExecuted"]
    assert [file.path for file in result.files] == ["out"]


def test_a_level_that_does_not_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubgrade_ext.grading.execution.landlock.abi", lambda: 0)
    try_level.cache_clear()
    try:
        with pytest.raises(IsolationUnavailable, match="Landlock") as caught:
            choose("namespaces")
        assert "Linux 5.13" in caught.value.remedy
        assert "The course demands isolation by namespaces (c.HubgradeGrading.isolation)" in str(caught.value)
        assert choose() != "namespaces"
    finally:
        try_level.cache_clear()


@pytest.mark.parametrize(
    ("level", "said", "why", "remedy"),
    [
        (
            "namespaces",
            "Isolation by namespaces does not work here: [Errno 28] unshare: No space left on device.",
            "Linux makes no more user namespaces (unshare: No space left on device).",
            "/proc/sys/user/max_user_namespaces",
        ),
        (
            "namespaces",
            "Isolation by namespaces does not work here: [Errno 1] unshare: Operation not permitted.",
            "Linux does not allow it (unshare: Operation not permitted).",
            "kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (
            "bubblewrap",
            "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded"
            " (ENOSPC)",
            "Linux makes no more user namespaces (bwrap: Creating new namespace failed: nesting depth or"
            " /proc/sys/user/max_*_namespaces exceeded (ENOSPC)).",
            "user.max_user_namespaces",
        ),
        (
            "bubblewrap",
            "bwrap: setting up uid map: Permission denied",
            "Linux does not allow it (bwrap: setting up uid map: Permission denied).",
            "kernel.unprivileged_userns_clone=1",
        ),
        (
            "bubblewrap",
            "FileNotFoundError: bubblewrap (the program bwrap) is not installed",
            "bubblewrap (the program bwrap) is not installed.",
            "Install the package bubblewrap.",
        ),
        ("bubblewrap", "bwrap: Unknown option", "bwrap: Unknown option.", "what the program bwrap needs"),
    ],
)
def test_why_a_level_does_not_work(
    level: str, said: str, why: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(tried: str) -> dict[str, bool]:
        raise IsolationUnavailable(said)

    monkeypatch.setattr("hubgrade_ext.grading.execution.isolation._probe", refuse)
    try_level.cache_clear()
    try:
        verdict = try_level(level)  # type: ignore[arg-type]
    finally:
        try_level.cache_clear()
    assert (verdict.works, verdict.why) == (False, why)
    assert remedy in verdict.remedy
    assert ("Install" in verdict.remedy) == ("not installed" in said)


def test_nbgraders_execute_runs_unchanged(make_bundle: Make) -> None:
    from nbformat import reads
    from nbgrader.preprocessors import Execute

    bundle = make_bundle("x = 1", "print(x)", "1 / 0")
    server = KernelServer(choose(), Request())
    server.start()
    scratch = server.new_scratch(1 << 24)
    try:
        execute = Execute(kernel_manager_class=manager_class(Sandbox(server, scratch)))
        sent = reads(bundle.files[0].content.decode(), as_version=4)
        made, _ = execute.preprocess(sent, {"metadata": {"path": None}})
    finally:
        server.drop_scratch(scratch)
        server.close()
    assert made.cells[2].outputs[0].text == "1\n"
    assert made.cells[3].outputs[0].ename == "ZeroDivisionError"


def test_a_lost_kernel_server_is_told_and_replaced(make_bundle: Make) -> None:
    with LocalExecutor(ExecutorSettings(cores=1)) as executor:
        assert executor.submit(execute_bundle, make_bundle("1")).result(60).outcome.kind == "ok"
        (server,) = [task.result() for task in executor._servers.values()]
        assert server._process is not None
        server._process.kill()
        server._process.wait()
        assert executor.submit(execute_bundle, make_bundle("1")).result(60).outcome.kind == "ok"


WORKER = """
import json, sys
sys.path.insert(0, sys.argv[2])
from attack_program import bundle
from hubgrade_ext.grading.execution.engine import ExecutorSettings, LocalExecutor, execute_bundle
executor = LocalExecutor(ExecutorSettings(level=sys.argv[1]))
executor.submit(execute_bundle, bundle("orphan", "import os, time\\nos.fork()\\ntime.sleep(600)")).result()
"""


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_outlives_a_killed_worker(level: Level, tmp_path: Path) -> None:
    if not try_level(level).works:
        pytest.skip(f"{level} does not work here")
    import attack_program

    def until(condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 90
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.05)
        return condition()

    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    here = str(Path(__file__).parent)
    with subprocess.Popen([sys.executable, "-c", WORKER, level, here], env=environment) as worker:
        assert until(lambda: len(attack_program.marked("orphan")) >= 2), "it must be there to be ended"
        worker.kill()
    assert until(lambda: attack_program.marked("orphan") == [])
    assert until(lambda: not list(tmp_path.glob("hubgrade-*")))


@pytest.mark.parametrize("level", LEVELS[:2])
def test_the_network_where_an_assignment_allows_it(level: Level, make_bundle: Make) -> None:
    if not try_level(level).works:
        pytest.skip(f"no isolation by {level} here: {try_level(level).why}")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        LocalExecutor(ExecutorSettings(level=level)) as executor,
    ):
        cell = f"import socket\nsocket.create_connection({server.getsockname()!r}, 5).close()\nprint('there')"
        allowed, refused = (
            executor.submit(execute_bundle, make_bundle(cell, limits=Limits(network=network)))
            for network in (True, False)
        )
        assert b"there" in (allowed.result(60).notebooks[0].notebook or b"")
        assert b"ConnectionRefusedError" in (refused.result(60).notebooks[0].notebook or b"")
