# SPDX-License-Identifier: Apache-2.0
"""The exception tree. Three families with three audiences.

ClarionError
├── RequestError            the caller's fault; names the field; `api/errors.py` alone makes a status of it
│   ├── MalformedRequest    400  not JSON, not UTF-8, nested too deeply, a bad id in the path
│   ├── Unauthorized        401  missing, wrong or under-scoped credentials
│   ├── Forbidden           403  somebody signed in whose roles do not allow it
│   ├── NotFound            404
│   ├── MethodNotAllowed    405
│   ├── Conflict            409
│   ├── TooLarge            413  more than the stated limit
│   ├── InvalidRequest      422  well-formed JSON that breaks a rule
│   └── RateLimited         429  carries the seconds until the next try is welcome
├── SendError               one message was not sent; carries its verdict
│   ├── Temporary           worth another attempt
│   ├── Throttled           worth another attempt later; costs no attempt
│   ├── Permanent           never again for this message; carries a reason code
│   └── Unknown             handed over, no answer came: in doubt, never silently repeated
├── RenderError             a template did not render; line and column
├── Unavailable             the database cannot be reached right now; worth trying again
│   └── UnknownOutcome      the connection was lost at the commit: done, or not done
└── SetupError              wrong configuration; never retried as if it were weather
"""

from dataclasses import dataclass
from typing import Any


class ClarionError(Exception):
    """Root of everything Clarion raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request.

    `pointer` is a JSON pointer below the request body (``/recipients/and/0``), empty for the whole. Answers put
    the field before the sentence, unless the sentence is `complete` by itself.
    """

    detail: str
    pointer: str = ""
    complete: bool = False


class RequestError(ClarionError):
    """The request cannot be served as it is. `status` is the HTTP status it becomes."""

    status = 400

    def __init__(
        self, detail: str, pointer: str = "", *, complete: bool = False, more: tuple[Problem, ...] = ()
    ) -> None:
        super().__init__(detail)
        self.problems = (Problem(detail, pointer, complete), *more)

    @property
    def detail(self) -> str:
        """The first problem's sentence."""
        return self.problems[0].detail


class MalformedRequest(RequestError):
    """400: the bytes or the path are not what the endpoint can read."""

    status = 400


class Unauthorized(RequestError):
    """401: no, wrong or insufficient credentials."""

    status = 401

    def __init__(self, detail: str = "unauthorized") -> None:
        super().__init__(detail)


class Forbidden(RequestError):
    """403: known who it is, and they may not."""

    status = 403


class NotFound(RequestError):
    """404: nothing by that id in this workspace."""

    status = 404

    def __init__(self, detail: str = "not found") -> None:
        super().__init__(detail)


class MethodNotAllowed(RequestError):
    """405: the path is known, but not with this method."""

    status = 405

    def __init__(self, detail: str = "Method Not Allowed") -> None:
        super().__init__(detail)


class Conflict(RequestError):
    """409: the thing is in a state that does not allow this."""

    status = 409


class TooLarge(RequestError):
    """413: the body is larger than the endpoint takes."""

    status = 413


class InvalidRequest(RequestError):
    """422: well-formed, but against a rule; `pointer` names the field."""

    status = 422


class RateLimited(RequestError):
    """429: too soon. `retry_after` is in whole seconds, at least 1; None for a quota of a day (contract §1.5)."""

    status = 429

    def __init__(self, detail: str, retry_after: int | None) -> None:
        super().__init__(detail)
        self.retry_after = max(1, retry_after) if retry_after is not None else None


class SendError(ClarionError):
    """One message was not sent. `words` is what the other side said, or what we saw."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Temporary(SendError):
    """Try again after the back-off; this attempt counts."""


class Throttled(SendError):
    """Try again after `retry_after` seconds; this attempt does not count."""

    def __init__(self, words: str, retry_after: float) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class Permanent(SendError):
    """Never try this message again. `reason` is a `domain.deliveries.Reason` value."""

    def __init__(self, words: str, reason: str) -> None:
        super().__init__(words)
        self.reason = reason


class Unknown(SendError):
    """The message left us and no answer came back: in doubt."""


class Away(ClarionError):
    """A provider takes no messages at all at present. `words` says why; try again after `retry_after` seconds."""

    def __init__(self, words: str, retry_after: float) -> None:
        super().__init__(words)
        self.words = words
        self.retry_after = retry_after


class RenderError(ClarionError):
    """A template did not render.

    `part` is the field of the message (``subject``, ``body`` …); `line` and `column` count from 1 and are
    None when the fault has no place in the text (for example an empty subject).
    """

    def __init__(self, message: str, *, part: str, line: int | None = None, column: int | None = None) -> None:
        where = f"{part}, line {line}, column {column}" if line is not None else part
        super().__init__(f"{message} ({where})")
        self.message = message
        self.part = part
        self.line = line
        self.column = column


class Unavailable(ClarionError):
    """The database cannot be reached or written right now; nothing was changed, trying again is safe."""


class UnknownOutcome(Unavailable):
    """The connection was lost while a change was being committed: look before doing it again."""


class SetupError(ClarionError):
    """The installation is configured wrongly; the sentence says what to change."""


class DatabaseAway(SetupError):
    """The database did not answer when it was opened; whether it ever will is not known."""


def detail_of(error: Any) -> str:
    """The sentence of any exception, for a log line or an account; never a traceback."""
    text = str(error).strip()
    return text or type(error).__name__
