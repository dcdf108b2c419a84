"""The demo's students and what each of them did about ps1."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from hubgrade_ext.demo import answers


@dataclass(frozen=True)
class Attempt:
    """One hand-in, `before` the due date (negative: after it)."""

    kind: answers.Kind
    before: timedelta


@dataclass(frozen=True)
class Student:
    """One student of the roster; `attempts` in the order they were made."""

    student_id: str
    first_name: str
    last_name: str
    attempts: list[Attempt] = field(default_factory=list)


def _once(kind: answers.Kind, hours: float) -> list[Attempt]:
    return [Attempt(kind, timedelta(hours=hours))]


# the first twelve show every kind of hand-in
NAMED = [
    Student("hacker", "Alyssa P.", "Hacker", _once(answers.good, 40)),
    Student("bitdiddle", "Ben", "Bitdiddle", _once(answers.half_right, 3)),
    Student("reasoner", "Louis", "Reasoner", _once(answers.good, -3.5)),
    Student("ator", "Eva Lu", "Ator", _once(answers.half_right, 30) + _once(answers.good, 6)),
    Student("fect", "Cy D.", "Fect", _once(answers.duplicated_cell, 12)),
    Student("tweakit", "Lem E.", "Tweakit", _once(answers.renamed_notebook, 9)),
    Student("noether", "Emmy", "Noether", _once(answers.damaged_notebook, 20)),
    Student("watanabe", "Jun", "Watanabe"),
    Student("mueller", "Zoë", "Müller", _once(answers.good, 26)),
    Student("okafor", "Chidi", "Okafor", _once(answers.half_right, 1)),
    Student("silva", "João", "da Silva", _once(answers.good, 15)),
    Student("nowak", "Agnieszka", "Nowak", _once(answers.untouched, 0.5)),
]


def roster(students: int) -> list[Student]:
    """Return so many students; beyond the twelve with names, numbered ones, good and half right in turn."""
    more = [
        Student(
            f"student{number:04}",
            "Student",
            f"No. {number}",
            _once(answers.good if number % 2 else answers.half_right, 2 + number % 40),
        )
        for number in range(len(NAMED) + 1, students + 1)
    ]
    return NAMED[:students] + more
