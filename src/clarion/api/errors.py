# SPDX-License-Identifier: Apache-2.0
"""From an exception to a status and a body, in the envelope of each URL family (contract §1.3).

App errors carry `errors[]` and `meta.error` both, Track v1 errors `meta.errors` and `meta.error`: the client
libraries read one or the other.
"""

import secrets

import structlog
from starlette.responses import Response

from clarion.api.calls import Family, answer
from clarion.api.outages import Outages
from clarion.domain.errors import (
    InvalidRequest,
    MalformedRequest,
    NotFound,
    Problem,
    RateLimited,
    RequestError,
    Unavailable,
    UnknownOutcome,
)

_log = structlog.get_logger("clarion.api")
_RETRY_SECONDS = 5


def respond(error: Exception, family: Family, outages: Outages) -> Response:
    """The answer to a failed call. Anything unforeseen is logged and answered without its insides."""
    if isinstance(error, RequestError):
        return refuse(error, family)
    if isinstance(error, Unavailable):
        reference = outages.reference(error)
        if isinstance(error, UnknownOutcome):  # without Retry-After: a client that repeats by itself might do it twice
            unknown = f"it is not known whether this was done: look before you repeat it (reference {reference})"
            return _body(family, 503, [Problem(unknown)], {})
        detail = f"the database is not available, try again (reference {reference})"
        return _body(family, 503, [Problem(detail)], {"Retry-After": str(_RETRY_SECONDS)})
    reference = _reference()
    _log.error("request.crashed", reference=reference, exc_info=error)
    return _body(family, 500, [Problem(f"internal error (reference {reference})")], {})


def _reference() -> str:
    return secrets.token_hex(8)


def refuse(error: RequestError, family: Family) -> Response:
    """The answer to a call that is the caller's fault."""
    status = error.status
    if family != "app" and isinstance(error, InvalidRequest):
        status = 400  # the Track API knows no 422
    headers = {}
    if isinstance(error, RateLimited) and error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    problems = list(error.problems)
    if isinstance(error, NotFound | MalformedRequest | RateLimited) and family == "app":
        first = problems[0]
        detail = f"bad request: {first.detail}" if status == 400 and not first.pointer else first.detail
        problems[0] = Problem(f"{detail} (reference {_reference()})", first.pointer)
    return _body(family, status, problems, headers)


def _sentence(problem: Problem) -> str:
    field = problem.pointer.strip("/").replace("/", ".")
    return f"{field}: {problem.detail}" if field and not problem.complete else problem.detail


def _body(family: Family, status: int, problems: list[Problem], headers: dict[str, str]) -> Response:
    sentences = [_sentence(problem) for problem in problems]
    if family == "track_v1":
        return answer({"meta": {"errors": sentences, "error": sentences[0]}}, status, headers)
    if family == "track_v2":
        errors = [track_v2_error(problem) for problem in problems]
        return answer({"errors": errors, "meta": {"error": sentences[0]}}, status, headers)
    app_errors = []
    for problem, sentence in zip(problems, sentences, strict=True):
        entry: dict[str, object] = {"detail": sentence, "status": str(status)}
        if problem.pointer:
            # Customer.io points below /data/attributes, not at the literal path in the body.
            entry["source"] = {"pointer": f"/data/attributes{problem.pointer}"}
        app_errors.append(entry)
    return answer({"errors": app_errors, "meta": {"error": sentences[0]}}, status, headers)


def track_v2_error(problem: Problem) -> dict[str, object]:
    """One entry of a Track v2 error list (contract §1.3)."""
    field = problem.pointer.strip("/").replace("/", ".")
    return {"reason": "invalid", "field": field, "message": problem.detail}
