# SPDX-License-Identifier: Apache-2.0
"""Imports and collections (contract §7.6, §7.11)."""

from typing import Any

from clarion.api.schemas import Reference, array, integer, one_of, record, text

IMPORT_EXAMPLE = {
    "import": {
        "id": 5,
        "name": "May",
        "description": "",
        "type": "people",
        "identifier": "id",
        "state": "importing",
        "rows_to_import": 20_000,
        "rows_imported": 4_000,
        "error": "",
        "data_to_process": "all",
        "people_to_process": "all",
        "object_type_id": "",
        "created_at": 1_796_040_000,
        "updated_at": 1_796_040_007,
        "clarion": {"rows_wrong": 3, "segment_id": None, "rows_joined": 0, "cancelled": False},
    }
}
_WHO = one_of("all", "only_new", "only_existing", description="Whom rows may touch; all unless given.")
IMPORTED: dict[str, Any] = {
    "import": record(
        id=integer(),
        state=one_of("preprocessing", "importing", "imported", "failed"),
        rows_to_import=integer(),
        rows_imported=integer(),
        error=text("Why it failed, for people."),
    )
}
_ASKED: dict[str, Any] = {
    "import": record(
        type=one_of("people", "event", "object", "relationship"),
        name=text(),
        data_file_url=text("A CSV file in UTF-8; its first line names the columns."),
        identifier=one_of(
            "id", "email", "cio_id", description="The column that says who a row is about; cio_id for relationships."
        ),
        description=text(),
        data_to_process=_WHO,
        object_type_id={
            "type": ["string", "integer"],
            "description": "Of objects; rows of relationships may say it.",
        },
        optional=("description", "data_to_process", "object_type_id"),
    )
}
CREATE_IMPORT = Reference(
    body=record(**_ASKED),
    body_example={
        "import": {
            "type": "people",
            "name": "May",
            "data_file_url": "https://files.example.com/may.csv",
            "identifier": "id",
        }
    },
    answer=record(**IMPORTED),
    answer_example=IMPORT_EXAMPLE,
    errors=(422,),
    note=(
        "People: every other column is an attribute, an empty field changes nothing. Events: `name`, `timestamp` in "
        "Unix seconds, `data` as a JSON object; every other column goes into the data. Objects: `object_id`, or `id`. "
        "Relationships: who, and `object_id`; a column `object_type_id` where the call names none. Rows that are wrong "
        "are left out and listed."
    ),
    contract="§7.11",
)
IMPORT = Reference(answer=record(**IMPORTED), answer_example=IMPORT_EXAMPLE, errors=(400, 404), contract="§7.11")
IMPORT_ERRORS = Reference(
    query={
        "start": integer("The `next` of the page before.", minimum=0),
        "limit": integer("How many at most.", minimum=1, maximum=1_000),
    },
    answer=record(errors=array(record(line=integer(), error=text())), next=integer("0 at the end.")),
    answer_example={"errors": [{"line": 7, "error": "email: is not an e-mail address"}], "next": 0},
    errors=(400, 404),
    note="The first 10,000 are kept.",
)

_COLLECTION = record(
    id=integer(),
    name=text(),
    rows=integer(),
    bytes=integer(),
    schema=array(text(), "The names in the rows."),
    created_at=integer(),
    updated_at=integer(),
)
_COLLECTION_EXAMPLE = {
    "id": 2,
    "name": "events",
    "rows": 1,
    "bytes": 34,
    "schema": ["city", "day"],
    "created_at": 1_796_040_000,
    "updated_at": 1_796_040_000,
}
_ROWS = array({"type": "object"}, "Rows of at most 10 KB, 10 MB in all.")
_ROWS_EXAMPLE = [{"city": "Oslo", "day": "2026-11-24"}]
_ONE = record(collection=_COLLECTION)
_BODY: dict[str, Any] = {
    "name": text(),
    "data": _ROWS,
    "url": text("Of JSON, or of CSV when its path ends with .csv; instead of data."),
}
CREATE_COLLECTION = Reference(
    body=record(optional=("data", "url"), **_BODY),
    body_example={"name": "events", "data": _ROWS_EXAMPLE},
    answer=_ONE,
    answer_example={"collection": _COLLECTION_EXAMPLE},
    errors=(409, 422),
    contract="§7.6",
)
COLLECTIONS = Reference(
    answer=record(collections=array(_COLLECTION)),
    answer_example={"collections": [_COLLECTION_EXAMPLE]},
    contract="§7.6",
)
COLLECTION = Reference(
    answer=_ONE, answer_example={"collection": _COLLECTION_EXAMPLE}, errors=(400, 404), contract="§7.6"
)
PUT_COLLECTION = Reference(
    body=record(optional=("name", "data", "url"), **_BODY),
    body_example={"name": "gigs"},
    answer=_ONE,
    answer_example={"collection": _COLLECTION_EXAMPLE},
    errors=(400, 404, 409, 422),
    contract="§7.6",
)
DELETE_COLLECTION = Reference(status=204, errors=(400, 404), contract="§7.6")
COLLECTION_CONTENT = Reference(answer=_ROWS, answer_example=_ROWS_EXAMPLE, errors=(400, 404), contract="§7.6")
PUT_CONTENT = Reference(
    body=_ROWS,
    body_example=_ROWS_EXAMPLE,
    answer=_ONE,
    answer_example={"collection": _COLLECTION_EXAMPLE},
    errors=(400, 404, 422),
    contract="§7.6",
)
