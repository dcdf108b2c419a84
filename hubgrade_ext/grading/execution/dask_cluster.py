"""The Dask cluster that a run uses: one that is there already, or one that begins and ends with the run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dask.config
from distributed import Client, Security

from hubgrade_ext.core.dask_options import DaskSettings
from hubgrade_ext.core.errors import Busy, ConfigBroken
from hubgrade_ext.core.secrets_masked import mask_urls

log = logging.getLogger(__name__)
_CONNECT_TIMEOUT_S = 30.0


class ClusterLost(Busy):
    """The cluster cannot be reached, or has no workers."""

    code = "cluster_lost"


@contextmanager
def cluster_client(settings: DaskSettings) -> Iterator[Client]:
    """Give a client of a cluster that has a worker; a cluster that was started for it is ended afterwards.

    Raises: ClusterLost, ConfigBroken.
    """
    # a submission's files go with the order, so that it can be given to another worker
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB"}):
        if settings.cluster_class is None:
            with _connected(settings) as client:
                yield _with_workers(client, settings)
            return
        options = _options(settings)
        with _explained(settings):
            cluster = settings.cluster_class(**options)
        try:
            with _explained(settings):
                # unlike scale, it starts another worker for one whose job ended, as at its time limit
                cluster.adapt(minimum=settings.workers, maximum=settings.most_workers)
                client = cluster.get_client()
            with client:
                yield _with_workers(client, settings)
        finally:
            _end(cluster)


def _connected(settings: DaskSettings) -> Client:
    security = _security(settings)
    try:
        return Client(settings.scheduler, timeout=_CONNECT_TIMEOUT_S, security=security, set_as_default=False)
    except OSError as error:
        raise ClusterLost(
            f"The Dask scheduler {mask_urls(settings.scheduler)} cannot be reached.",
            "Check c.HubgradeDask.scheduler and c.HubgradeDask.security, and that the scheduler runs.",
        ) from error
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigBroken(
            f"The Dask scheduler {mask_urls(settings.scheduler)} cannot be used: {mask_urls(str(error))}.",
            "Correct c.HubgradeDask.scheduler and c.HubgradeDask.security.",
        ) from error


def _security(settings: DaskSettings) -> Security | None:
    try:
        return Security(**settings.security) if settings.security else None
    except TypeError as error:
        raise ConfigBroken(
            f"c.HubgradeDask.security cannot be used: {error}.",
            "It takes what distributed.Security takes: tls_ca_file, tls_client_cert, tls_client_key, …",
        ) from error


def _options(settings: DaskSettings) -> dict[str, Any]:
    security = _security(settings)
    return settings.cluster_options | ({"security": security} if security else {})


@contextmanager
def _explained(settings: DaskSettings) -> Iterator[None]:
    """Say in a sentence what a site's plug-in raises, which is whatever its library does."""
    try:
        yield
    except Exception as error:
        name = getattr(settings.cluster_class, "__name__", "The class")
        raise ClusterLost(
            f"{name} could not start a cluster: {type(error).__name__}: {mask_urls(str(error))}.",
            "Try it in a terminal with the same arguments; see c.HubgradeDask.cluster_options.",
        ) from error


def _end(cluster: Any) -> None:
    """End a cluster; one that does not end properly changes nothing about what was graded or went wrong."""
    try:
        cluster.close()
    except Exception:  # dask's own cannot be closed without complaint when a job was refused
        log.exception("The Dask cluster did not end properly.")


def _with_workers(client: Client, settings: DaskSettings) -> Client:
    try:
        client.wait_for_workers(1, timeout=settings.start_timeout_s)
    except OSError as error:
        raise no_workers(settings) from error
    return client


def no_workers(settings: DaskSettings) -> ClusterLost:
    """Say that the cluster had no worker for too long."""
    return ClusterLost(
        f"The Dask cluster had no worker for {settings.start_timeout_s:g} seconds.",
        "Look into the job's log, and whether its workers can start (queue, quota), then try again.",
    )
