# SPDX-License-Identifier: Apache-2.0
"""Imports: every good row is in, once; every bad one is listed; whatever dies in the middle (contract §7.11)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from clarion.domain.people import IdKind, Reference, cio_id
from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.data_file_download import DownloadedFile
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.importing import Importer
from clarion.pipeline.receive_file import Receiving
from clarion.store import imports, people, uploads
from clarion.store.engine import Transaction
from clarion.store.imports import Import
from clarion.store.uploads import UploadedText

from .stage import Broken, Stage, breaking_at


class Files:
    """What is served, by URL."""

    def __init__(self) -> None:
        self.served: dict[str, bytes] = {}
        self.fetched = 0

    async def __call__(self, url: str, target: Path) -> DownloadedFile:
        if url not in self.served:
            raise DataFileError("failed to download data file, server responded with code 404 Not Found")
        self.fetched += 1
        await asyncio.to_thread(target.write_bytes, self.served[url])
        return DownloadedFile(target, len(self.served[url]), "")


@pytest.fixture
def files() -> Files:
    return Files()


def importer(stage: Stage, files: Files, failpoint: Failpoint = nothing) -> Importer:
    return Importer(stage.store, stage.folder / "imports", files, failpoint=failpoint)


def ask(
    stage: Stage,
    kind: str = "people",
    identifier: str = "id",
    who: str = "all",
    url: str = "http://f",
    type_id: str | None = None,
    **more: Any,
) -> int:
    made = stage.store.write(
        lambda tx: imports.create(
            tx,
            stage.workspace,
            kind=kind,
            name="I",
            description="",
            url=url,
            identifier=identifier,
            who=who,
            object_type_id=type_id,
            **more,
        )
    )
    return made.import_id


def job(stage: Stage, number: int) -> Import:
    found = stage.store.read(lambda tx: imports.get(tx, number))
    assert found is not None
    return found


async def every_turn(one: Importer) -> None:
    while await one.turn():
        pass


async def run(stage: Stage, files: Files) -> None:
    await every_turn(importer(stage, files))


def person(stage: Stage, name: str, kind: IdKind = IdKind.ID) -> Any:
    found = stage.store.read(lambda tx: people.find(tx, stage.workspace, Reference(kind, name)))
    return found[0] if found else None


async def test_people_with_every_oddity_of_csv(stage: Stage, files: Files) -> None:
    rows = [
        "id,email,first name,note",
        '1,a@x.test,Zoë,"two',
        'lines, and ""quotes"""',
        "",
        "2,b@x.test,Bo,",
        "3,no address,X,x",
        ",c@x.test,Nobody,x",
        "4,d@x.test",
        f"5,e@x.test,{'x' * 1_001},x",
        "6,,Last,x",
    ]
    files.served["http://f"] = b"\xef\xbb\xbf" + "\r\n".join(rows).encode()
    number = ask(stage)
    await run(stage, files)
    done = job(stage, number)
    assert (done.state, done.rows_in_file, done.rows_done, done.rows_wrong) == ("imported", 6, 3, 4)
    assert person(stage, "1").attributes == {"first name": "Zoë", "note": 'two\r\nlines, and "quotes"'}
    assert person(stage, "2").email == "b@x.test"
    assert person(stage, "6").attributes == {"first name": "Last", "note": "x"}
    wrong = stage.store.read(lambda tx: imports.errors(tx, number, 0, 100))
    assert [line for line, _ in wrong] == [6, 7, 8, 9]
    assert wrong[0][1] == "email: is not an e-mail address"
    assert "id" in wrong[1][1]
    assert "as many fields" in wrong[2][1]
    assert wrong[3][1].startswith("attributes.first name:")
    assert not list((stage.folder / "imports").iterdir())


