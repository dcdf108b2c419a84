"""Records of ours that a crash or an editor damaged count as absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubgrade_ext.core.course import named_root, open_course
from hubgrade_ext.core.errors import CourseBroken
from hubgrade_ext.core.gate_verdicts import known_verdict
from hubgrade_ext.core.repairs import read_repair, repair_folder
from hubgrade_ext.exchange.receipts import read_receipts, receipts_dir


@pytest.mark.parametrize("content", [b"", b"[]", b'{"digest": "\xff", "at": "\xff"}', b"[" * 50_000])
def test_what_cannot_be_read_is_passed_over(course_dir: Path, content: bytes) -> None:
    settings = open_course(course_dir).settings
    verdict = settings.state_dir / "gate" / "ps1.json"
    repair = repair_folder(settings, "ps1", "ada") / "repair.json"
    receipt = receipts_dir(settings, "ps1") / "1.json"
    for path in (verdict, repair, receipt):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    assert known_verdict(settings, "ps1") is None
    assert read_repair(settings, "ps1", "ada") is None
    assert read_receipts(settings, "ps1") == []


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseBroken, match="gone cannot be entered: No such file"):
        named_root(str(tmp_path / "gone"))
