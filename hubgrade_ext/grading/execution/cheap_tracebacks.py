"""Let IPython render a traceback for a quarter of the work, with the same text.

A notebook that fails its tests shows one traceback a test, and rendering costs more than everything else
that a kernel does. What is made anew each time with the same outcome is made once: token patterns, a style
with its escape sequences, the search through all modules for the one that a cell belongs to (none), and the
second rendering that IPython's history keeps.

Runs in the zygote, before the fork.
Source: IPython 9 `ultratb`, stack_data 0.6, pygments 2, Python's `inspect`.
"""

from __future__ import annotations

import functools
import inspect
from types import TracebackType
from typing import Any

import stack_data
from ipykernel.compiler import XCachingCompiler
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.ultratb import AutoFormattedTB
from pygments.formatters.terminal256 import Terminal256Formatter  # type: ignore[import-untyped]
from pygments.lexer import RegexLexerMeta  # type: ignore[import-untyped]
from stack_data.core import style_with_executing_node


def make_tracebacks_cheap() -> None:
    """Change what all shells of this process use; call it once."""
    _compile_patterns_once()
    _make_styles_once()


def render_once(shell: InteractiveShell) -> None:
    """Have this shell reuse, for its history, the traceback that it has just shown."""
    shown = shell.InteractiveTB
    setattr(shown, "structured_traceback", _Rendering(shown).structured_traceback)  # noqa: B010  mypy


class CellCompiler(XCachingCompiler):
    """Say that a cell is in no module, which `inspect` would find out by looking at each."""

    def cache(self, transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        """Keep the cell's lines under its name, as IPython does, and return that."""
        name = super().cache(transformed_code, number, raw_code)
        inspect.modulesbyfile.setdefault(name, "")
        return name


class _Rendering:
    """The last traceback rendered, with what it was rendered from; taken once, then forgotten."""

    def __init__(self, tracebacks: AutoFormattedTB) -> None:
        self._tracebacks = tracebacks
        self._render = tracebacks.structured_traceback
        self._kept: tuple[tuple[object, ...], list[str]] | None = None

    def structured_traceback(
        self,
        etype: type,
        evalue: BaseException | None,
        etb: TracebackType | None = None,
        tb_offset: int | None = None,
        context: int = 5,
    ) -> list[str]:
        """Return the lines, as IPython's method of this name does."""
        ours = self._tracebacks
        offset = ours.tb_offset if tb_offset is None else tb_offset
        asked = (etype, evalue, etb, offset, context, ours.mode)
        kept, self._kept = self._kept, None
        if kept is not None and all(one is other for one, other in zip(kept[0], asked, strict=True)):
            return list(kept[1])
        lines = self._render(etype, evalue, etb, tb_offset, context)
        # With the values of variables it may say something else the next time.
        if etb is not None and not ours.include_vars:
            self._kept = asked, list(lines)
        return lines


def _compile_patterns_once() -> None:
    """stack_data makes a new lexer for each highlighted piece, with the patterns of the last one."""
    compile_patterns = RegexLexerMeta.process_tokendef

    def process_tokendef(cls: Any, name: str, tokendefs: Any = None) -> Any:
        for kind in cls.__mro__:
            if "_tokens" in vars(kind):
                return kind._tokens
            if "tokens" in vars(kind):
                break
        return compile_patterns(cls, name, tokendefs)

    RegexLexerMeta.process_tokendef = process_tokendef


def _make_styles_once() -> None:
    """IPython makes a style of the same two parts for each traceback, and its escape sequences."""
    once = functools.lru_cache(16)(style_with_executing_node)
    setattr(stack_data, "style_with_executing_node", once)  # noqa: B010  mypy
    set_up = Terminal256Formatter._setup_styles
    known: dict[tuple[object, ...], tuple[dict[str, int], dict[str, tuple[str, str]]]] = {}

    def setup_styles(formatter: Any) -> None:
        key = (formatter.style, formatter.usebold, formatter.useunderline, formatter.useitalic)
        if key not in known:
            set_up(formatter)
            known[key] = formatter.best_match, formatter.style_string
        matches, strings = known[key]
        formatter.best_match, formatter.style_string = dict(matches), dict(strings)

    Terminal256Formatter._setup_styles = setup_styles
