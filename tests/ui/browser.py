"""Debian's Chromium, as tests, measurements and screenshots start it."""

from __future__ import annotations

import os
import shutil

from playwright.sync_api import Browser, Playwright

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch(driver: Playwright) -> Browser:
    """Start Chromium: the one that CHROMIUM names, else the system's."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert path, "no Chromium: apt-get install chromium, or set CHROMIUM to its path"
    return driver.chromium.launch(executable_path=path, args=ARGS)
