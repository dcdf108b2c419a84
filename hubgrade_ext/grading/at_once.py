"""Many submissions at once: nbgrader prepares and scores them here, in turn; their cells run in sandboxes.

begin ──► sanitize (nbgrader) ──► bundle ──► sandbox … ──► executed notebooks ──► score (nbgrader) ──► record
"""

from __future__ import annotations

import concurrent.futures
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import cast

from nbgrader.preprocessors import Execute

from hubgrade_ext.core.conversion import Failure, excluded, is_excluded, staged_step
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import CourseBroken
from hubgrade_ext.core.failures import Explanation
from hubgrade_ext.core.grading_options import HubgradeGrading
from hubgrade_ext.core.models import ItemResult
from hubgrade_ext.core.replace import Backups
from hubgrade_ext.grading.diagnosis import diagnose
from hubgrade_ext.grading.environment import kernel_environment
from hubgrade_ext.grading.execution.bundle import (
    Bundle,
    BundleResult,
    ExecuteOptions,
    Level,
    bundle_files,
    checked_path,
)
from hubgrade_ext.grading.execution.engine import ExecutorSettings, LocalExecutor, Result, execute_bundle
from hubgrade_ext.grading.execution.limits import Limits
from hubgrade_ext.grading.imports import imported_modules
from hubgrade_ext.grading.recorded import RecordedAssignment
from hubgrade_ext.grading.submission import Prepared, failed, prepare, record, refusal
from hubgrade_ext.grading.two_stage import TwoStageAutograde

_SET_BY_THE_SANDBOX = {
    "HOME",
    "TMPDIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "IPYTHONDIR",
}
# submissions prepared ahead and not yet recorded
_AHEAD = 16


@dataclass
class _Begun:
    """A submission whose cells run: what `score` needs, and what ends its staging folder."""

    prepared: Prepared
    converter: TwoStageAutograde
    resources: ExitStack


