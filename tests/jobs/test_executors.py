"""Where the cells run: Dask that is not installed is said, a class of one's own gets its configuration."""

from __future__ import annotations

import concurrent.futures
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from traitlets import Unicode
from traitlets.config import Config, Configurable

from hubgrade_ext.core.course import open_course
from hubgrade_ext.core.models import JobDetail, JobRequest, Verb
from hubgrade_ext.grading.execution.engine import ExecutorSettings, LocalExecutor
from hubgrade_ext.jobs.foreground import run_in_foreground

DASK = "c.HubgradeGrading.executor = 'dask'\nc.HubgradeDask.scheduler = 'tcp://127.0.0.1:1'\n"


class Noting(Configurable, concurrent.futures.Executor):
    """Writes down what it is given, where its configuration says."""

    notes = Unicode("").tag(config=True)

    def __init__(self, settings: ExecutorSettings, config: Config) -> None:
        super().__init__(config=config)
        self.local = LocalExecutor(settings)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        with Path(self.notes).open("a") as file:
            file.write(f"{self.local.settings.cores} {args[0].bundle_id}\n")
        return self.local.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.local.shutdown(wait, cancel_futures=cancel_futures)


def do(root: Path, verb: Verb, config: str = "") -> JobDetail:
    with (root / "nbgrader_config.py").open("a") as file:
        file.write(config)
    return run_in_foreground(open_course(root), JobRequest(verb, "ps1"), lambda job, step: None)


def test_where_the_cells_run(course_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (course_dir / "source/ps1/problem2.ipynb").unlink()
    assert do(course_dir, "generate_assignment").job.failed == 0
    shutil.copytree(course_dir / "release/ps1", course_dir / "submitted/ada/ps1")

    with monkeypatch.context() as without:
        without.setitem(sys.modules, "distributed", None)
        without.delitem(sys.modules, "hubgrade_ext.grading.execution.dask_executor", raising=False)
        refused = do(course_dir, "autograde", DASK).job
    assert refused.state == "failed"
    assert refused.error is not None
    assert refused.error.code == "config_broken"
    assert "Dask is not installed here" in refused.error.message
    assert "pip install hubgrade-ext[dask]" in refused.error.remedy
    assert not (course_dir / "autograded").exists()

    notes = tmp_path / "notes"
    own = f"c.HubgradeGrading.executor = '{__name__}.Noting'\nc.Noting.notes = {json.dumps(str(notes))}\n"
    graded = do(course_dir, "autograde", own + "c.HubgradeGrading.cores = 1\n")
    assert [(one.item, one.code) for one in graded.results] == [("ada", "graded")]
    assert notes.read_text() == "1 ada\n"
