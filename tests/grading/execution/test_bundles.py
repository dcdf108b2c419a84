"""Bundles and results on their way: as bytes, checked where they arrive, and made of plain files only."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hubgrade_ext.core.errors import InternalError, InvalidRequest
from hubgrade_ext.grading.execution.bundle import (
    Bundle,
    BundleFile,
    BundleResult,
    bundle_files,
    check_result,
    decode_bundle,
    decode_result,
    encode,
)
from hubgrade_ext.grading.execution.engine import LocalExecutor, execute_bundle

Run = Callable[..., BundleResult]
Make = Callable[..., Bundle]


def test_bundle_and_result_travel_as_bytes(run: Run, make_bundle: Make) -> None:
    bundle = make_bundle("print('é' * 10)", "import matplotlib", files={"b.bin": bytes(range(256))})
    assert decode_bundle(encode(bundle)) == bundle
    result = run("print('é' * 10)", "import matplotlib", files={"b.bin": bytes(range(256))})
    with pytest.raises(InternalError, match="another cell"):
        decode_result(encode(result), bundle)  # same text, other cell ids


def test_a_result_that_was_tampered_with_is_refused(executor: LocalExecutor, make_bundle: Make) -> None:
    bundle = make_bundle("print('x')\n1")
    result = executor.submit(execute_bundle, bundle).result(60)
    check_result(result, bundle)
    assert decode_result(encode(result), bundle) == result

    def changed(edit: Callable[[dict[str, object]], object]) -> BundleResult:
        made = json.loads(result.notebooks[0].notebook or b"")
        edit(made["cells"][1])
        notebook = msgspec.structs.replace(result.notebooks[0], notebook=json.dumps(made).encode())
        return msgspec.structs.replace(result, notebooks=(notebook,))

    for edit in (
        lambda cell: cell.update(source="print('y')"),
        lambda cell: cell.update(metadata={"nbgrader": {"points": 99}}),
        lambda cell: cell["outputs"].append(
            {"output_type": "stream", "name": "stdout", "text": {"no": "text"}}
        ),
        lambda cell: cell["outputs"].append({"output_type": "new"}),
        lambda cell: cell.update(execution_count="1"),
    ):
        with pytest.raises(InternalError):
            check_result(changed(edit), bundle)
    with pytest.raises(InternalError, match="makes no sense"):
        decode_result(b"\x00" + encode(result), bundle)
    with pytest.raises(InternalError, match="bytes long"):
        decode_result(
            encode(msgspec.structs.replace(result, files=(BundleFile("f", bytes(10**9 // 4)),))), bundle
        )
    with pytest.raises(InvalidRequest):
        check_result(msgspec.structs.replace(result, files=(BundleFile("../f", b""),)), bundle)


def test_links_in_a_submission_are_not_followed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "hidden.ipynb").write_text("hidden")
    folder = tmp_path / "alice"
    folder.mkdir()
    (folder / "p.ipynb").write_text("{}")
    (folder / "file").symlink_to(source / "hidden.ipynb")
    (folder / "folder").symlink_to(source)
    os.mkfifo(folder / "pipe")
    files, skipped = bundle_files(folder)
    assert files == (BundleFile("p.ipynb", b"{}"),)
    assert sorted(skipped) == ["file", "folder", "pipe"]


def test_only_bundles_are_executed(executor: LocalExecutor) -> None:
    with pytest.raises(InvalidRequest):
        executor.submit(print, "x")