async def test_whom_it_may_touch(stage: Stage, files: Files) -> None:
    stage.person("old", plan="free")
    files.served["http://f"] = b"id,plan\nold,paid\nnew,paid\n"
    number = ask(stage, who="only_new")
    await run(stage, files)
    assert job(stage, number).rows_done == 1
    assert person(stage, "old").attributes["plan"] == "free"
    stage.delete(person(stage, "new").person_id)
    ask(stage, who="only_existing")
    await run(stage, files)
    assert person(stage, "old").attributes["plan"] == "paid"
    assert person(stage, "new") is None


async def test_events(stage: Stage, files: Files) -> None:
    files.served["http://f"] = (
        b'email,name,timestamp,data,size\na@x.test,bought,1700000000,"{""sku"": 7}",L\n'
        b"a@x.test,,1,,\na@x.test,late,x,,\na@x.test,odd,1,[],\n"
    )
    number = ask(stage, "event", "email")
    await run(stage, files)
    assert (job(stage, number).rows_done, job(stage, number).rows_wrong) == (1, 3)
    (event,) = stage.select("SELECT name, at_ms, data FROM person_event")
    assert (event["name"], event["at_ms"]) == ("bought", 1_700_000_000_000)
    assert event["data"] == '{"size":"L","sku":7}'


async def test_objects_and_who_is_related_to_them(stage: Stage, files: Files) -> None:
    files.served["http://f"] = b"object_id,name,size\nacme,Acme,\nbeta,Beta,9\n,Nobody,1\n"
    number = ask(stage, "object", type_id="1")
    await run(stage, files)
    assert (job(stage, number).kind, job(stage, number).rows_done, job(stage, number).rows_wrong) == ("object", 2, 1)
    files.served["http://f"] = b"id,name\nacme,Acme Inc\ngamma,Gamma\n"
    ask(stage, "object", who="only_existing", type_id="1")
    await run(stage, files)
    found = stage.select("SELECT object_id, attributes FROM object ORDER BY object_id")
    assert [(one["object_id"], one["attributes"]) for one in found] == [
        ("acme", '{"name":"Acme Inc"}'),
        ("beta", '{"name":"Beta","size":"9"}'),
    ]
    stage.person("ada")
    files.served["http://f"] = b"id,object_type_id,object_id,role\nada,1,acme,owner\nbo,2,oslo,\nada,,acme,x\n"
    number = ask(stage, "relationship")
    await run(stage, files)
    assert (job(stage, number).rows_done, job(stage, number).rows_wrong) == (2, 1)
    related = stage.select(
        "SELECT o.object_type_id, o.object_id, r.attributes FROM relationship r JOIN object o"
        " ON o.object_no = r.object_no ORDER BY o.object_type_id"
    )
    assert [tuple(one.values()) for one in related] == [("1", "acme", '{"role":"owner"}'), ("2", "oslo", "{}")]
    files.served["http://f"] = b"id,object_id\nada,acme\n"
    number = ask(stage, "relationship")
    await run(stage, files)
    assert "object_type_id" in (job(stage, number).failure or "")


async def test_relationships_of_people_named_by_cio_id(stage: Stage, files: Files) -> None:
    ada, bo = cio_id(stage.person("ada")), cio_id(stage.person("bo"))
    gone = cio_id(2**41 + 5)
    lines = [
        "cio_id,object_id,role",
        f"{ada},acme,owner",
        f"cio_{bo},acme,",
        f"{gone},acme,x",
        "nobody,acme,x",
        ",acme,x",
    ]
    files.served["http://f"] = "\n".join(lines).encode()
    number = ask(stage, "relationship", "cio_id", type_id="1")
    await run(stage, files)
    done = job(stage, number)
    assert (done.state, done.identifier, done.rows_done, done.rows_wrong) == ("imported", "cio_id", 2, 3)
    wrong = stage.store.read(lambda tx: imports.errors(tx, number, 0, 100))
    assert wrong == [(4, "cio_id: nobody has it"), (5, "cio_id: is not a cio_id"), (6, "cio_id: is empty")]
    related = stage.select("SELECT person_id, attributes FROM relationship ORDER BY person_id")
    assert [cio_id(one["person_id"]) for one in related] == [ada, bo]
    assert len(stage.select("SELECT person_id FROM person")) == 2


