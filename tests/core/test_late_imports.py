"""What nbgrader hardly ever needs is imported when it is needed, and works then."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

CODE = """
import sys
from hubgrade_ext.core.late_imports import late_imports
with late_imports():
    import nbgrader.apps
    import jsonschema
    from nbgrader.utils import unzip
    assert not {"lark", "setuptools", "urllib3"} & sys.modules.keys(), "imported all the same"
    unzip("one.zip", "within")  # also while the stand-ins are there
assert not {"rfc3987_syntax", "rfc3986_validator", "requests"} & sys.modules.keys(), "a stand-in stayed"
unzip("one.zip", "afterwards")
checker = jsonschema.FormatChecker()
print(checker.conforms("http://example.org/\\u00e4", "iri"), checker.conforms("no iri at all", "iri"))
from setuptools.archive_util import UnrecognizedFormat
from rfc3987_syntax import parse
from nbgrader.auth import jupyterhub
with late_imports():
    import requests.adapters
assert jupyterhub.requests.Session is requests.Session
print(checker.conforms("http://example.org/a", "uri"), checker.conforms("http://ex ample", "uri"))
"""


def test_late_imports_work_when_they_are_called(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("inside.txt", "here")
    for place in ("within", "afterwards"):
        (tmp_path / place).mkdir()
    (tmp_path / "one.zip").write_bytes(file.getvalue())
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "False"] * 2
    for place in ("within", "afterwards"):
        assert (tmp_path / place / "inside.txt").read_text() == "here"
