# SPDX-License-Identifier: Apache-2.0
"""Layouts of e-mails, and where snippets are used (contract §5.3, §13.2)."""

from typing import Any

from clarion.api.schemas import Reference, array, integer, nullable, one_of, record, text

_HTML = text("Liquid and HTML, with {{ content }} once: there the body goes.")
_LAYOUT = record(
    id=integer(),
    name=text(),
    html=_HTML,
    used_by=array(record(id=integer(), name=text()), "The broadcasts and transactional messages that name it."),
    created_at=integer(),
    updated_at=integer(),
)
_EXAMPLE = {
    "id": 2,
    "name": "Newsletter",
    "html": "<html><body>{{ content }}<p>{% unsubscribe %}</p></body></html>",
    "used_by": [{"id": 1, "name": "Spring"}],
    "created_at": 1_796_040_000,
    "updated_at": 1_796_040_000,
}
_ONE: dict[str, Any] = {"answer": record(layout=_LAYOUT), "answer_example": {"layout": _EXAMPLE}}
LIST = Reference(answer=record(layouts=array(_LAYOUT)), answer_example={"layouts": [_EXAMPLE]})
ONE = Reference(errors=(400, 404), **_ONE)
CREATE = Reference(
    body=record(name=text(), html=_HTML),
    body_example={"name": _EXAMPLE["name"], "html": _EXAMPLE["html"]},
    status=201,
    errors=(422,),
    note="An e-mail names it as `layout_id`. Templates see `layout.id` and `layout.name`.",
    **_ONE,
)
EDIT = Reference(
    body=record(name=text(), html=_HTML, optional=("name", "html")),
    body_example={"name": "Newsletter"},
    errors=(400, 404, 409, 422),
    note="Messages that name it are sent in the new one from now on; triggers that were accepted keep the old.",
    **_ONE,
)
DELETE = Reference(status=204, errors=(400, 404, 409))
SNIPPET_USES = Reference(
    answer=record(
        snippets=array(
            record(
                name=text(),
                used_by=array(
                    record(
                        kind=one_of("broadcast", "transactional", "layout", "snippet"),
                        id=nullable(integer("Null of a snippet, which has a name only.")),
                        name=text(),
                    )
                ),
            )
        )
    ),
    answer_example={"snippets": [{"name": "footer", "used_by": [{"kind": "broadcast", "id": 1, "name": "Spring"}]}]},
)
