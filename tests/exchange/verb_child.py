"""Run one verb on ps1 and print the results as JSON: verb_child.py VERB ROOT, or VERB WORK_DIR COURSE_ID."""

import importlib
import sys
from pathlib import Path

import msgspec

from hubgrade_ext.core.course import open_course
from tests.exchange.acting import run

verb = getattr(importlib.import_module(f"hubgrade_ext.actions.{sys.argv[1]}"), sys.argv[1])
if len(sys.argv) == 4:
    course = open_course(None, work_dir=Path(sys.argv[2]), course_id=sys.argv[3])
else:
    course = open_course(Path(sys.argv[2]))
results = run(verb, course)
sys.stdout.write(msgspec.json.encode(results).decode())
