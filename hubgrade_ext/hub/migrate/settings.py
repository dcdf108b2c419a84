"""The settings in a configuration file, found in its syntax tree; nothing of the file is executed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

UNKNOWN = object()
Statement = ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr


@dataclass(frozen=True)
class Setting:
    """One place where `c.Class.trait` stands.

    `root` is what `c` is called there, `node` the whole name. `statement` is the whole statement when it sets
    the trait, else None (it is only read). `value` is what it is set to when that is a literal, else UNKNOWN.
    """

    root: str
    section: str
    trait: str
    node: ast.Attribute
    statement: ast.stmt | None
    value: object

    @property
    def name(self) -> str:
        """`Class.trait`."""
        return f"{self.section}.{self.trait}"


def find_settings(tree: ast.Module) -> list[Setting]:
    """Return every `c.Class.trait` of a file, in its order."""
    statements = {id(node): (statement, value) for statement, node, value in _setting_statements(tree)}
    found: list[Setting] = []
    for node in ast.walk(tree):
        match node:
            # a class begins with a capital: c.Class.trait, and not os.path.join
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id=root), attr=section), attr=trait) if (
                section[:1].isupper()
            ):
                statement, value = statements.get(id(node), (None, None))
                literal = UNKNOWN if value is None else literal_of(value)
                found.append(Setting(root, section, trait, node, statement, literal))
    return sorted(found, key=lambda s: (s.node.lineno, s.node.col_offset))


def literal_of(node: ast.expr) -> object:
    """Return the value of a literal, `dict(…)`, `set(…)` and `list(…)` of literals included; else UNKNOWN."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node.func.id, node)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        items = [literal_of(item) for item in node.elts]
        return UNKNOWN if UNKNOWN in items else items
    try:
        value: object = ast.literal_eval(node)
    except ValueError:
        return UNKNOWN
    return value


def _call(function: str, node: ast.Call) -> object:
    if function == "dict" and not node.args:
        values = {k.arg: literal_of(k.value) for k in node.keywords if k.arg is not None}
        return UNKNOWN if UNKNOWN in values.values() else values
    if function in ("set", "list", "frozenset", "tuple") and not node.keywords:
        return literal_of(node.args[0]) if node.args else []
    return UNKNOWN


def _setting_statements(tree: ast.Module) -> Iterator[tuple[ast.stmt, ast.expr, ast.expr | None]]:
    """Yield the statements that set something: the statement, the name it sets, the value."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            yield node, node.targets[0], node.value
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            yield node, node.target, node.value if isinstance(node, ast.AnnAssign) else None
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            # c.Class.trait.append(…)
            function = node.value.func
            if isinstance(function, ast.Attribute):
                yield node, function.value, None
