"""Replace a folder over and over, until killed; run by test_replace."""

import importlib.util
import sys
from pathlib import Path

from hubgrade_ext.core import replace
from hubgrade_ext.core.replace import Backups, put_in_place, staging

spec = importlib.util.spec_from_file_location("test_replace", Path(__file__).with_name("test_replace.py"))
assert spec is not None
assert spec.loader is not None
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

tmp_path = Path(sys.argv[1])
settings = module.settings_for(tmp_path / "course")
if sys.argv[2] == "0":
    replace._exchange = lambda one, other: False
for version in range(100_000):
    with staging(settings.state_dir / "staging") as stage:
        (stage / "x").mkdir()
        for number in range(5):
            (stage / "x" / str(number)).write_text(str(version))
        put_in_place(stage / "x", tmp_path / "course" / "x", Backups(settings, keep=2))
    if version == 0:
        print("started", flush=True)  # noqa: T201
