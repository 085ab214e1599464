# SPDX-License-Identifier: Apache-2.0
"""Imports of files that are sent to the API."""

from typing import Any

from clarion.api.reference.files import IMPORT_EXAMPLE, IMPORTED
from clarion.api.schemas import Reference, array, flag, integer, one_of, record, text

_ASKED: dict[str, Any] = {
    "upload_id": integer("A file that was sent within the last day."),
    "type": one_of("people", "event", description="People unless given."),
    "identifier": one_of("id", "email", description="The attribute that says who a row is about."),
    "data_to_process": one_of("all", "only_new", "only_existing", description="Whom rows may touch; all unless given."),
    "columns": {
        "type": "object",
        "description": "Column of the file → attribute, or null to leave it out. Others keep their name.",
        "additionalProperties": {"type": ["string", "null"]},
    },
    "types": {
        "type": "object",
        "description": "Attribute (as `columns` name it) → number, boolean, date or text, which it is unless given. A "
        "date becomes Unix seconds. A field that is none makes its row wrong.",
        "additionalProperties": {"type": "string"},
    },
}
_OPTIONAL = ("type", "data_to_process", "columns", "types")
_EXAMPLE = {"upload_id": 3, "identifier": "email", "columns": {"E-Mail": "email", "Internal": None}}

SEND = Reference(
    query={
        "name": text("How the file is called."),
        "encoding": one_of(
            "utf-8",
            "utf-16",
            "windows-1252",
            "iso-8859-1",
            description="Unless given: what its first bytes say, or UTF-8.",
        ),
    },
    answer=record(
        upload=record(
            id=integer(),
            name=text(),
            bytes=integer(),
            encoding=text("What it was read as."),
            delimiter=text("What lies between fields: the comma, the semicolon or the tab, by the first line."),
            rows=integer(),
            counted=flag("False: `rows` is an estimate."),
            columns=array(text(), "As the first line names them."),
            sample=array(array(text()), "The first five rows."),
        )
    ),
    answer_example={
        "upload": {
            "id": 3,
            "name": "may.csv",
            "bytes": 41,
            "encoding": "utf-8",
            "delimiter": ",",
            "rows": 1,
            "counted": True,
            "columns": ["E-Mail", "plan"],
            "sample": [["ada@example.com", "plus"]],
        }
    },
    errors=(400, 413),
    note="The body is the file itself, also packed by gzip: CSV whose first line names the columns, at most 2 GB. It "
    "is stored while it arrives. What is no text in its encoding is refused, with the line. It is kept until its "
    "import is over, or for a day.",
)
CHECK = Reference(
    body=record(**_ASKED, optional=_OPTIONAL),
    body_example=_EXAMPLE,
    answer=record(
        check=record(
            rows=integer(),
            new=integer("People who would be added."),
            changed=integer("Rows that would change somebody."),
            same=integer("Rows that say what is known already."),
            left_out=integer("Rows about people whom `data_to_process` leaves out."),
            wrong=integer("Rows that would be refused."),
            whole=flag("False: the time was over before the last row."),
            looked_up=integer("Of so many rows the people were looked up; mistakes are found in all."),
            errors=array(record(line=integer(), error=text()), "The first 200 wrong rows."),
        )
    ),
    answer_example={
        "check": {
            "rows": 3,
            "new": 1,
            "changed": 1,
            "same": 0,
            "left_out": 0,
            "wrong": 1,
            "looked_up": 2,
            "whole": True,
            "errors": [{"line": 4, "error": "email: is not an e-mail address"}],
        }
    },
    errors=(422,),
    note="Nothing changes.",
)
BEGIN = Reference(
    body=record(
        **_ASKED,
        name=text("The file's unless given."),
        segment_id=integer("A segment that everybody whose row is in is put into."),
        optional=(*_OPTIONAL, "name", "segment_id"),
    ),
    body_example={**_EXAMPLE, "name": "May"},
    answer=record(**IMPORTED),
    answer_example=IMPORT_EXAMPLE,
    errors=(422,),
    note="`GET /v1/imports/{import_id}` tells how far it is, `/api/clarion/v1/imports/{import_id}/errors` which rows "
    "were wrong. Programs older than typed columns leave it to newer ones.",
)
CANCEL = Reference(
    answer=record(**IMPORTED),
    answer_example={
        "import": {
            **IMPORT_EXAMPLE["import"],
            "state": "failed",
            "error": "cancelled: rows that were in by then stay",
            "clarion": {"rows_wrong": 3, "segment_id": None, "rows_joined": 0, "cancelled": True},
        }
    },
    errors=(404, 409),
    note="Whoever works at it ends after the stretch of up to a thousand rows that is being done; until then the state "
    "stays, with `clarion.cancelled`. Then it is `failed`, with `cancelled: …` as its error.",
)
LIST = Reference(
    query={"start": integer("Those below this number."), "limit": integer("1 to 200, 50 unless given.")},
    answer=record(imports=array(IMPORTED["import"]), next=integer("0 at the end.")),
    answer_example={"imports": [IMPORT_EXAMPLE["import"]], "next": 0},
    errors=(400,),
)
