"""Run one verb on ps1 of a course and print the results as JSON: verb_child.py VERB ROOT."""

import importlib
import sys
from pathlib import Path

import msgspec

from hubgrade_ext.core.course import open_course
from tests.exchange.acting import run

verb = getattr(importlib.import_module(f"hubgrade_ext.actions.{sys.argv[1]}"), sys.argv[1])
results = run(verb, open_course(Path(sys.argv[2])))
sys.stdout.write(msgspec.json.encode(results).decode())
