"""The old text with its edits: names replaced where they stand, what is gone kept as a comment with why."""

from __future__ import annotations

import ast
import json

from msgspec import Struct

from hubgrade_ext.core.errors import InvalidRequest
from hubgrade_ext.core.secrets_masked import mask_lines
from hubgrade_ext.hub.migrate.rules import dropped, renamed
from hubgrade_ext.hub.migrate.settings import Setting, find_settings

LOGIN_RULES = ("allow_all", "allowed_users", "allowed_groups", "whitelist", "group_whitelist")
PEOPLE = ("whitelist", "blacklist", "allowed_users", "admin_users")
HUB_CLASSES = ("JupyterHub", "Spawner", "ConfigurableHTTPProxy")
_ALLOW_ALL = """\

# 2015: without a whitelist everybody with an account could log in; since JupyterHub 5 that has to be said.
c.Authenticator.allow_all = True
"""


class Note(Struct, frozen=True):
    """What happened to one setting: its line in the old file, its name, what became of it."""

    line: int
    name: str
    told: str


class Migrated(Struct, frozen=True):
    """The new text, and what to know about it."""

    text: str
    notes: list[Note]


def migrate(text: str, source: str) -> tuple[Migrated, list[Setting]]:
    """Return today's text of an old file, and the settings that were found in the old one.

    Raises: InvalidRequest when it is not Python 3.
    """
    try:
        tree = ast.parse(text)
    except (RecursionError, MemoryError) as fault:
        raise InvalidRequest(f"{source} is nested too deeply.", "Is it the right file?") from fault
    except (SyntaxError, ValueError) as fault:
        line = fault.lineno if isinstance(fault, SyntaxError) else None
        raise InvalidRequest(
            f"{source}{f', line {line},' if line else ''} cannot be read as Python 3.",
            "Mend that line (Python 2's print needs parentheses today), then run this again.",
        ) from fault
    settings = _settings_of(tree, source)
    edits = _Edits(text)
    for setting in settings:
        edits.take(setting)
    edits.rename_all()
    new = edits.text
    if _nobody_may_log_in(settings):
        new = new.rstrip("\n") + "\n" + _ALLOW_ALL
        edits.note(len(text.splitlines()), "Authenticator.allow_all", "added: everybody may log in, as then")
    _check_still_python(new, source)
    return Migrated(new, sorted(edits.notes, key=lambda n: n.line)), settings


def _settings_of(tree: ast.Module, source: str) -> list[Setting]:
    try:
        return find_settings(tree)
    except RecursionError as fault:
        raise InvalidRequest(f"{source} is nested too deeply.", "Is it the right file?") from fault


def _check_still_python(text: str, source: str) -> None:
    try:
        ast.parse(text)
    except SyntaxError as fault:
        raise InvalidRequest(
            f"{source} cannot be changed safely: line {fault.lineno} of the result would be no Python.",
            "Put each setting on lines of its own, then run this again.",
        ) from fault


def _nobody_may_log_in(settings: list[Setting]) -> bool:
    hub = any(s.section in HUB_CLASSES or s.section.endswith("Authenticator") for s in settings)
    # an empty whitelist let everybody in
    rules = [s for s in settings if s.trait in LOGIN_RULES and s.value not in ([], {}, None)]
    return hub and not rules


