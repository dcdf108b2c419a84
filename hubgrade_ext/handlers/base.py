"""What all handlers share: bodies decoded into wire shapes, answers in JSON, every error an ErrorBody."""

from __future__ import annotations

import secrets
from http.client import responses
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from hubgrade_ext.core.errors import Forbidden, HubgradeError, InvalidRequest
from hubgrade_ext.core.models import ErrorBody
from hubgrade_ext.handlers.endpoints import API
from hubgrade_ext.jobs.messages import error_body

if TYPE_CHECKING:
    from hubgrade_ext.handlers.services import Services

Shape = TypeVar("Shape")
AUTH_RESOURCE = "hubgrade"
_encode = msgspec.json.Encoder().encode
_PLAIN = {
    400: ("invalid_request", "The request cannot be understood.", "Reload the page and try again."),
    403: ("forbidden", "You may not do this here.", "Log in again; then reload the page."),
    404: ("not_found", "There is nothing at this address.", "Reload the page."),
    405: ("invalid_request", "This address does not take such a request.", "Reload the page."),
}


class Handler(APIHandler):
    """One address of hubgrade's API; verbs raise HubgradeError and never answer an error themselves."""

    auth_resource = AUTH_RESOURCE

    @property
    def services(self) -> Services:
        """The extension's own objects, with the rights of who sent this request."""
        return cast("Services", self.settings["hubgrade_services"]).seen_by(self.current_user)

    def decode(self, shape: type[Shape]) -> Shape:
        """Return the request's body as `shape`. Raises: InvalidRequest, in plain words."""
        try:
            return msgspec.json.decode(self.request.body, type=shape)
        except msgspec.ValidationError as error:
            raise InvalidRequest(
                f"The request does not say what is needed: {error}.", "Correct it and send it again."
            ) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InvalidRequest("The request's body is no JSON.", "Send a JSON object.") from None

    def answer(self, value: object, status: int = 200, *, location: str = "") -> None:
        """Send `value` as JSON; `location` is the path below the API of what came into being."""
        self.set_status(status)
        if location:
            self.set_header("Location", url_path_join(self.base_url, API, location))
        self.finish(_encode(value))

    def nothing(self) -> None:
        """Answer that it is done and there is nothing to say."""
        self.set_status(204)
        self.finish(set_content_type="application/json")

    def int_argument(self, name: str, default: int) -> int:
        """Return a whole number of the query. Raises: InvalidRequest."""
        text = self.get_argument(name, str(default))
        try:
            return int(text)
        except ValueError:
            raise InvalidRequest(f"“{name}” must be a whole number.", "Correct the address.") from None

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send what went wrong as an ErrorBody; the traceback, if any, is in the server's log."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        status, body = describe_error(error, status_code, getattr(self, "_report", ""))
        self.set_status(status)
        self.finish(_encode(body))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log an expected error in one line, an unexpected one with its traceback and a report's number."""
        if isinstance(value, HubgradeError):
            self.log.info("hubgrade: %s %s: %s", self.request.method, self.request.path, value.message)
        elif isinstance(value, web.HTTPError):
            super().log_exception(typ, value, tb)
        else:
            self._report = secrets.token_hex(4)
            self.log.error("hubgrade report %s", self._report, exc_info=(typ, value, tb))


def describe_error(error: BaseException | None, status: int, report: str) -> tuple[int, ErrorBody]:
    """Return status and body for anything a verb raised."""
    if isinstance(error, HubgradeError):
        return error.status, error_body(error)
    if isinstance(error, web.HTTPError) and status < 500:
        code, message, remedy = _PLAIN.get(
            status, ("invalid_request", f"{responses.get(status, 'Refused')}.", "")
        )
        return status, ErrorBody(code, message, remedy)
    return status, ErrorBody(
        "internal_error",
        "hubgrade met an error that it does not know.",
        f"Give the number {report} to who maintains this installation." if report else "",
        report=report,
    )


def forbidden() -> Forbidden:
    """Return the refusal that a student gets at an instructor's address."""
    return Forbidden(
        "Only instructors of this course may do this.",
        "Ask the course's owner for write permission to its folder, if you teach it.",
    )
