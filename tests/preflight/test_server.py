"""Checks of what only the asking server knows; that a real one tells it is tested with the handlers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hubgrade_ext.core.models import PreflightReport, Role
from hubgrade_ext.preflight.server_facts import ServerFacts

Look = Callable[..., PreflightReport]
NONE = ServerFacts(False, None, False, "", "/", "/")


@pytest.mark.parametrize(
    ("check_id", "role", "server", "status", "word"),
    [
        ("serverext.enabled", "instructor", NONE, "warning", "jupyter server extension enable"),
        (
            "serverext.student_formgrader",
            "student",
            ServerFacts(True, "/x", False, "", "/", "/"),
            "info",
            "students",
        ),
        ("serverext.student_formgrader", "student", NONE, "ok", ""),
        ("formgrader.serves", "instructor", ServerFacts(True, "/x", True, "", "/", "/"), "info", "outside"),
        ("formgrader.serves", "instructor", ServerFacts(True, "/x", False, "", "/", "/"), "ok", "/x now"),
        ("formgrader.csp", "instructor", ServerFacts(True, "/x", False, " 'none'", "/", "/"), "ok", "own"),
        ("server.cwd", "instructor", ServerFacts(True, "/x", False, "", "/tmp", "/"), "warning", "/tmp"),
    ],
)
def test_server(look: Look, check_id: str, role: Role, server: ServerFacts, status: str, word: str) -> None:
    changes = {"root": None} if role == "student" else {}
    (found,) = look(role=role, server=server, only=[check_id], **changes).findings
    assert found.status == status, found
    assert word in found.message + found.remedy
