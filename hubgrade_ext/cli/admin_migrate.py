"""`hubgrade admin migrate-config`: a configuration of 2015 as today's."""

from __future__ import annotations

import difflib
import os
import stat
from pathlib import Path
from typing import cast

from hubgrade_ext.cli.admin_parser import AdminArguments
from hubgrade_ext.cli.output import Output
from hubgrade_ext.cli.parser import Arguments
from hubgrade_ext.core.disk import plain_errors
from hubgrade_ext.core.errors import Conflict, InvalidRequest
from hubgrade_ext.core.secrets_masked import mask_lines
from hubgrade_ext.core.small_texts import read_text
from hubgrade_ext.hub.migrate.follow_up import follow_up
from hubgrade_ext.hub.migrate.rewrite import Migrated, migrate

MAX_BYTES = 1 << 20


def migrate_config(arguments: Arguments, output: Output) -> int:
    """Print the difference and the reasons, or write the new file; exit status 1: OLD is outdated."""
    asked = cast(AdminArguments, arguments)
    old = read_text(asked.old, MAX_BYTES)
    migrated, settings = migrate(old, str(asked.old))
    if asked.write is not None:
        _write(asked.write, migrated.text, asked.old.stat().st_mode)
    _show(asked, output, old, migrated, follow_up(settings))
    return 1 if migrated.text != old and asked.write is None else 0


def _write(path: Path, text: str, mode: int) -> None:
    """Write a new file with the rights of the old one; whatever is there already stays."""
    with plain_errors(f"write {path}", path.parent, InvalidRequest):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IMODE(mode) & 0o666)
        except FileExistsError as fault:
            raise Conflict(f"{path} is there already.", "Give the name of a new file.") from fault
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)


def _show(asked: AdminArguments, output: Output, old: str, migrated: Migrated, commands: list[str]) -> None:
    diff = "\n".join(
        difflib.unified_diff(
            mask_lines(old).splitlines(),
            mask_lines(migrated.text).splitlines(),
            str(asked.old),
            str(asked.write or f"{asked.old} (today)"),
            lineterm="",
        )
    )
    if output.json:
        written = str(asked.write) if asked.write is not None else ""
        output.show({"diff": diff, "notes": migrated.notes, "commands": commands, "written": written})
        return
    output.block(diff or f"{asked.old} has nothing of 2015.")
    for note in migrated.notes:
        output.line(f"line {note.line}: c.{note.name} {note.told}")
    if commands:
        output.line("What it said is said today by:")
    for command in commands:
        output.line(f"  {command}")
    if asked.write is not None:
        output.line(f"Wrote {asked.write}.")
