# SPDX-License-Identifier: Apache-2.0
"""Our own API: the domain of a workspace's links."""

from clarion.api.schemas import Reference, flag, integer, nullable, record, text

_ANSWER = record(
    tracking_domain=nullable(
        record(
            "Null: links lead to `base_url`.",
            url=text("Scheme and host."),
            used=flag("It led here at the last look, so links are made with it."),
            verified_at=nullable(integer("When it led here first, Unix seconds.")),
            checked_at=nullable(integer("When somebody looked last.")),
            failure=nullable(text("Why it does not lead here, or not as it must.")),
            cname=text("Where its CNAME record must point."),
        )
    ),
    base_url=text("The installation's own address."),
)
_EXAMPLE = {
    "tracking_domain": {
        "url": "https://links.example.com",
        "used": True,
        "verified_at": 1_795_939_200,
        "checked_at": 1_795_942_800,
        "failure": None,
        "cname": "clarion.example.com",
    },
    "base_url": "https://clarion.example.com",
}
_NOTE = "See docs/tracking.md. Until it leads here, and when it does not any more, links are made with `base_url`."

DOMAIN = Reference(answer=_ANSWER, answer_example=_EXAMPLE, note=_NOTE)
PUT = Reference(
    answer=_ANSWER,
    answer_example=_EXAMPLE,
    body=record(url=text("A domain, or its URL without a path.")),
    body_example={"url": "links.example.com"},
    note=_NOTE,
)
