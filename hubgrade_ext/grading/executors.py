"""Where bundles are executed: on this machine, on a Dask cluster, or by a class of the site's own.

Such a class has the face of `concurrent.futures.Executor`: `submit(execute_bundle, bundle)` returns a future
of BundleResult, and `shutdown(cancel_futures=True)` ends what runs. It is made with the ExecutorSettings, and
with `config=` when it is a traitlets Configurable. An attribute `ahead`, if it has one, says how many
submissions it wants to have at a time.
"""

from __future__ import annotations

import concurrent.futures

from traitlets.config import Config, Configurable

from hubgrade_ext.core.dask_options import dask_settings
from hubgrade_ext.core.errors import ConfigBroken
from hubgrade_ext.core.grading_options import HubgradeGrading
from hubgrade_ext.grading.execution.engine import ExecutorSettings, LocalExecutor


def make_executor(
    options: HubgradeGrading, settings: ExecutorSettings, config: Config
) -> concurrent.futures.Executor:
    """Return the executor that the course's options name.

    Raises: ConfigBroken, IsolationUnavailable, ClusterLost.
    """
    chosen = options.executor
    if chosen == "local":
        return LocalExecutor(settings)
    if chosen == "dask":
        return _dask(settings, config)
    made: concurrent.futures.Executor
    made = chosen(settings, config=config) if issubclass(chosen, Configurable) else chosen(settings)
    return made


def _dask(settings: ExecutorSettings, config: Config) -> concurrent.futures.Executor:
    dask = dask_settings(config)
    try:
        from hubgrade_ext.grading.execution.dask_executor import DaskExecutor
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise ConfigBroken(
            "The course is to be graded on a Dask cluster, but Dask is not installed here.",
            "Run `pip install hubgrade-ext[dask]`, or set c.HubgradeGrading.executor to 'local'.",
        ) from error
    return DaskExecutor(settings, dask)
