# SPDX-License-Identifier: Apache-2.0
"""Files that are sent here: what is in them, what an import would do, the import itself."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from clarion.domain.people import IdKind, Reference
from clarion.pipeline.data_file_download import DownloadedFile
from clarion.pipeline.importing import Importer
from clarion.store import people, uploads
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

FILE = (
    "E-Mail,plan,Internal\nada@example.com,plus,1\nnobody,free,2\n\nbo@example.com,free,3\nada@example.com,plus,4\nbo\n"
)
COLUMNS = {"E-Mail": "email", "Internal": None}


async def send(manage: Client, text: str = FILE, name: str = "may.csv") -> dict[str, Any]:
    answer = await manage("POST", f"/api/clarion/v1/uploads?name={name}", text.encode(), {"content-type": "text/csv"})
    assert answer.status == 200, answer.body
    return answer.json["upload"]  # type: ignore[no-any-return]


async def refused(manage: Client, path: str, body: object) -> list[tuple[str, str]]:
    answer = await manage("POST", path, body)
    assert answer.status in {400, 413, 422}, answer.body
    return [
        (one.get("source", {}).get("pointer", "").removeprefix("/data/attributes"), one["detail"])
        for one in answer.json["errors"]
    ]


async def never(url: str, target: Path) -> DownloadedFile:
    raise AssertionError(f"{url} was fetched into {target}")


@pytest.fixture
def importer(store: Store, tmp_path: Path) -> Importer:
    return Importer(store, tmp_path / "imports", never)


async def test_a_file_is_told_by_its_columns_and_first_rows(manage: Client) -> None:
    assert await send(manage) == {
        "id": 1,
        "name": "may.csv",
        "bytes": len(FILE),
        "rows": 5,
        "columns": ["E-Mail", "plan", "Internal"],
        "sample": [
            ["ada@example.com", "plus", "1"],
            ["nobody", "free", "2"],
            ["bo@example.com", "free", "3"],
            ["ada@example.com", "plus", "4"],
            ["bo"],
        ],
    }


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "it is empty"),
        (b'id\n"a', "is not CSV"),
        (b"id\na\n\xff", "line 3 has other bytes"),
        (b"id\na\0", "NUL"),
        (b"id\n" + b"a" * 20_000_000, "larger than"),
    ],
)
async def test_what_is_no_csv_is_not_kept(manage: Client, store: Store, body: bytes, words: str) -> None:
    assert words in (await refused(manage, "/api/clarion/v1/uploads", body))[0][1]
    assert store.read(lambda tx: uploads.get(tx, 1)) is None


async def test_a_trial_tells_what_the_import_then_does(
    manage: Client, importer: Importer, store: Store, workspace: Workspace
) -> None:
    await manage("POST", "/api/clarion/v1/uploads", b"email,plan\nbo@example.com,free\ncy@example.com,free\n")
    await manage("POST", "/api/clarion/v1/imports", {"upload_id": 1, "identifier": "email"})
    while await importer.turn():
        pass
    await send(manage)
    asked = {"upload_id": 2, "identifier": "email", "columns": COLUMNS}
    check = await manage("POST", "/api/clarion/v1/imports/check", asked)
    assert check.json["check"] == {
        "rows": 5,
        "new": 1,
        "changed": 1,
        "same": 1,
        "left_out": 0,
        "wrong": 2,
        "looked_up": 3,
        "errors": [
            {"line": 3, "error": "email: is not an e-mail address"},
            {"line": 7, "error": "the row does not have as many fields as the header"},
        ],
    }
    for who, new, left_out in (("only_new", 1, 2), ("only_existing", 0, 2)):
        found = (await manage("POST", "/api/clarion/v1/imports/check", {**asked, "data_to_process": who})).json["check"]
        assert (found["new"], found["left_out"]) == (new, left_out), who
    made = (await manage("POST", "/api/clarion/v1/imports", {**asked, "name": "May"})).json["import"]
    assert (made["name"], made["state"]) == ("May", "preprocessing")
    while await importer.turn():
        pass
    listed = (await manage("GET", "/api/clarion/v1/imports?limit=1")).json
    assert (listed["next"], [one["name"] for one in listed["imports"]]) == (2, ["May"])
    assert listed["imports"][0] | {"updated_at": 0, "created_at": 0} == made | {
        "state": "imported",
        "rows_to_import": 4,
        "rows_imported": 3,
        "clarion": {"rows_wrong": 2},
        "updated_at": 0,
        "created_at": 0,
    }
    ada = store.read(lambda tx: people.find(tx, workspace, Reference(IdKind.EMAIL, "ada@example.com")))[0]
    assert ada.attributes["plan"] == "plus"
    assert "Internal" not in ada.attributes
    assert store.read(lambda tx: list(uploads.pieces(tx, 2))) == [], "gone with its import"


async def test_a_long_file_comes_back_as_it_was_sent(manage: Client, importer: Importer, store: Store) -> None:
    rows = [f"person-{number},{'é' * 90}" for number in range(3_000)]
    await send(manage, "\r\n".join(["id,note", *rows]))
    text = "".join(await asyncio.to_thread(store.read, lambda tx: list(uploads.pieces(tx, 1))))
    assert text.split("\r\n")[1:] == rows
    await manage("POST", "/api/clarion/v1/imports", {"upload_id": 1, "identifier": "id"})
    while await importer.turn():
        pass
    assert (await manage("GET", "/v1/imports/1")).json["import"]["rows_imported"] == 3_000


async def test_an_import_whose_file_is_gone_fails_with_a_sentence(
    manage: Client, importer: Importer, store: Store
) -> None:
    await send(manage)
    await manage("POST", "/api/clarion/v1/imports", {"upload_id": 1, "identifier": "email", "columns": COLUMNS})
    await asyncio.to_thread(store.write, lambda tx: uploads.remove(tx, 1))
    while await importer.turn():
        pass
    found = (await manage("GET", "/v1/imports/1")).json["import"]
    assert (found["state"], found["error"]) == ("failed", "the file that was sent is not kept any more")


@pytest.mark.parametrize("path", ["/api/clarion/v1/imports", "/api/clarion/v1/imports/check"])
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"upload_id": 9}, "/upload_id"),
        ({"upload_id": "x"}, "/upload_id"),
        ({"identifier": "phone"}, "/identifier"),
        ({"type": ["people"]}, "/type"),
        ({"data_to_process": "some"}, "/data_to_process"),
        ({"columns": {"plan": 7}}, "/columns"),
        ({"columns": []}, "/columns"),
        ({"extra": 1}, "/extra"),
    ],
)
async def test_each_fault_names_its_field(manage: Client, path: str, change: dict[str, object], pointer: str) -> None:
    await send(manage)
    found = await refused(manage, path, {"upload_id": 1, "identifier": "email", **change})
    assert [one for one, _ in found] == [pointer]


async def test_columns_that_do_not_fit_are_told_by_the_trial(manage: Client) -> None:
    await send(manage)
    path = "/api/clarion/v1/imports/check"
    assert await refused(manage, path, {"upload_id": 1, "identifier": "email"}) == [
        ("/columns", "columns: the first line names the columns: 'email' is missing")
    ]
    twice = {"upload_id": 1, "identifier": "email", "columns": {"E-Mail": "email", "plan": "email"}}
    assert await refused(manage, path, twice) == [("/columns", "columns: the first line names a column twice")]


async def test_files_of_another_workspace_are_not_there(manage: Client, id_client: Client, store: Store) -> None:
    await send(manage)
    other = store.write(lambda tx: uploads.save(tx, Workspace(99, "Other", "id_email"), "x.csv", "email\n", 6))
    found = await refused(manage, "/api/clarion/v1/imports", {"upload_id": other.upload_id, "identifier": "email"})
    assert found[0][0] == "/upload_id"
