# SPDX-License-Identifier: Apache-2.0
"""The trigger call: every body that a client sends is read, every bad one names its field (contract §2)."""

from typing import Any

import pytest

from clarion.domain.audience import InSegment
from clarion.domain.entries import EntryValue
from clarion.domain.errors import InvalidRequest
from clarion.domain.triggers import MAX_DATA_BYTES, MAX_ENTRIES, Flags, Selector, TriggerRequest, parse

ANNA = EntryValue("anna", None, b"{}")


def by_email(address: str) -> EntryValue:
    return EntryValue(None, address, b"{}")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # the bodies that official clients were seen to send (contract §2.1)
        ({}, TriggerRequest(Selector.DEFAULT, {}, Flags())),
        ({"data": {"x": 1}}, TriggerRequest(Selector.DEFAULT, {"x": 1}, Flags())),
        (
            {"recipients": {"segment": {"id": 7}}},
            TriggerRequest(Selector.RECIPIENTS, {}, Flags(), InSegment(7), echo={"recipients": {"segment": {"id": 7}}}),
        ),
        (
            {"data": {"x": 1}, "emails": ["a@b.c"], "email_ignore_missing": True},
            TriggerRequest(
                Selector.EMAILS,
                {"x": 1},
                Flags(email_ignore_missing=True),
                entries=(by_email("a@b.c"),),
                echo={"emails": ["a@b.c"]},
            ),
        ),
        ({"data": None, "recipients": {}}, TriggerRequest(Selector.DEFAULT, {}, Flags())),
        (
            {"data": None, "recipients": {"segment": {"id": 7}}},
            TriggerRequest(Selector.RECIPIENTS, {}, Flags(), InSegment(7), echo={"recipients": {"segment": {"id": 7}}}),
        ),
        # absent in other words
        (
            {"recipients": {}, "ids": ["anna"]},
            TriggerRequest(Selector.IDS, {}, Flags(), entries=(ANNA,), echo={"ids": ["anna"]}),
        ),
        ({"recipients": None, "emails": None, "ids": None}, TriggerRequest(Selector.DEFAULT, {}, Flags())),
        ({"scheduled_at": None, "expires_after": None}, TriggerRequest(Selector.DEFAULT, {}, Flags())),
        (
            {"scheduled_at": 1_796_128_200, "expires_after": 60},
            TriggerRequest(Selector.DEFAULT, {}, Flags(), scheduled_ms=1_796_128_200_000, expires_after_s=60),
        ),
        (
            {"scheduled_at": "2026-11-23T21:00:00+01:00", "ids": ["anna"]},
            TriggerRequest(
                Selector.IDS, {}, Flags(), entries=(ANNA,), echo={"ids": ["anna"]}, scheduled_ms=1_795_464_000_000
            ),
        ),
        ({"id_ignore_missing": None}, TriggerRequest(Selector.DEFAULT, {}, Flags())),
        # flags that do not apply are accepted
        (
            {"email_add_duplicates": True, "id_ignore_missing": False},
            TriggerRequest(Selector.DEFAULT, {}, Flags(email_add_duplicates=True)),
        ),
        (
            {"ids": ["anna", 7], "id_ignore_missing": True},
            TriggerRequest(
                Selector.IDS,
                {},
                Flags(id_ignore_missing=True),
                entries=(ANNA, EntryValue("7", None, b"{}")),
                echo={"ids": ["anna", 7]},
            ),
        ),
        (
            {"per_user_data": [{"id": "anna", "data": {"v": "F"}}, {"email": "e@x"}, {"id": 1, "email": "e@x"}, 5]},
            TriggerRequest(
                Selector.PER_USER_DATA,
                {},
                Flags(),
                entries=(
                    EntryValue("anna", None, b'{"v":"F"}'),
                    by_email("e@x"),
                    "give either id or email, not both",
                    "must be an object",
                ),
                echo={
                    "per_user_data": [
                        {"id": "anna", "data": {"v": "F"}},
                        {"email": "e@x"},
                        {"id": 1, "email": "e@x"},
                        5,
                    ]
                },
            ),
        ),
        (
            {"data_file_url": "HTTPS://user:pass@host/file?sig=1"},
            TriggerRequest(
                Selector.DATA_FILE,
                {},
                Flags(),
                data_file_url="HTTPS://user:pass@host/file?sig=1",
                echo={"data_file_url": "HTTPS://user:pass@host/file?sig=1"},
            ),
        ),
    ],
)
def test_what_clients_send(body: object, expected: TriggerRequest) -> None:
    assert parse(body) == expected


