# SPDX-License-Identifier: Apache-2.0
"""Files that are sent here: what is in them, what an import would do, the import itself."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from clarion.domain.people import IdKind, Reference
from clarion.pipeline.data_file_download import DownloadedFile
from clarion.pipeline.importing import Importer
from clarion.pipeline.receive_file import Receiving
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
    upload: dict[str, Any] = answer.json["upload"]
    return upload


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
        "encoding": "utf-8",
        "delimiter": ",",
        "counted": True,
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
        (b"id\na\n\xff", "line 3 is not UTF-8; where it is in another encoding (utf-16, windows-1252"),
        (b"id\na\0", "line 2 has a NUL character"),
        (b"id\n" + b"a" * 3_000_000, "line 2 is longer than"),
        ("id\na".encode("utf-16-le"), "line 1 has a NUL character"),
        ("id\n\u20ac".encode("utf-16") + b"x", "line 2 is not UTF-16-LE"),
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
        "whole": True,
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
        "clarion": {"rows_wrong": 2, "segment_id": None, "rows_joined": 0, "cancelled": False},
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
        ({"types": []}, "/types"),
        ({"types": {"plan": "colour"}}, "/types/plan"),
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
    receiving = Receiving(store, Workspace(99, "Other", "id_email"), "x.csv")
    receiving.feed(b"email\n")
    other = receiving.finish()
    found = await refused(manage, "/api/clarion/v1/imports", {"upload_id": other.upload_id, "identifier": "email"})
    assert found[0][0] == "/upload_id"


@pytest.mark.parametrize(
    ("encoding", "asked", "read_as"),
    [
        ("utf-8", "", "utf-8"),
        ("utf-8-sig", "", "utf-8"),
        ("utf-16", "", "utf-16-le"),
        ("utf-16-le", "utf-16", "utf-16-le"),
        ("windows-1252", "windows-1252", "windows-1252"),
        ("iso-8859-1", "iso-8859-1", "iso-8859-1"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_a_file_is_read_whatever_it_is_written_in(
    encoding: str, asked: str, read_as: str, delimiter: str, manage: Client, importer: Importer
) -> None:
    text = f'id{delimiter}"na,m;e"{delimiter}city\r\n7{delimiter}Zoë{delimiter}"a{delimiter}b"\r\n'
    path = f"/api/clarion/v1/uploads?encoding={asked}"
    told = (await manage("POST", path, text.encode(encoding), {"content-type": "text/csv"})).json["upload"]
    assert (told["encoding"], told["delimiter"], told["rows"]) == (read_as, delimiter, 1)
    assert told["columns"] == ["id", "na,m;e", "city"]
    assert told["sample"] == [["7", "Zoë", f"a{delimiter}b"]]
    await manage("POST", "/api/clarion/v1/imports", {"upload_id": told["id"], "identifier": "id"})
    while await importer.turn():
        pass
    assert (await manage("GET", "/v1/imports/1")).json["import"]["rows_imported"] == 1
    (person,) = (await manage("GET", "/api/clarion/v1/people?search=7")).json["people"]
    assert person["attributes"] == {"na,m;e": "Zoë", "city": f"a{delimiter}b"}


async def test_what_an_encoding_cannot_read_names_the_field(manage: Client) -> None:
    for query, body, pointer in (
        ("", "id\nZoë".encode("windows-1252"), "/encoding"),
        ("?encoding=utf-7", b"id\n", "/encoding"),
        ("", b'id\n"a', ""),
    ):
        answer = await manage("POST", f"/api/clarion/v1/uploads{query}", body, {"content-type": "text/csv"})
        assert answer.status == 400
        assert answer.json["errors"][0].get("source", {}).get("pointer", "").endswith(pointer)


async def test_columns_have_types(manage: Client, importer: Importer) -> None:
    rows = [
        "id,n,yes,on,zip",
        "1,7,true,2026-01-31,007",
        "2,-1.50,NO,2026-01-31T12:00:00+01:00,1",
        "3,1e3,1,1700000000,",
        "4,,,,x",
        "5,7x,true,1,",
        "6,7,perhaps,1,",
        "7,7,true,31.01.2026,",
    ]
    await send(manage, "\n".join(rows))
    asked = {
        "upload_id": 1,
        "identifier": "id",
        "types": {"n": "number", "yes": "boolean", "on": "date", "zip": "text"},
    }
    check = (await manage("POST", "/api/clarion/v1/imports/check", asked)).json["check"]
    assert (check["new"], [one["line"] for one in check["errors"]]) == (4, [6, 7, 8])
    assert check["errors"][0]["error"].startswith("n: is not a number")
    await manage("POST", "/api/clarion/v1/imports", asked)
    while await importer.turn():
        pass
    assert (await manage("GET", "/v1/imports/1")).json["import"]["rows_imported"] == 4
    seen = {}
    for one in (await manage("GET", "/api/clarion/v1/people")).json["people"]:
        person = (await manage("GET", f"/api/clarion/v1/people/{one['cio_id']}")).json["person"]
        seen[one["id"]] = {value["name"]: value["json"] for value in person["attributes"]}
    assert seen == {
        "1": {"n": "7", "yes": "true", "on": "1769817600", "zip": '"007"'},
        "2": {"n": "-1.5", "yes": "false", "on": "1769857200", "zip": '"1"'},
        "3": {"n": "1000", "yes": "true", "on": "1700000000"},
        "4": {"zip": '"x"'},
    }
    again = (await manage("POST", "/api/clarion/v1/imports/check", {**asked, "upload_id": 1})).status
    assert again == 422, "the file is gone with its import"


async def test_people_of_a_file_are_put_into_a_segment(manage: Client, client: Client, importer: Importer) -> None:
    segment = (await client("POST", "/v1/segments", {"segment": {"name": "May"}})).json["segment"]["id"]
    await send(manage, "id,plan\n1,x\n2,x\n1,y\n,z\n")
    asked = {"upload_id": 1, "identifier": "id"}
    assert await refused(manage, "/api/clarion/v1/imports", {**asked, "segment_id": 99}) == [
        ("/segment_id", "segment_id: there is no segment 99")
    ]
    await manage("POST", "/api/clarion/v1/imports", {**asked, "segment_id": segment})
    while await importer.turn():
        pass
    told = (await manage("GET", "/v1/imports/1")).json["import"]
    assert (told["rows_imported"], told["clarion"]["rows_joined"]) == (3, 2)
    assert sorted((await client("GET", f"/v1/segments/{segment}/membership")).json["ids"]) == ["1", "2"]
    assert (await client("GET", f"/v1/segments/{segment}/customer_count")).json == {"count": 2}
    await send(manage, "id\n3\n")
    await manage("POST", "/api/clarion/v1/imports", {**asked, "upload_id": 2, "segment_id": segment})
    assert (await client("DELETE", f"/v1/segments/{segment}")).status == 204
    while await importer.turn():
        pass
    gone = (await manage("GET", "/v1/imports/2")).json["import"]
    assert (gone["state"], gone["error"]) == ("failed", "the segment that people were to be put into is gone")


async def test_an_import_is_cancelled_before_and_while_it_runs(
    manage: Client, importer: Importer, store: Store, tmp_path: Path
) -> None:
    path = "/api/clarion/v1/imports"
    text = "\n".join(["id", *(f"p{no}" for no in range(2_500))])
    for _ in range(2):
        await send(manage, text)
    await manage("POST", path, {"upload_id": 1, "identifier": "id"})
    at_once = (await manage("POST", f"{path}/1/cancel")).json["import"]
    assert (at_once["state"], at_once["clarion"]["cancelled"]) == ("failed", True)
    assert await asyncio.to_thread(store.read, lambda tx: list(uploads.pieces(tx, 1))) == []
    await manage("POST", path, {"upload_id": 2, "identifier": "id"})
    assert await importer.turn()  # the file is copied
    assert await importer.turn()  # a stretch is in
    asked = (await manage("POST", f"{path}/2/cancel")).json["import"]
    assert (asked["state"], asked["clarion"]["cancelled"]) == ("importing", True)
    assert await importer.turn()
    assert not await importer.turn()
    told = (await manage("GET", "/v1/imports/2")).json["import"]
    assert (told["state"], told["rows_imported"]) == ("failed", 1_000)
    assert told["error"] == "cancelled: rows that were in by then stay"
    assert not list((tmp_path / "imports").iterdir())
    assert await asyncio.to_thread(store.read, lambda tx: list(uploads.pieces(tx, 2))) == []
    for number, status in ((2, 409), (99, 404)):
        assert (await manage("POST", f"{path}/{number}/cancel")).status == status
