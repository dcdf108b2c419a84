"""The frame round every command: arguments, the one way out for errors, the exit status."""

from __future__ import annotations

import atexit
import gc
import importlib
import sys
from collections.abc import Callable, Sequence

from hubgrade_ext.cli.output import Output
from hubgrade_ext.cli.parser import Arguments, UsageError, build_parser, is_json
from hubgrade_ext.core.errors import HubgradeError
from hubgrade_ext.core.late_imports import late_imports

Command = Callable[[Arguments, Output], int]
GARBAGE = 20_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 all done, 1 some items failed, 2 could not start."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    program = "jupyter hubgrade" if sys.argv[0].endswith("jupyter-hubgrade") else "hubgrade"
    try:
        # before anything is redirected: --help belongs on standard output
        parsed = build_parser(program).parse_args(argv, namespace=Arguments())
    except UsageError as error:
        with Output(is_json(argv)) as output:
            return output.fail(error)
    # what nbgrader brings when it is imported stays: looking through it takes 0.1 s meanwhile, and 0.4 s at
    # the end, when the interpreter does so once more
    gc.set_threshold(GARBAGE)
    atexit.register(gc.freeze)
    with Output(parsed.json) as output:
        return _carry_out(parsed, output)


def _carry_out(parsed: Arguments, output: Output) -> int:
    try:
        module, function = parsed.command.split(":")
        with late_imports():
            command: Command = getattr(importlib.import_module(module), function)
            return command(parsed, output)
    except HubgradeError as error:
        return output.fail(error)
    except KeyboardInterrupt:
        return output.fail(HubgradeError("Interrupted.", "Run the same command again to go on."))
    except BrokenPipeError:
        # whoever read our output has seen enough
        return 1
    except Exception:  # noqa: BLE001  the edge, as the worker's main is: nobody above would catch it
        from hubgrade_ext.cli.report import write_report

        return output.fail(write_report(parsed.course_dir))
