"""nbgrader checks its own metadata schema anew for every cell; here once a job.

Source: nbgrader 0.9.6 `nbgraderformat.common`, jsonschema 4 `validators.validate`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import jsonschema  # type: ignore[import-untyped]
from jsonschema.exceptions import best_match  # type: ignore[import-untyped]
from jsonschema.validators import validator_for  # type: ignore[import-untyped]
from nbgrader.nbgraderformat import common


@contextmanager
def schema_once() -> Iterator[None]:
    """Make the metadata check of this process cheap meanwhile; what it accepts and raises is the same."""
    validators: dict[str, Any] = {}

    def validate(instance: object, schema: dict[str, Any]) -> None:
        key = json.dumps(schema)
        if key not in validators:
            kind = validator_for(schema)
            kind.check_schema(schema)
            validators[key] = kind(schema)
        error = best_match(validators[key].iter_errors(instance))
        if error is not None:
            raise error

    common.jsonschema = SimpleNamespace(validate=validate)
    try:
        yield
    finally:
        common.jsonschema = jsonschema
