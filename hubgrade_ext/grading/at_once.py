"""Many submissions at once: nbgrader prepares and scores them here, in turn; their cells run in sandboxes.

begin ──► sanitize (nbgrader) ──► bundle ──► sandbox … ──► executed notebooks ──► score (nbgrader) ──► record
"""

from __future__ import annotations

import concurrent.futures
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import cast

from nbgrader.preprocessors import ClearHiddenTests, Execute

from hubgrade_ext.core.conversion import Failure, excluded, is_excluded, staged_step
from hubgrade_ext.core.course import Course
from hubgrade_ext.core.errors import CourseBroken, HubgradeError
from hubgrade_ext.core.failures import unexpected
from hubgrade_ext.core.grading_options import grading_options
from hubgrade_ext.core.item_log import working_on
from hubgrade_ext.core.models import ItemResult
from hubgrade_ext.core.replace import Backups
from hubgrade_ext.grading.assignment_limits import limits_for
from hubgrade_ext.grading.comparison import Released
from hubgrade_ext.grading.diagnosis import diagnose
from hubgrade_ext.grading.environment import sandbox_environment
from hubgrade_ext.grading.executed import gave_up, notes
from hubgrade_ext.grading.execution.bundle import (
    Bundle,
    BundleResult,
    ExecuteOptions,
    Level,
    bundle_files,
    checked_path,
)
from hubgrade_ext.grading.execution.engine import ExecutorSettings, Result, execute_bundle
from hubgrade_ext.grading.executors import make_executor
from hubgrade_ext.grading.imports import imported_modules
from hubgrade_ext.grading.one_gradebook import OneGradebook
from hubgrade_ext.grading.recorded import RecordedAssignment
from hubgrade_ext.grading.schema_once import schema_once
from hubgrade_ext.grading.submission import Prepared, failed, prepare, record, refusal
from hubgrade_ext.grading.two_stage import TwoStageAutograde

# submissions prepared ahead and not yet recorded; an executor with many workers asks for more
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
        self._gradebook = OneGradebook()
        self._lasting = ExitStack()
        self._options = options = grading_options(course.config)
        settings = course.settings
        hidden = (settings.root or "", settings.exchange_root, settings.exchange_cache, settings.data_dir)
        self._execute = Execute(config=course.config)
        markers = ClearHiddenTests(config=course.config)
        self._hidden_tests = (
            (markers.begin_test_delimeter, markers.end_test_delimeter)
            if options.redact_hidden_tests
            else None
        )
        self._limits = limits_for(course, assignment_id)
        release = settings.path(settings.release_directory, ".", assignment_id)
        self._released = Released(release)
        self._preload = imported_modules(release) if release.is_dir() else ()
        executor_settings = ExecutorSettings(
            level=cast(Level | None, options.isolation),
            hidden=tuple(path for path in hidden if path),
            env=sandbox_environment(),
            cores=options.cores,
            preload=self._preload,
        )
        self._executor = make_executor(options, executor_settings, course.config)

    def __enter__(self) -> SubmissionsAtOnce:
        self._lasting.enter_context(self._gradebook)
        self._lasting.enter_context(schema_once())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(cancel_futures=True)
        for begun in self._begun.values():
            begun.resources.close()
        self._lasting.close()

    @property
    def full(self) -> bool:
        """Say whether enough is prepared: take results before beginning more."""
        return len(self._begun) >= max(_AHEAD, getattr(self._executor, "ahead", 0))

    @property
    def under_way(self) -> list[str]:
        """Return the students whose submissions are under way, the first begun first."""
        return [begun.prepared.student_id for begun in self._begun.values()]

    def drop_waiting(self) -> None:
        """Forget what was begun but does not run yet; it is then as if it had never been begun."""
        for future, begun in list(self._begun.items()):
            if future.cancel():
                begun.resources.close()
                del self._begun[future]

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
                self.course,
                self.assignment_id,
                student_id,
                self.notebook,
                step,
                self.recorded,
                self._released,
            )
            converter = TwoStageAutograde(coursedir=_coursedir(prepared), config=self.course.config)
            converter.gradebook = self._gradebook
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
        return [self._finish_one(future, self._begun[future]) for future in done]

    def _finish_one(self, future: Result, begun: _Begun) -> ItemResult:
        student_id = begun.prepared.student_id
        with working_on(student_id):
            try:
                return self._finish(future, begun)
            except HubgradeError:
                raise
            except Exception as error:  # noqa: BLE001  one item, whatever is in it, never stops the others
                return failed(student_id, unexpected(Failure(error), f"Autograding {student_id}"))

    def _finish(self, future: Result, begun: _Begun) -> ItemResult:
        prepared = begun.prepared
        try:
            result = future.result()
            given_up = gave_up(result)
            if given_up is not None:
                notebook, why = given_up
                return failed(prepared.student_id, why, notebook, result.level)
            _take_over(result, prepared.staged)
            failure = begun.converter.score()
            if failure is None:
                return record(prepared, self.backups, notes(result), result.level)
        except (OSError, CourseBroken) as error:
            failure = Failure(error)
        finally:
            begun.resources.close()
            del self._begun[future]
        return self._diagnosed(failure, prepared.submitted, prepared.student_id)

    def _diagnosed(self, failure: Failure, submitted: Path, student_id: str) -> ItemResult:
        why = diagnose(failure, submitted, self.recorded, self.assignment_id, student_id)
        return failed(student_id, why, failure.notebook)

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
                canaries=self._options.canaries,
                hidden_tests=self._hidden_tests,
            ),
        )


def _coursedir(prepared: Prepared) -> object:
    return prepared.course.coursedir(
        assignment_id=prepared.assignment_id,
        student_id=prepared.student_id,
        notebook_id=prepared.notebook,
        autograded_directory=prepared.step,
    )


def _take_over(result: BundleResult, staged: Path) -> None:
    """Put the executed notebooks, and what student code wrote beside them, into the staging folder."""
    for name in result.deleted:
        (staged / checked_path(name)).unlink(missing_ok=True)
    for file in result.files:
        _write(staged, file.path, file.content)
    for notebook in result.notebooks:
        if notebook.notebook is not None:
            _write(staged, notebook.path, notebook.notebook)


def _write(staged: Path, path: str, content: bytes) -> None:
    """Write a file, also where a folder was, and into a folder where a file was."""
    target = staged / checked_path(path)
    for parent in target.relative_to(staged).parents:
        if (staged / parent).is_file():
            (staged / parent).unlink()
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
