"""Run an nbgrader course from inside a notebook session."""

from __future__ import annotations

from typing import Any

try:
    # written when a wheel is built
    from hubgrade_ext._version import __version__ as __version__  # type: ignore[import-untyped, import-not-found, unused-ignore]
except ImportError:
    __version__ = "dev"


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "hubgrade-ext"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from hubgrade_ext.app import HubgradeExtension

    return [{"module": "hubgrade_ext", "app": HubgradeExtension}]
