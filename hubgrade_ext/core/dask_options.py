"""Which Dask cluster a course's submissions are executed on: `c.HubgradeDask.…` in nbgrader_config.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from traitlets import Any as AnyTrait
from traitlets import Dict, Float, Integer, TraitError, Unicode, default
from traitlets import Union as UnionTrait
from traitlets.config import Config, Configurable
from traitlets.utils.importstring import import_item

from hubgrade_ext.core.errors import ConfigBroken
from hubgrade_ext.core.secrets_masked import mask_urls

_REMEDY = "Correct c.HubgradeDask in nbgrader_config.py."


class DaskSettings(Struct, frozen=True):
    """Say where the cluster is: at the address of a scheduler, or made by `cluster_class`."""

    scheduler: str = ""
    cluster_class: Callable[..., Any] | None = None
    cluster_options: dict[str, Any] = {}
    workers: int = 1
    most_workers: int = 1
    security: dict[str, Any] = {}
    start_timeout_s: float = 600.0


class HubgradeDask(Configurable):
    """Configure the cluster of `c.HubgradeGrading.executor = "dask"`."""

    scheduler = Unicode(
        "",
        help="""
        Address of a Dask scheduler that runs already, such as `tls://scheduler.example:8786` (default: none).
        Change either this or `cluster_class`.
        """,
    ).tag(config=True)

    cluster_class = UnionTrait(
        [Unicode(), AnyTrait()],
        help="""
        Class or function that starts a cluster, or its name, such as `dask_gateway.GatewayCluster` or
        `dask_jobqueue.SLURMCluster` (default: none). The cluster is started for each run, and ended after it.
        """,
    ).tag(config=True)

    cluster_options = Dict(
        key_trait=Unicode(),
        help="Keyword arguments of `cluster_class` (default: none): queue, cores and memory of a worker, …",
    ).tag(config=True)

    workers = Integer(
        1,
        min=1,
        help="Workers that the started cluster has at least (default 1). Change to use more machines.",
    ).tag(config=True)

    most_workers = Integer(
        min=1,
        help="Workers that the started cluster grows to under load (default: as `workers`; it stays).",
    ).tag(config=True)

    security = Dict(
        key_trait=Unicode(),
        help="""
        Keyword arguments of `distributed.Security` (default: none): tls_ca_file, tls_client_cert,
        tls_client_key, require_encryption; for a cluster that is started also those of scheduler and worker.
        Give paths, never keys themselves.
        """,
    ).tag(config=True)

    start_timeout_s = Float(
        600.0,
        min=1.0,
        help="Seconds to wait for a worker, at the start and when all are gone (default 600). Change when"
        " the queue is long.",
    ).tag(config=True)

    @default("cluster_class")
    def _no_class(self) -> str:
        return ""

    @default("most_workers")
    def _as_workers(self) -> int:
        return self.workers


def dask_settings(config: Config) -> DaskSettings:
    """Return the configured cluster.

    Raises: ConfigBroken (a bad value, a class that cannot be imported, neither or both of address and class).
    """
    try:
        options = HubgradeDask(config=config)
    except TraitError as error:
        raise ConfigBroken(f"The configuration of the cluster cannot be used: {error}.", _REMEDY) from None
    if bool(options.scheduler) == bool(options.cluster_class):
        raise ConfigBroken(
            "For grading on a cluster, set either c.HubgradeDask.scheduler or c.HubgradeDask.cluster_class.",
            _REMEDY,
        )
    return DaskSettings(
        scheduler=options.scheduler,
        cluster_class=_imported(options.cluster_class) if options.cluster_class else None,
        cluster_options=dict(options.cluster_options),
        workers=options.workers,
        most_workers=max(options.workers, options.most_workers),
        security=dict(options.security),
        start_timeout_s=options.start_timeout_s,
    )


def _imported(given: object) -> Callable[..., Any]:
    if isinstance(given, str):
        try:
            given = import_item(given)
        except Exception as error:  # the import of a plug-in named in the configuration
            raise ConfigBroken(
                f"What c.HubgradeDask.cluster_class names cannot be imported: {mask_urls(str(error))}.",
                "Install the package that has it here, or correct the name.",
            ) from error
    if not callable(given):
        raise ConfigBroken("c.HubgradeDask.cluster_class is not a class or function.", _REMEDY)
    return given
