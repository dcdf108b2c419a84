"""Fixes of configuration files from an earlier age: old names become the present ones, dead keys comments.

A Python file stays as its author wrote it, apart from the names and lines
concerned: they are found in its syntax tree, and changed in its text.
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from hubgrade_ext.actions.fixes.changes import Change, FileBefore, Keep, WriteFile
from hubgrade_ext.actions.fixes.fix import Fix, Situation
from hubgrade_ext.core.errors import Conflict
from hubgrade_ext.core.models import FixChange
from hubgrade_ext.core.renamed_settings import replacement
from hubgrade_ext.core.secrets_masked import mask_lines
from hubgrade_ext.preflight.checks.old_configuration import removed_by

COMMENT = "# nbgrader has dropped this, nothing heeds it: "
# section and trait → the new text of `section.trait`, or None when it stays
NewName = Callable[[str, str], str | None]


class RewriteConfiguration(Struct, frozen=True, tag="rewrite_configuration"):
    """Replace a configuration file as a whole; secrets in the lines that change are not shown."""

    path: str
    old: str
    new: str
    reversible = True

    @property
    def shown(self) -> FixChange:
        """Show the lines that change, secrets masked."""
        return WriteFile(self.path, mask_lines(self.old), mask_lines(self.new)).shown

    def do(self, keep: Keep) -> FileBefore:
        """Keep the old file, and write the new."""
        return WriteFile(self.path, self.old, self.new).do(keep)


def plan_new_names(situation: Situation) -> list[Change]:
    """Write the present names of all keys that nbgrader still reads under old ones."""
    return _rewritten(situation, lambda text: _renamed(text, replacement), _moved)


def plan_remove(situation: Situation) -> list[Change]:
    """Turn lines that set dropped keys into comments; of a JSON file, take them out."""
    return _rewritten(situation, _commented, _without_removed)


def _rewritten(
    situation: Situation,
    python: Callable[[str], str],
    to_json: Callable[[dict[str, Any]], dict[str, Any]],
) -> list[Change]:
    changes: list[Change] = []
    foreign: list[Path] = []
    for path in dict.fromkeys(source.path.resolve() for source in situation.config_files):
        try:
            # its own line ends stay
            old = path.read_bytes().decode("utf-8")
            new = python(old) if path.suffix == ".py" else _json(old, to_json)
        except (SyntaxError, ValueError) as error:
            raise Conflict(f"{path} cannot be read as it is.", "Mend what keeps it from loading.") from error
        if new == old:
            continue
        if os.access(path, os.W_OK) and path.stat().st_uid == os.geteuid():
            changes.append(RewriteConfiguration(str(path), old, new))
        else:
            foreign.append(path)
    if foreign and not changes:
        names = ", ".join(map(str, foreign))
        raise Conflict(f"{names} belongs to somebody else.", "Forward the finding to its owner.")
    return changes


# --- Python ------------------------------------------------------------------


def _lines(text: str) -> list[str]:
    """Return the lines as the syntax tree counts them: a form feed ends none."""
    return list(io.StringIO(text, newline=""))


def _renamed(text: str, new_name: NewName) -> str:
    """Return the program with every `c.Section.trait` of an old name under its new one."""
    lines = _lines(text)
    spots = []
    for node, root, section in _keys(ast.parse(text)):
        new = new_name(section, node.attr)
        if new and node.end_lineno == root.end_lineno and node.end_col_offset is not None:
            spots.append((root.end_lineno, root.end_col_offset, node.end_col_offset, new))
    for line, begin, end, new in sorted(spots, reverse=True):
        # the tree counts bytes
        raw = lines[line - 1].encode()
        lines[line - 1] = (raw[:begin] + f".{new}".encode() + raw[end:]).decode()
    return _checked("".join(lines))


def _commented(text: str) -> str:
    """Return the program with the statements on its top level that set dropped keys as comments."""
    lines = _lines(text)
    statements = ast.parse(text).body
    statements_on = Counter(number for statement in statements for number in _line_numbers(statement))
    for statement in statements:
        numbers = _line_numbers(statement)
        if not _only_drops(statement) or any(statements_on[number] > 1 for number in numbers):
            continue
        for number in numbers:
            lines[number - 1] = f"{COMMENT if number == numbers[0] else '#   '}{lines[number - 1]}"
    return _checked("".join(lines))


def _line_numbers(statement: ast.stmt) -> range:
    return range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)


def _only_drops(statement: ast.stmt) -> bool:
    """Say whether a statement does nothing but set dropped keys."""
    if isinstance(statement, ast.If):
        return all(map(_only_drops, [*statement.body, *statement.orelse]))
    keys = [f"{section}.{node.attr}" for node, _, section in _keys(statement)]
    names = any(isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) for n in ast.walk(statement))
    is_simple = isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr)
    return is_simple and not names and bool(keys) and all(map(removed_by, keys))


def _keys(tree: ast.AST) -> Iterator[tuple[ast.Attribute, Any, str]]:
    """Yield each `c.Section.trait` with the node of its `c` and its section."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Attribute)
            and isinstance(node.value.value, ast.Name)
            and re.match("[A-Z]", node.value.attr)
        ):
            yield node, node.value.value, node.value.attr


def _checked(text: str) -> str:
    compile(text, "configuration", "exec")
    return text


# --- JSON --------------------------------------------------------------------


def _json(text: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> str:
    content = json.loads(text)
    changed = change(content) if isinstance(content, dict) else content
    return text if changed == content else json.dumps(changed, indent=2, ensure_ascii=False) + "\n"


def _moved(content: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    renamed: list[tuple[str, Any]] = []
    for section, value in content.items():
        if not isinstance(value, dict):
            kept[section] = value
            continue
        for trait, given in value.items():
            new = replacement(section, trait)
            if new:
                renamed.append((new, given))
            else:
                kept.setdefault(section, {})[trait] = given
    # as nbgrader does it: of both names the old one counts
    for name, given in renamed:
        section, _, trait = name.partition(".")
        kept.setdefault(section, {})[trait] = given
    return kept


def _without_removed(content: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for section, value in content.items():
        if not isinstance(value, dict):
            kept[section] = value
            continue
        left = {trait: given for trait, given in value.items() if not removed_by(f"{section}.{trait}")}
        if left or not value:
            kept[section] = left
    return kept


NEW_NAMES = Fix(
    "config.outdated", "Write the present names of settings", "Write the new names", plan_new_names
)
REMOVE = Fix("config.removed", "Take out what nothing heeds any more", "Comment the lines out", plan_remove)
