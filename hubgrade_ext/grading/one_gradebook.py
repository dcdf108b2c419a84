"""nbgrader's Gradebook, opened about ten times for each submission, made cheap: one engine for a whole job.

A *stage* is what nbgrader does to one submission without student code in between. Its Gradebooks share one
session, each commit becomes a flush, and the end of the stage is the only commit: the gradebook has all of a
stage or nothing of it, is locked for milliseconds, and is synced to the disk once.

Source: nbgrader 0.9.6 `nbgrader.api.Gradebook`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nbgrader.api import Gradebook
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker


class _StageSession:
    """Stand where a Gradebook has its scoped session; look like a new one after each commit and removal."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def commit(self) -> None:
        """Send what has changed, and forget what was read, as a commit does."""
        self._session.flush()
        self._session.expire_all()

    def remove(self) -> None:
        """Let go of every object."""
        self._session.expunge_all()


class OneGradebook:
    """Make every `Gradebook(…)` of this process cheap; use as a context manager, in one thread."""

    def __init__(self) -> None:
        self._engines: dict[str, Engine] = {}
        self._courses: set[tuple[str, str]] = set()
        self._sessions: dict[str, Session] = {}
        self._staged = False
        self._init = Gradebook.__init__
        self._close = Gradebook.close

    def __enter__(self) -> OneGradebook:
        def init(
            gradebook: Any, db_url: str, course_id: str = "default_course", *rest: Any, **named: Any
        ) -> None:
            self._open(gradebook, db_url, course_id, *rest, **named)

        def close(gradebook: Any) -> None:
            if isinstance(gradebook.db, _StageSession):
                gradebook.db.remove()
            else:
                self._close(gradebook)

        Gradebook.__init__, Gradebook.close = init, close
        return self

    def __exit__(self, *_: object) -> None:
        Gradebook.__init__, Gradebook.close = self._init, self._close
        for engine in self._engines.values():
            engine.dispose()

    def _open(self, gradebook: Any, db_url: str, course_id: str, authenticator: Any = None) -> None:
        if (db_url, course_id) not in self._courses:
            # The first time in full: tables, version and course are made when they are missing.
            self._init(gradebook, db_url, course_id, authenticator)
            self._close(gradebook)
            self._engines.setdefault(db_url, gradebook.engine)
            self._courses.add((db_url, course_id))
        gradebook.engine = self._engines[db_url]
        gradebook.course_id, gradebook.authenticator = course_id, authenticator
        if self._staged:
            session = self._sessions.setdefault(db_url, Session(gradebook.engine))
            gradebook.db = _StageSession(session)
        else:
            gradebook.db = scoped_session(sessionmaker(bind=gradebook.engine))

    @contextmanager
    def stage(self) -> Iterator[None]:
        """Let the Gradebooks opened meanwhile share a session, which is committed at the end.

        After a failure too: what nbgrader wrote before one, it keeps.
        Raises: sqlalchemy.exc.SQLAlchemyError, when the gradebook stays locked.
        """
        self._staged = True
        try:
            yield
        finally:
            self._staged = False
            self._end_stage()

    def _end_stage(self) -> None:
        for db_url in list(self._sessions):
            with self._sessions.pop(db_url) as session:
                if session.is_active:
                    session.commit()
            # As nbgrader does: no file stays open between two submissions.
            self._engines[db_url].dispose()
