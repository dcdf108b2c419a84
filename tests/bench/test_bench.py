"""The measurements run, and the table says what was reached."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bench.cpu_time import Yardstick
from bench.dask import Used, modelled_s
from bench.grading import Run, large_class_rows
from bench.pages import page_rows
from bench.rows import BEGIN, END, Row, table, write_document


@pytest.mark.long
def test_rows_of_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.pages.ASSIGNMENTS", 2)
    monkeypatch.setattr("bench.pages._SETTLE_S", 0.0)
    said: list[str] = []
    rows = list(page_rows(tmp_path, said.append, large=3, beside=(2,)))
    assert [row.size for row in rows] == ["2 × 2"] * 6 + ["2 × 2 × 3"] + ["3 × 2"] * 9 + ["3 × 2 × 3"]
    assert [row.nbgrader is not None for row in rows] == [*[True] * 2, False, *[True] * 4] + [False] * 10
    assert all(row.hubgrade > 0 for row in rows)
    assert said


def test_the_yardstick_and_the_rows_of_a_large_class(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine is half as fast while the large class is graded: that is not the large class's fault."""
    slow = iter([1.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0])
    monkeypatch.setattr("bench.grading.AROUND", 2)
    monkeypatch.setattr("bench.grading.small_class", lambda folder, students, cells: _empty(folder, students))

    def graded(course: Path, command: object, students: int) -> Run:
        return Run(0.0, (3.0 + 0.1 * students) * Stick.cpu_s, 100.0)

    class Stick:
        cpu_s = 1.0

        def __enter__(self) -> Stick:
            Stick.cpu_s = next(slow)
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("bench.grading.autograded", graded)
    monkeypatch.setattr("bench.grading.Yardstick", Stick)
    rows = list(large_class_rows(tmp_path, lambda text: None, few=5, many=50))
    assert [round(row.hubgrade, 3) for row in rows] == [1.0, 2.633, 100.0, 100.0]
    with Yardstick() as yardstick:
        time.sleep(0.01)
    assert yardstick.cpu_s > 0


def _empty(folder: Path, students: int) -> Path:
    (folder / "course").mkdir(parents=True)
    return folder / "course"


def test_the_model_of_a_cluster() -> None:
    """The workers are what is waited for, until the machine that prepares and records is."""
    each = Used(wall_s=0.0, here_s=0.1, workers_s=0.4)
    assert [modelled_s(1000, cores, each) for cores in (1, 2, 4, 100)] == [400.0, 200.0, 100.0, 100.0]


def test_table() -> None:
    rows = [
        Row("fast", "1", 0.05, 1.0, limit=0.1),
        Row("slow", "1", 0.5, limit=0.1),
        Row("ratio", "1", 1.5, 3.0, least_ratio=5),
        Row("plain", "1", 2.25),
        Row("memory", "1", 104.6, limit=110, unit="MiB"),
        Row("growth", "1", 1.234, limit=1.1, unit="×"),
    ]
    assert [row.is_reached for row in rows] == [True, False, False, True, True, False]
    assert table(rows).splitlines()[2:] == [
        "| fast | 1 | 1.0 s | 0.050 s | 20 × | ≤ 0.1 s | yes |",
        "| slow | 1 |  | 0.500 s |  | ≤ 0.1 s | **no** |",
        "| ratio | 1 | 3.0 s | 1.5 s | 2 × | ≥ 5 × | **no** |",
        "| plain | 1 |  | 2.2 s |  |  |  |",
        "| memory | 1 |  | 105 MiB |  | ≤ 110 MiB | yes |",
        "| growth | 1 |  | 1.23 × |  | ≤ 1.1 × | **no** |",
    ]


def test_the_table_replaces_the_one_before(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for text in ("new", "newer"):
        write_document(text, document)
    assert document.read_text() == f"before\n{BEGIN}\nnewer\n{END}\nafter\n"
