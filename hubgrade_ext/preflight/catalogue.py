"""Every check, in the order in which causes come before their effects. An id is never reused."""

from __future__ import annotations

from hubgrade_ext.preflight.check import Check
from hubgrade_ext.preflight.checks import configuration, course, exchange, gradebook

CATALOGUE: list[Check] = [
    configuration.SYNTAX,
    configuration.UNKNOWN,
    course.UNSET,
    course.ILLEGAL,
    course.WRITABLE,
    course.SOURCE,
    course.LEAK,
    course.UNDER_ROOT,
    exchange.ABSOLUTE,
    exchange.REACHABLE,
    exchange.EXISTS,
    exchange.WRITABLE,
    exchange.MODE,
    exchange.STICKY,
    exchange.SPACE,
    exchange.INBOUND_MODE,
    exchange.INBOUND_PARTIAL,
    gradebook.ALEMBIC,
    gradebook.WRITABLE,
    gradebook.LOCKED,
    gradebook.CORRUPT,
    gradebook.TABLES,
    gradebook.REVISION,
]
