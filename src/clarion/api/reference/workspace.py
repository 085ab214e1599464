# SPDX-License-Identifier: Apache-2.0
"""Our own API: the workspace."""

from clarion.api.schemas import Loose, array, flag, integer, nullable, one_of, record, shown, text

_BREAKER = {"after": 200, "bounced": 5.0, "spammed": 0.3, "failed": None}
_WORKSPACE = {
    "id": 1,
    "name": "Acme",
    "identifiers": "id_email",
    "circuit_breaker": _BREAKER,
    "message_limit": {"messages": 3, "days": 7},
    "inline_css": True,
    "url_parameters": [{"name": "utm_campaign", "value": "{{ campaign.name }}"}],
}
_LOOSE = Loose(nullable=("circuit_breaker", "message_limit", "bounced", "spammed", "failed"))
_SHARE = {"type": ["number", "null"], "description": "Percent of what was handed over."}

WORKSPACE = shown({"workspace": _WORKSPACE}, _LOOSE)
EDIT_WORKSPACE = shown(
    {"workspace": _WORKSPACE},
    _LOOSE,
    body=record(
        name=text(),
        identifiers=one_of("id_email", "id"),
        circuit_breaker=nullable(
            record(
                after=integer("Not before so many messages of a trigger were handed over; 200 unless given."),
                bounced=_SHARE,
                spammed=_SHARE,
                failed=_SHARE,
                optional=("after", "bounced", "spammed", "failed"),
            )
        ),
        message_limit=nullable(
            record(messages=integer("From 1 to 1,000."), days=integer("From 1 to 30; they move along with the time."))
        ),
        inline_css=flag("Whether styles of new e-mails are inlined; true unless changed."),
        url_parameters=array(
            record(name=text(), value=text("With Liquid.")), "Added to the links of e-mails and to those of `cio_link`."
        ),
        optional=("name", "identifiers", "circuit_breaker", "message_limit", "url_parameters", "inline_css"),
    ),
    body_example={"circuit_breaker": {"after": 500, "bounced": 5, "spammed": 0.3, "failed": 20}},
    errors=(409,),
    note="`circuit_breaker` pauses a trigger of which too much goes wrong; see docs/control.md. Null: nothing does. "
    "`message_limit`: whoever got so many messages of broadcasts is skipped (`message_limit`); see docs/people.md.",
)