async def test_nothing_is_lost_or_doubled_when_the_process_dies(stage: Stage, files: Files) -> None:
    lines = [f"p{number},bought,{1_700_000_000 + number}" for number in range(2_500)]
    files.served["http://f"] = "\n".join(["id,name,timestamp", *lines]).encode()
    number = ask(stage, "event")
    assert await importer(stage, files).turn()
    for passing in (1, 2):
        with pytest.raises(Broken):
            await every_turn(importer(stage, files, breaking_at("import.rows_in", passing)))
        assert not await importer(stage, files).turn(), "the dead one's lease still runs"
        stage.store.write(lambda tx: tx.composed("UPDATE import_job SET lease_ms = 0 RETURNING import_id", {}))
    await run(stage, files)
    assert (job(stage, number).state, job(stage, number).rows_done) == ("imported", 2_500)
    assert len(stage.select("SELECT event_id FROM person_event")) == 2_500
    assert len(stage.select("SELECT person_id FROM person")) == 2_500
    assert files.fetched == 1


@pytest.mark.parametrize("who", ["all", "only_new", "only_existing"])
async def test_a_segment_gets_everybody_when_the_process_dies(who: str, stage: Stage, files: Files) -> None:
    old = [f"p{number}" for number in range(0, 1_500, 3)]
    for name in old:
        stage.person(name)
    segment = stage.segment([])
    files.served["http://f"] = "\n".join(["id,plan", *(f"p{number},x" for number in range(1_500))]).encode()
    number = ask(stage, who=who, segment_id=segment, newest_only=True)
    assert await importer(stage, files).turn()
    for passing in (1, 2):
        with pytest.raises(Broken):
            await every_turn(importer(stage, files, breaking_at("import.rows_in", passing)))
        stage.store.write(lambda tx: tx.composed("UPDATE import_job SET held_until_ms = 0 RETURNING import_id", {}))
    await run(stage, files)
    expected = {"all": 1_500, "only_new": 1_000, "only_existing": 500}[who]
    done = job(stage, number)
    assert (done.state, done.rows_done, done.rows_joined) == ("imported", expected, expected)
    inside = stage.select("SELECT p.id FROM segment_member m JOIN person p ON p.person_id = m.person_id")
    assert len(inside) == expected
    assert (who != "only_new") == any(row["id"] in old for row in inside)
    assert stage.select("SELECT size FROM segment WHERE segment_id = :s", s=segment) == [{"size": expected}]


async def test_programs_before_this_one_do_not_touch_a_file_that_was_sent(stage: Stage, files: Files) -> None:
    """What an older worker asked to find and to take an import, word by word."""
    files.served["http://f"] = b"id;n\n1;7\n"
    number = ask(stage, types={"n": "number"}, newest_only=True)
    due = "SELECT import_id FROM import_job WHERE state IN ('preprocessing', 'importing') AND lease_ms < :now"
    take = (
        "UPDATE import_job SET lease_ms = :now + 900000, fence = fence + 1 WHERE import_id = :number"
        " AND state IN ('preprocessing', 'importing') AND lease_ms < :now RETURNING import_id"
    )

    def nothing_to_do() -> bool:
        now = stage.store.read(lambda tx: tx.now_ms())
        taken = stage.store.write(lambda tx: tx.composed(take, {"now": now, "number": number}))
        return not taken and not stage.select(due, now=now)

    one = importer(stage, files)
    assert nothing_to_do()
    while await one.turn():
        assert nothing_to_do()
    assert job(stage, number).state == "imported"
    assert person(stage, "1").attributes == {"n": 7}


