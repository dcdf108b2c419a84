"""Cells that must fail: they tell a submission that has switched its tests off.

nbgrader gives a test cell its points when it raises nothing. A few lines of a
student's (an AST transformer that removes every `assert`, a shell that swallows
errors) make that so. A canary looks like the test before which it runs, down to
the names in its condition, but its condition is false: where it raises nothing, no
test of the notebook can be believed. It runs as any cell does, counted and recorded,
and is forgotten afterwards, so that the cells after it have the numbers they would have had.
Python only: other languages have their own ways to fail.
"""

from __future__ import annotations

import ast
import random

from nbformat import NotebookNode

# Forgets the cell that ran last. The next session number keeps IPython's database of inputs from being
# told the same line twice, which it would complain about in the next cell's output.
FORGET = (
    "(lambda ip: (setattr(ip, 'execution_count', ip.execution_count - 1),"
    " ip.history_manager.input_hist_parsed.pop(), ip.history_manager.input_hist_raw.pop(),"
    " setattr(ip.history_manager, 'session_number', (ip.history_manager.session_number or 0) + 1)))"
    "(get_ipython())"
)
_random = random.SystemRandom()


def canaries(notebook: NotebookNode) -> dict[int, str]:
    """Return the canaries of a notebook: index of the cell before which one runs → its source.

    One before the first test; in every second notebook another one after a test drawn by lot, for who
    would wait until the first is over. A canary costs about as much as a failing test, 20 ms of CPU.
    Empty when the notebook has no test that is graded automatically.
    """
    tests = [index for index, cell in enumerate(notebook.cells) if is_test(cell)]
    if not tests:
        return {}
    found = {tests[0]: canary_like(notebook.cells[tests[0]].source)}
    if _random.random() < 0.5:
        drawn = _random.choice(tests)
        found[drawn + 1] = canary_like(notebook.cells[drawn].source)
    return found


def is_test(cell: NotebookNode) -> bool:
    """Say whether nbgrader gives this cell points for raising nothing."""
    marked = cell.metadata.get("nbgrader") or {}
    return bool(cell.cell_type == "code" and marked.get("grade") and not marked.get("solution"))


def canary_like(test: str) -> str:
    """Return a cell that must fail and looks like `test`; nothing of the test is evaluated in it."""
    false = _false()
    asserts = _asserts(test)
    if not asserts:
        return f"assert {false}"
    condition = ast.unparse(_random.choice(asserts).test)
    return _random.choice(("assert {} and ({})", "assert not (not {} or ({}))")).format(false, condition)


def _false() -> str:
    """Return something that is false, in one of several forms: who looks for one form misses the others."""
    one, other = _random.sample(range(100, 10_000), 2)
    low, high = sorted((one, other))
    return _random.choice(
        (
            f"{one} == {other}",
            f"{high} < {low}",
            f"abs(-{one}) == {other}",
            f"len('{one}') > {other}",
            f"[{one}, {other}] == [{other}, {one}]",
            f"sum([{one}, {other}]) == {one}",
            f"str({one}) == '{other}'",
            f"{one} in ({other}, {one + other})",
            f"isinstance({one}, str)",
        )
    )


def _asserts(source: str) -> list[ast.Assert]:
    try:
        return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
    except (SyntaxError, ValueError, RecursionError):
        return []  # magics, or no Python at all


def has_failed(cell: NotebookNode) -> bool:
    """Say whether nbgrader would give this cell nothing: what comes first decides.

    Source: nbgrader 0.9.6 `utils.determine_grade`.
    """
    for output in cell.outputs:
        if output.output_type == "error" or (output.output_type == "stream" and output.name == "stderr"):
            return True
        if output.output_type == "execute_result":
            return False
    return False


def has_forged_result(test: NotebookNode) -> bool:
    """Say whether a test that was run has a result that is not its own: nbgrader takes the first for points.

    Its own is the last thing that it does, and comes from an expression that stands by itself.
    """
    kinds = [output.output_type for output in test.outputs]
    results = kinds.count("execute_result")
    if results and "error" in kinds[kinds.index("execute_result") :]:
        return True
    try:
        expressions = sum(isinstance(node, ast.Expr) for node in ast.parse(test.source).body)
    except (SyntaxError, ValueError, RecursionError):
        return False  # magics have results as well
    return results > expressions