class SubmissionsAtOnce:
    """Grade submissions of one assignment; use as a context manager, which ends everything that runs."""

    def __init__(
        self,
        course: Course,
        assignment_id: str,
        notebook: str,
        recorded: RecordedAssignment,
        backups: Backups,
    ) -> None:
        self.course = course
        self.assignment_id = assignment_id
        self.notebook = notebook
        self.recorded = recorded
        self.backups = backups
        self._begun: dict[Result, _Begun] = {}
        options = HubgradeGrading(config=course.config)
        settings = course.settings
        hidden = (settings.root or "", settings.exchange_root, settings.exchange_cache, settings.data_dir)
        self._execute = Execute(config=course.config)
        self._limits = Limits(
            cell_timeout_s=self._execute.timeout
            if self._execute.timeout and self._execute.timeout > 0
            else None,
            submission_timeout_s=options.submission_timeout_s,
            cpu_s=options.submission_timeout_s,
            memory_bytes=options.memory_mib * 1024**2,
            network=options.network,
        )
        release = settings.path(settings.release_directory, ".", assignment_id)
        self._preload = imported_modules(release) if release.is_dir() else ()
        environment = {**kernel_environment(), "NBGRADER_EXECUTION": "autograde"}
        self._executor = LocalExecutor(
            ExecutorSettings(
                level=cast(Level | None, options.isolation),
                hidden=tuple(path for path in hidden if path),
                env={name: environment[name] for name in environment if name not in _SET_BY_THE_SANDBOX},
                cores=options.cores,
            )
        )

    def __enter__(self) -> SubmissionsAtOnce:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(cancel_futures=True)
        for begun in self._begun.values():
            begun.resources.close()

    @property
    def full(self) -> bool:
        """Say whether enough is prepared: take results before beginning more."""
        return len(self._begun) >= _AHEAD

    @property
    def pending(self) -> bool:
        """Say whether submissions are still under way."""
        return bool(self._begun)

    def begin(self, student_id: str) -> ItemResult | None:
        """Prepare a submission and start its cells; the result at once when it cannot be graded."""
        settings = self.course.settings
        if is_excluded(self.course, student_id):
            return excluded(student_id)
        submitted = settings.path(settings.submitted_directory, student_id, self.assignment_id)
        resources = ExitStack()
        try:
            refused = refusal(submitted, self.assignment_id, student_id)
            if refused is not None:
                return failed(student_id, refused)
            step = resources.enter_context(
                staged_step(settings, settings.autograded_directory, student_id, self.assignment_id)
            )
            prepared = prepare(
                self.course, self.assignment_id, student_id, self.notebook, step, self.recorded
            )
            converter = TwoStageAutograde(coursedir=_coursedir(prepared), config=self.course.config)
            failure = converter.sanitize()
            if failure is None:
                bundle = self._bundle(prepared, converter)
                future = self._executor.submit(execute_bundle, bundle)
                self._begun[future] = _Begun(prepared, converter, resources)
                resources = ExitStack()
                return None
        except (OSError, CourseBroken) as error:
            failure = Failure(error)
        finally:
            resources.close()
        return self._diagnosed(failure, submitted, student_id)

    def ended(self, *, wait: bool) -> list[ItemResult]:
        """Score and record what has been executed; with `wait`, at least one when any is under way."""
        if not self._begun:
            return []
        done, _ = concurrent.futures.wait(
            self._begun, timeout=None if wait else 0, return_when=concurrent.futures.FIRST_COMPLETED
        )
        return [self._finish(future, self._begun[future]) for future in done]

    def _finish(self, future: Result, begun: _Begun) -> ItemResult:
        prepared = begun.prepared
        try:
            result = future.result()
            gave_up = _gave_up(result)
            if gave_up is not None:
                return failed(prepared.student_id, gave_up)
            _take_over(result, prepared.staged)
            failure = begun.converter.score()
            if failure is None:
                return record(prepared, self.backups)
        except (OSError, CourseBroken) as error:
            failure = Failure(error)
        finally:
            begun.resources.close()
            del self._begun[future]
        return self._diagnosed(failure, prepared.submitted, prepared.student_id)

    def _diagnosed(self, failure: Failure, submitted: Path, student_id: str) -> ItemResult:
        why = diagnose(failure, submitted, self.recorded, self.assignment_id, student_id)
        return failed(student_id, why)

    def _bundle(self, prepared: Prepared, converter: TwoStageAutograde) -> Bundle:
        files, _ = bundle_files(prepared.staged)
        execute = self._execute
        return Bundle(
            bundle_id=prepared.student_id,
            files=files,
            notebooks=tuple(converter.staged_notebooks()),
            kernel_name=execute.kernel_name or None,
            preload=self._preload,
            limits=self._limits,
            options=ExecuteOptions(
                interrupt_on_timeout=execute.interrupt_on_timeout,
                allow_errors=execute.allow_errors,
                raise_on_iopub_timeout=execute.raise_on_iopub_timeout,
                iopub_timeout_s=float(execute.iopub_timeout),
                startup_timeout_s=float(execute.startup_timeout),
                error_on_timeout=execute.error_on_timeout,
                extra_arguments=tuple(execute.extra_arguments),
            ),
        )


def _coursedir(prepared: Prepared) -> object:
    return prepared.course.coursedir(
        assignment_id=prepared.assignment_id,
        student_id=prepared.student_id,
        notebook_id=prepared.notebook,
        autograded_directory=prepared.step,
    )


def _gave_up(result: BundleResult) -> Explanation | None:
    """Explain an execution that nbgrader would not grade either: the kernel was gone before the end."""
    for notebook in result.notebooks:
        outcome = notebook.outcome
        if outcome.kind not in ("ok", "cell_timed_out") or notebook.notebook is None:
            return Explanation(outcome.kind, f"{notebook.path}: {outcome.sentence}", outcome.remedy)
    return None


def _take_over(result: BundleResult, staged: Path) -> None:
    """Put the executed notebooks, and what student code wrote beside them, into the staging folder."""
    for name in result.deleted:
        (staged / checked_path(name)).unlink(missing_ok=True)
    for file in result.files:
        target = staged / checked_path(file.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
    for notebook in result.notebooks:
        if notebook.notebook is not None:
            (staged / notebook.path).write_bytes(notebook.notebook)