def test_an_empty_name_is_an_error_of_its_line() -> None:
    assert parse({"emails": ["", "a@x"]}).entries == ("id or email is required", by_email("a@x"))


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        (None, "", "must be a JSON object"),
        ([], "", "must be a JSON object"),
        ({"broadcast_id": 1}, "/broadcast_id", 'unknown key "broadcast_id"'),
        ({"Data": {}}, "/Data", 'unknown key "Data"; known: data, recipients'),
        ({"scheduled_at": "tomorrow"}, "/scheduled_at", "Unix seconds"),
        ({"scheduled_at": "2026-11-23T20:00:00"}, "/scheduled_at", "time zone"),
        ({"scheduled_at": True}, "/scheduled_at", "Unix seconds"),
        ({"scheduled_at": 1.5}, "/scheduled_at", "Unix seconds"),
        ({"scheduled_at": -1}, "/scheduled_at", "Unix seconds"),
        ({"scheduled_at": 1_796_128_200_000}, "/scheduled_at", "not milliseconds"),
        ({"expires_after": -1}, "/expires_after", "seconds"),
        ({"expires_after": "60"}, "/expires_after", "seconds"),
        ({"expires_after": True}, "/expires_after", "seconds"),
        ({"expires_after": 10**12}, "/expires_after", "seconds"),
        ({"data": []}, "/data", "must be an object"),
        ({"data": "x"}, "/data", "must be an object"),
        ({"data": {"x": "y" * MAX_DATA_BYTES}}, "/data", "larger than 50000 bytes"),
        ({"email_ignore_missing": "true"}, "/email_ignore_missing", "true or false"),
        ({"id_ignore_missing": 1}, "/id_ignore_missing", "true or false"),
        ({"recipients": {"segment": {"id": 7}}, "ids": ["a"]}, "/ids", "only one of"),
        ({"emails": ["a@x"], "data_file_url": "https://x"}, "/data_file_url", "found emails, data_file_url"),
        ({"ids": ["a"], "per_user_data": [{"id": "a"}]}, "/per_user_data", "only one of"),
        ({"recipients": {}, "ids": ["a"], "emails": ["a@x"]}, "/ids", "found emails, ids"),
        ({"recipients": []}, "/recipients", "must be an object"),
        ({"recipients": "all"}, "/recipients", "must be an object"),
        ({"recipients": {"and": [{"segment": {}}]}}, "/recipients/and/0/segment", 'with an "id"'),
        ({"emails": "a@x"}, "/emails", "must be a list"),
        ({"emails": {}}, "/emails", "must be a list"),
        ({"emails": []}, "/emails", "at least one"),
        ({"emails": ["a@x", 5]}, "/emails/1", "must be a string"),
        ({"emails": [None]}, "/emails/0", "must be a string"),
        ({"ids": {}}, "/ids", "must be a list"),
        ({"ids": []}, "/ids", "at least one"),
        ({"ids": ["a", True]}, "/ids/1", "a string or an integer"),
        ({"ids": [1.5]}, "/ids/0", "a string or an integer"),
        ({"ids": ["a"] * (MAX_ENTRIES + 1)}, "/ids", "more than 10000"),
        ({"emails": ["a@x"] * (MAX_ENTRIES + 1)}, "/emails", "more than 10000"),
        ({"per_user_data": {}}, "/per_user_data", "must be a list"),
        ({"per_user_data": []}, "/per_user_data", "at least one"),
        ({"per_user_data": [{}] * (MAX_ENTRIES + 1)}, "/per_user_data", "more than 10000"),
        ({"data_file_url": {}}, "/data_file_url", "must be a URL"),
        ({"data_file_url": ""}, "/data_file_url", "must be a URL"),
        ({"data_file_url": "file:///etc/passwd"}, "/data_file_url", "http:// or https://"),
        ({"data_file_url": "https://x/" + "é" * 4_000}, "/data_file_url", "longer than 8000 bytes"),
    ],
)
def test_refused_with_its_field(body: Any, pointer: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(body)
    (problem,) = refused.value.problems
    assert problem.pointer == pointer
    assert words in problem.detail


def test_the_largest_calls_are_read() -> None:
    assert len(parse({"ids": ["a"] * MAX_ENTRIES}).entries) == MAX_ENTRIES
    parse({"data": {"x": "y" * (MAX_DATA_BYTES - 8)}})