class _Edits:
    """The lines of a file while it is edited; line numbers stay the old ones until `text` joins them."""

    def __init__(self, text: str) -> None:
        # as ast counts lines: a form feed or a line separator inside one does not end it
        self._lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
        self._put: dict[int, list[str]] = {}
        self._renames: list[tuple[Setting, str]] = []
        self._patches: list[tuple[int, int, int, str]] = []
        self.notes: list[Note] = []

    @property
    def text(self) -> str:
        lines = [new for number, line in enumerate(self._lines, 1) for new in self._put.get(number, [line])]
        return "".join(f"{line}\n" for line in lines)

    def note(self, line: int, name: str, told: str) -> None:
        self.notes.append(Note(line, name, told))

    def take(self, setting: Setting) -> None:
        """Decide what becomes of one setting."""
        self._make_set(setting)
        if setting.name == "JupyterHub.proxy_api_port" and isinstance(setting.value, int):
            self._replace(setting, f'c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{setting.value}"')
        elif setting.name == "ClearSolutions.code_stub" and isinstance(setting.value, str):
            stub = json.dumps(setting.value, ensure_ascii=False)
            self._replace(setting, f'c.ClearSolutions.code_stub = {{"python": {stub}}}')
        elif why := dropped(setting.section, setting.trait):
            self._drop(setting, why)
        elif new := renamed(setting.section, setting.trait):
            self._renames.append((setting, new))
        else:
            self._remark(setting)

    def rename_all(self) -> None:
        """Put the new names where the old ones stand, from the right, so that columns stay true."""
        for setting, new in self._renames:
            node = setting.node
            if node.lineno != node.end_lineno:
                self.note(node.lineno, setting.name, f"is c.{new} today: rename it by hand")
            elif node.lineno not in self._put:
                self._patch(node.lineno, node.col_offset, node.end_col_offset or 0, f"{setting.root}.{new}")
                self.note(node.lineno, setting.name, f"is c.{new} today")
        for number, start, end, new in sorted(self._patches, reverse=True):
            line = self._lines[number - 1].encode()
            self._lines[number - 1] = (line[:start] + new.encode() + line[end:]).decode()

    def _patch(self, number: int, start: int, end: int, new: str) -> None:
        self._patches.append((number, start, end, new))

    def _make_set(self, setting: Setting) -> None:
        """Turn a list of people into a set: to a list, `load_subconfig` could add nobody."""
        statement = setting.statement
        value = statement.value if isinstance(statement, ast.Assign) else None
        if setting.trait in PEOPLE and isinstance(value, ast.List) and value.elts:
            self._patch(value.lineno, value.col_offset, value.col_offset + 1, "{")
            end = value.end_col_offset or 0
            self._patch(value.end_lineno or 0, end - 1, end, "}")

    def _drop(self, setting: Setting, why: str) -> None:
        statement = setting.statement
        if statement is None or not self._stands_alone(statement):
            self.note(setting.node.lineno, setting.name, f"is gone, remove it by hand: {why}")
            return
        self._comment_out(statement, f"# dropped: {why}", [])
        self.note(statement.lineno, setting.name, f"dropped: {why}")

    def _replace(self, setting: Setting, new: str) -> None:
        statement = setting.statement
        if statement is None or not self._stands_alone(statement):
            self.note(
                setting.node.lineno, setting.name, f"is written otherwise today, change it by hand: {new}"
            )
            return
        self._comment_out(statement, "# today:", [new])
        self.note(statement.lineno, setting.name, f"today: {new}")

    def _comment_out(self, statement: ast.stmt, said: str, new: list[str]) -> None:
        first, last = statement.lineno, statement.end_lineno or statement.lineno
        indent = " " * statement.col_offset
        old = mask_lines("\n".join(self._lines[first - 1 : last])).split("\n")
        if indent and not new:
            # it may have been all that its block held
            new = ["pass"]
        lines = [f"{indent}# 2015: {line[statement.col_offset :]}" for line in old]
        self._put.update({number: [] for number in range(first, last + 1)})
        self._put[first] = [*lines, *(f"{indent}{line}" for line in (said, *new))]

    def _stands_alone(self, statement: ast.stmt) -> bool:
        first, last = statement.lineno, statement.end_lineno or statement.lineno
        before = self._lines[first - 1].encode()[: statement.col_offset]
        after = self._lines[last - 1].encode()[statement.end_col_offset :].strip()
        return not before.strip() and (not after or after.startswith(b"#"))

    def _remark(self, setting: Setting) -> None:
        """Say what is well to know about a setting that stays."""
        value, told = setting.value, ""
        if setting.name in ("JupyterHub.ssl_cert", "JupyterHub.ssl_key") and not _starts_with(value, "/"):
            told = "kept; give the whole path: today's unit starts in another folder"
        elif setting.name == "JupyterHub.db_url" and _is_relative_database(value):
            told = "kept; give the whole path, sqlite:////var/lib/…: from another folder the hub starts empty"
        elif setting.name == "DummyAuthenticator.password":
            told = "kept; since 5.3 SharedPasswordAuthenticator.user_password, at least 8 characters"
        if told:
            self.note(setting.node.lineno, setting.name, told)


def _starts_with(value: object, beginning: str) -> bool:
    return isinstance(value, str) and value.startswith(beginning)


def _is_relative_database(value: object) -> bool:
    return _starts_with(value, "sqlite:///") and not _starts_with(value, "sqlite:////")
