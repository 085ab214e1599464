# SPDX-License-Identifier: Apache-2.0
"""Exports (contract §7.5)."""

from clarion.api.schemas import Reference, array, flag, integer, nullable, one_of, record, text

_EXPORT = record(
    id=integer(),
    deduplicate_id=text(),
    type=one_of("customers", "deliveries"),
    failed=flag(),
    description=text(),
    downloads=integer(),
    created_at=integer(),
    updated_at=integer(),
    user_id=integer(),
    user_email=text(),
    total=integer("How many rows; 0 until it is done."),
    status=one_of("pending", "done", "failed"),
    clarion=record(rows_so_far=integer(), failure=nullable(text())),
)
_EXAMPLE = {
    "id": 3,
    "deduplicate_id": "3:1796040000",
    "type": "customers",
    "failed": False,
    "description": "everybody",
    "downloads": 0,
    "created_at": 1_796_040_000,
    "updated_at": 1_796_040_000,
    "user_id": 0,
    "user_email": "",
    "total": 0,
    "status": "pending",
    "clarion": {"rows_so_far": 2_000, "failure": None},
}
_ONE = record(export=_EXPORT)

LIST = Reference(answer=record(exports=array(_EXPORT)), answer_example={"exports": [_EXAMPLE]}, contract="§7.5")
ONE = Reference(answer=_ONE, answer_example={"export": _EXAMPLE}, errors=(400, 404), contract="§7.5")
CUSTOMERS = Reference(
    body=record(
        filters={"type": "object", "description": "A filter; everybody without one."},
        attributes=array(text(), "Only these attributes; all without it."),
        optional=("filters", "attributes"),
    ),
    body_example={"filters": {"attribute": {"field": "plan", "operator": "eq", "value": "premium"}}},
    answer=_ONE,
    answer_example={"export": _EXAMPLE},
    errors=(400, 422),
    note="Columns: id, email, cio_id, created_at, then every attribute that somebody in the file has.",
    contract="§7.5",
)
DELIVERIES = Reference(
    body=record(
        campaign_id=integer("The broadcast; or an action_id."),
        action_id=integer(),
        newsletter_id=integer("Nothing here is one: 404."),
        transactional_message_id=integer(),
        template_id=integer("Only of this message of theirs: the number of its action."),
        start=integer("Made at this time or later, Unix seconds."),
        end=integer("Made at this time or earlier, Unix seconds."),
        attributes=array(text(), "Attributes of the person to add as columns `customer.<name>`."),
        metric=text("Only messages with this metric."),
        drafts=flag("Drafts too."),
        optional=(
            "campaign_id",
            "action_id",
            "newsletter_id",
            "transactional_message_id",
            "template_id",
            "start",
            "end",
            "attributes",
            "metric",
            "drafts",
        ),
    ),
    body_example={"campaign_id": 12, "metric": "sent", "attributes": ["plan"]},
    answer=_ONE,
    answer_example={"export": {**_EXAMPLE, "type": "deliveries"}},
    errors=(400, 404, 422),
    note="Every file has the same columns, and `customer.<name>` for each attribute asked for. Times are Unix seconds, "
    "in a column for each metric. `subject` is shown where it holds no Liquid.",
    contract="§7.5",
)
DOWNLOAD = Reference(
    answer=record(url=text("Works for 15 minutes, without a key.")),
    answer_example={"url": "https://clarion.example/v1/exports/3/file?until=1796040900&signature=…"},
    errors=(400, 404),
    contract="§7.5",
)
FILE = Reference(
    query={"until": integer("Part of the signed URL."), "signature": text("Part of the signed URL.")},
    answer={"type": "string"},
    answer_example="id,email\n42,ada@example.com",
    errors=(404,),
    note="`text/csv`, UTF-8, RFC 4180, a header line first.",
    contract="§7.5",
)