@pytest.mark.parametrize("point", ["upload.piece_in", "upload.stored"])
async def test_a_file_whose_receiver_dies_is_not_there(point: str, stage: Stage) -> None:
    def receive(failpoint: Failpoint = nothing) -> Receiving:
        receiving = Receiving(stage.store, stage.workspace, "may.csv", failpoint=failpoint)
        receiving.feed(b"id\n" + b"1\n" * 2_000_000)
        receiving.finish()
        return receiving

    with pytest.raises(Broken):
        receive(breaking_at(point))
    (left,) = stage.select("SELECT upload_id, whole FROM upload")
    assert left["whole"] == 0
    assert stage.store.read(lambda tx: uploads.get(tx, left["upload_id"])) is None
    stage.store.write(lambda tx: tx.composed("UPDATE upload SET created_ms = 0 RETURNING upload_id", {}))
    whole = receive().upload
    assert [row["upload_id"] for row in stage.select("SELECT upload_id FROM upload")] == [whole.upload_id]
    assert {row["upload_id"] for row in stage.select("SELECT DISTINCT upload_id FROM upload_piece")} == {
        whole.upload_id
    }
    assert stage.store.read(lambda tx: uploads.get(tx, whole.upload_id)) == whole


async def test_a_file_that_was_sent_is_read_line_by_line(stage: Stage) -> None:
    receiving = Receiving(stage.store, stage.workspace, "may.csv")
    lines = [f"{'é' * (no % 700)}{no}\n".encode() for no in range(2_000)] + [b"x" * 500_000, b"\n", b"end"]
    whole = b"".join(lines)
    for start in range(0, len(whole), 99_991):
        receiving.feed(whole[start : start + 99_991])
    upload = receiving.finish()

    def read(tx: Transaction, most: int) -> list[bytes]:
        text = UploadedText(tx, upload.upload_id)
        return list(iter(lambda: text.readline(most), b""))

    assert stage.store.read(lambda tx: read(tx, 10**6)) == [*lines[:2_000], b"x" * 500_000 + b"\n", b"end"]
    short = stage.store.read(lambda tx: read(tx, 1_000))
    assert max(map(len, short)) == 1_000
    assert b"".join(short) == whole


async def test_another_machine_goes_on_with_the_same_file_only(stage: Stage, files: Files) -> None:
    files.served["http://f"] = b"id\n1\n2\n"
    number = ask(stage)
    assert await importer(stage, files).turn()
    (stage.folder / "imports" / f"import-{number}.csv").unlink()
    files.served["http://f"] = b"id\n1\n2\n3\n"
    await run(stage, files)
    assert job(stage, number).state == "failed"
    assert "another one" in str(job(stage, number).failure)
    assert person(stage, "1") is None


async def test_a_file_that_is_changed_between_two_turns_is_noticed(stage: Stage, files: Files) -> None:
    files.served["http://f"] = "\n".join(["id", *(f"p{no}" for no in range(1_500))]).encode()
    number = ask(stage)
    one = importer(stage, files)
    assert await one.turn()
    assert await one.turn()
    path = stage.folder / "imports" / f"import-{number}.csv"
    path.write_bytes(path.read_bytes().replace(b"p1499", b"x1499"))
    await every_turn(one)
    assert "another one" in str(job(stage, number).failure)
    assert (job(stage, number).rows_done, person(stage, "x1499")) == (1_000, None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "404"),
        (b"", "'id' is missing"),
        (b"email\na@x.test\n", "'id' is missing"),
        (b"id,a,a\n1,2,3\n", "twice"),
        (b"id\n\xff\xfe\n", "line 2 is not UTF-8"),
        ("id\n1\n".encode("utf-16"), "the file is UTF-16"),
        (b'id,a\n1,"x\n', "not CSV"),
        (b"id\n" + b"x" * 1_000_001, "longer than"),
    ],
)
async def test_a_file_that_is_none(stage: Stage, files: Files, content: bytes | None, words: str) -> None:
    if content is not None:
        files.served["http://f"] = content
    number = ask(stage)
    await run(stage, files)
    assert job(stage, number).state == "failed"
    assert words in str(job(stage, number).failure)
    assert not stage.select("SELECT person_id FROM person")
