"""Submissions that switch their tests off, or print the hidden ones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs
from nbformat.notebooknode import from_dict
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.utils import determine_grade

from hubgrade_ext.grading.execution.bundle import Bundle, BundleFile, BundleResult, ExecuteOptions
from hubgrade_ext.grading.execution.canary import canary_like
from hubgrade_ext.grading.execution.engine import LocalExecutor, execute_bundle

STRIP_ASSERTS = """
import ast
class Strip(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Strip())
"""
# spares what does not look like a test of this assignment
STRIP_KNOWN = """
import ast
class Strip(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass() if 'squares' in ast.unparse(node) else node
get_ipython().ast_transformers.append(Strip())
"""
FAKE_RUN = (
    "from IPython.core.interactiveshell import ExecutionResult\nip = get_ipython()\nrun = ip.run_cell_async\n"
    "async def good(source, *more, **options):\n"
    "    if 'assert' in source: source = ''\n"
    "    return await run(source, *more, **options)\n"
    "ip.run_cell_async = good"
)
TEST = """# squares
assert squares(2) == [1, 4]
### BEGIN HIDDEN TESTS
assert squares(3) == [1, 4, 9], "three of them"
if squares(0) != []: raise ValueError("none")
### END HIDDEN TESTS
"""
RIGHT = "def squares(n): return [i ** 2 for i in range(1, n + 1)]"
WRONG = "def squares(n): return None"
HOOK = (
    "def show(info):\n    if 'assert' in info.raw_cell: {how}\n"
    "get_ipython().events.register('pre_run_cell', show)"
)
OPTIONS = ExecuteOptions(canaries=True, hidden_tests=("BEGIN HIDDEN TESTS", "END HIDDEN TESTS"))


def submission(
    *answers: str, tests: tuple[str, ...] = (TEST, TEST), options: ExecuteOptions = OPTIONS
) -> Bundle:
    def marked(number: int, source: str) -> Any:
        meta = {"grade": True, "solution": False, "locked": True, "grade_id": f"t{number}", "points": 1}
        return new_code_cell(source, metadata={"nbgrader": meta})

    cells = [new_code_cell(answer) for answer in answers]
    for number, test in enumerate(tests):
        cells += [marked(number, test), new_code_cell("len(In), get_ipython().execution_count")]
    content = json.dumps(new_notebook(cells=cells)).encode()
    return Bundle("eve", (BundleFile("p.ipynb", content),), ("p.ipynb",), options=options)


@pytest.fixture
def grade(executor: LocalExecutor) -> Callable[..., BundleResult]:
    return lambda *answers, **more: executor.submit(execute_bundle, submission(*answers, **more)).result(120)


def cells_of(result: BundleResult) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(result.notebooks[0].notebook or b"")["cells"]
    return cells


def outputs_of_tests(result: BundleResult) -> list[list[dict[str, Any]]]:
    return [cell["outputs"] for cell in cells_of(result) if cell["metadata"].get("nbgrader")]


@pytest.mark.parametrize("trick", [STRIP_ASSERTS, STRIP_KNOWN, FAKE_RUN], ids=["strip", "strip known", "run"])
def test_who_switches_tests_off_gets_no_points(grade: Callable[..., BundleResult], trick: str) -> None:
    # without canaries the trick works, else the test would prove nothing
    believed = grade(WRONG, trick, tests=("assert squares(2) == [1, 4]",), options=ExecuteOptions())
    assert not [output for output in outputs_of_tests(believed)[0] if output["output_type"] == "error"]
    assert believed.outcome.kind == "ok"
    caught = grade(WRONG, trick, tests=("assert squares(2) == [1, 4]", "assert squares(1) == [1]"))
    assert caught.outcome.kind == "tests_disabled"
    assert caught.outcome.cell == 2
    for outputs in outputs_of_tests(caught):
        assert [output.get("ename") for output in outputs] == ["NotCounted"]


def test_who_switches_off_after_dying_gets_no_points_either(grade: Callable[..., BundleResult]) -> None:
    caught = grade(WRONG, STRIP_ASSERTS, tests=("assert squares(2) == [1, 4]", "import os\nos._exit(0)"))
    assert caught.outcome.kind == "tests_disabled"
    assert all(outputs[0]["ename"] == "NotCounted" for outputs in outputs_of_tests(caught))


def test_canaries_leave_no_trace(grade: Callable[..., BundleResult]) -> None:
    plain, watched = grade(RIGHT, "squares(2)", options=ExecuteOptions()), grade(RIGHT, "squares(2)")
    assert watched.outcome.kind == "ok"
    kept = [
        [(c["source"], c["outputs"], c["execution_count"]) for c in cells_of(r)] for r in (plain, watched)
    ]
    assert kept[0] == kept[1]
    failing = [grade(WRONG, options=options) for options in (ExecuteOptions(), OPTIONS)]
    assert outputs_of_tests(failing[0]) == outputs_of_tests(failing[1])
    assert outputs_of_tests(failing[0])[0][0]["ename"] == "AssertionError"


@pytest.mark.parametrize(
    "how",
    [
        "print(info.raw_cell)",
        "print(repr(info.raw_cell))",
        "display({'text/html': info.raw_cell}, raw=True)",
        "display({'text/plain': info.raw_cell}, metadata={'image/png': {'alt': info.raw_cell}}, raw=True)",
    ],
)
def test_hidden_tests_do_not_come_back(grade: Callable[..., BundleResult], how: str) -> None:
    options = ExecuteOptions(canaries=True)
    shown = grade(RIGHT, HOOK.format(how=how), options=options)
    assert "three of them" in json.dumps([cell["outputs"] for cell in cells_of(shown)])
    result = grade(RIGHT, HOOK.format(how=how))
    assert result.outcome.kind == "hidden_tests_shown"
    said = json.dumps([cell["outputs"] for cell in cells_of(result)])
    assert "three of them" not in said
    assert "raise ValueError" not in said
    assert "[hidden test]" in said
    assert "squares(2) == [1, 4]" in said  # what is not hidden stays


def test_hidden_tests_do_not_come_back_in_files(grade: Callable[..., BundleResult]) -> None:
    how = "open('p.html', 'a').write(info.raw_cell); open('mine.bin', 'wb').write(b'\\xff')"
    result = grade(RIGHT, HOOK.format(how=how))
    assert result.outcome.kind == "hidden_tests_shown"
    assert "p.html" in result.outcome.sentence
    files = {file.path: file.content for file in result.files}
    assert b"three of them" not in files["p.html"]
    assert b"[hidden test]" in files["p.html"]
    assert b"squares(2) == [1, 4]" in files["p.html"]
    assert files["mine.bin"] == b"\xff"
    shown = grade(RIGHT, HOOK.format(how=how), options=ExecuteOptions(canaries=True))
    assert b"three of them" in {file.path: file.content for file in shown.files}["p.html"]


def test_a_hidden_test_in_an_error_message_does_not_come_back(grade: Callable[..., BundleResult]) -> None:
    spy = (
        "import inspect\ndef squares(n):\n    if n == 2: return [1, 4]\n"
        "    frame = inspect.currentframe().f_back\n"
        "    raise KeyError(''.join(inspect.findsource(frame)[0]))"
    )
    result = grade(spy)
    assert result.outcome.kind == "hidden_tests_shown"
    outputs = outputs_of_tests(result)[0]
    assert outputs[0]["ename"] == "KeyError"
    assert "three of them" not in outputs[0]["evalue"]
    assert "three of them" not in outputs[0]["traceback"][-1]


def test_a_failing_hidden_test_keeps_its_traceback(grade: Callable[..., BundleResult]) -> None:
    result = grade("def squares(n): return [1, 4]")
    assert result.outcome.kind == "ok"
    assert "three of them" in json.dumps(outputs_of_tests(result)[0])


def test_a_canary_fails_and_looks_like_the_test() -> None:
    sources = [canary_like(TEST) for _ in range(100)]
    assert all("squares(" in source for source in sources)
    for source in (*sources, canary_like("%magic")):
        with pytest.raises(AssertionError):
            exec(compile(source, "canary", "exec"), {})
    # whoever spares one form is caught by another
    numberless = {re.sub(r"\d+", "0", source) for source in sources}
    assert len(numberless) > 6


RESULT_FIRST = """
k = get_ipython().kernel
get_ipython().events.register('pre_run_cell', lambda info: k.session.send(k.iopub_socket, 'execute_result',
    {'data': {'text/plain': '1'}, 'metadata': {}, 'execution_count': 1}, parent=k.get_parent('shell')))
"""
# these act only while a test runs
RESULT_OF_THE_FUNCTION = "import sys\ndef squares(n): sys.displayhook(1)"
FORGED_REPLY = """
def squares(n):
    k = get_ipython().kernel
    ok = {"status": "ok", "execution_count": k.execution_count, "user_expressions": {}, "payload": []}
    k.session.send(None, "execute_reply", ok, parent=k.get_parent("shell"))
    k.session.send(k.iopub_socket, "status", {"execution_state": "idle"}, parent=k.get_parent("shell"))
"""


@pytest.mark.parametrize("trick", [RESULT_FIRST, RESULT_OF_THE_FUNCTION, FORGED_REPLY])
def test_results_and_replies_that_student_code_makes(grade: Callable[..., BundleResult], trick: str) -> None:
    believed = grade(WRONG, trick, options=ExecuteOptions())
    cell = next(cell for cell in cells_of(believed) if cell["metadata"].get("nbgrader"))
    assert determine_grade(from_dict(cell))[0] == 1
    assert grade(WRONG, trick).outcome.kind == "tests_disabled"


def test_several_results_of_a_test_are_its_own(grade: Callable[..., BundleResult]) -> None:
    every = "get_ipython().ast_node_interactivity = 'all'"
    tests = ("1\n2", "%matplotlib --list\n1", "from IPython.display import display\ndisplay(1)")
    assert grade(every, tests=tests).outcome.kind == "ok"


def test_a_test_is_run_whatever_its_tags(executor: LocalExecutor) -> None:
    made = submission(WRONG, "1", tests=("assert squares(2) == [1, 4]",))
    notebook = json.loads(made.files[0].content)
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution"]
    tagged = structs.replace(made, files=(BundleFile("p.ipynb", json.dumps(notebook).encode()),))
    result = executor.submit(execute_bundle, tagged).result(120)
    assert [output["ename"] for output in outputs_of_tests(result)[0]] == ["NameError"]
    assert not any(cell["outputs"] for cell in cells_of(result) if not cell["metadata"].get("nbgrader"))


def test_hidden_tests_are_not_on_disk(grade: Callable[..., BundleResult]) -> None:
    look = "text = open('p.ipynb').read()\nprint('three' + ' of them' in text, 'squares(2)' in text)"
    assert cells_of(grade(RIGHT, look))[1]["outputs"][0]["text"] == "False True\n"
    unguarded = grade(RIGHT, look, options=ExecuteOptions())
    assert cells_of(unguarded)[1]["outputs"][0]["text"] == "True True\n"


# past ipykernel, which makes text of what is no number
NO_NUMBER = """
from hubgrade_ext.grading.execution.frames import frame
kernel = get_ipython().kernel
head = '"header": {"msg_id": "1", "msg_type": "comm_open", "date": "2026-01-01T00:00Z"}, "channel": "iopub"'
parent = '"parent_header": {"msg_id": "%s"}' % kernel.get_parent("shell")["header"]["msg_id"]
model = '"_model_name": "a", "_model_module": "a", "_model_module_version": "1"'
data = '"data": {"state": {"value": NaN, %s}}' % model
content = '"metadata": {}, "content": {"comm_id": "c", "target_name": "jupyter.widget", %s}' % data
kernel.session.pipe.send(frame(("{%s, %s, %s}" % (head, parent, content)).encode()))
"""


def test_what_no_notebook_can_hold_is_an_outcome(executor: LocalExecutor) -> None:
    """It came with no cell's outputs, so that no cell's check has seen it."""
    result = executor.submit(execute_bundle, submission(NO_NUMBER)).result(120)
    assert result.outcome.kind == "internal_error"
    assert "no notebook can hold" in result.outcome.sentence


NESTED = """
from hubgrade_ext.grading.execution.frames import frame
get_ipython().kernel.session.pipe.send(frame(b'{"header": ' + b"[" * 200_000))
"""


def test_a_message_that_is_nested_too_deeply_ends_the_talk(executor: LocalExecutor) -> None:
    result = executor.submit(execute_bundle, submission(NESTED)).result(120)
    assert result.outcome.kind == "too_large"
