# SPDX-License-Identifier: Apache-2.0
"""Array literals and copied lines, as PostgreSQL reads them."""

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.postgres_cluster import INSTALL_HINT, Cluster, binaries

from clarion.domain.deliveries import Reason, State
from clarion.store.arrays import copied, literal


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection]:
    if binaries() is None:
        pytest.skip(INSTALL_HINT)
    cluster = Cluster()
    try:
        with psycopg.connect(cluster.create("arrays"), autocommit=True) as connection:
            yield connection
    finally:
        cluster.close()


def read_back(connection: psycopg.Connection, values: list[object], kind: str) -> list[object]:
    row = connection.execute(f"SELECT CAST(%s AS {kind}[])", [literal(values)]).fetchone()
    assert row is not None
    return list(row[0])


# PostgreSQL takes neither NUL nor half a surrogate pair in a text.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(st.none() | TEXTS | st.sampled_from(["NULL", "{}", '"', "\\", ",", " ", "", '","'])))
def test_texts_come_back(connection: psycopg.Connection, values: list[object]) -> None:
    assert read_back(connection, values, "text") == values


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)))
def test_numbers_come_back(connection: psycopg.Connection, values: list[object]) -> None:
    assert read_back(connection, values, "bigint") == values


COPIED = ["\\N", "\\.", "\t", "a\r\nb", "\\t", "\\\\", '{"a":"b\\\\nc"}', "\x7f\x01"]


@given(
    st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.none() | TEXTS | st.sampled_from(COPIED),
        )
    )
)
def test_copied_rows_come_back(connection: psycopg.Connection, rows: list[tuple[int, str | None]]) -> None:
    connection.execute("CREATE TEMPORARY TABLE IF NOT EXISTS copied (at serial, n bigint, t text)")
    connection.execute("TRUNCATE copied")
    lines = copied([[n for n, _ in rows]], [None if text is None else text.encode() for _, text in rows])
    with connection.cursor() as cursor, cursor.copy("COPY copied (n, t) FROM STDIN") as copy:
        copy.write(lines)
    assert connection.execute("SELECT n, t FROM copied ORDER BY at").fetchall() == rows


def test_enumerations_and_truth_values_are_what_they_stand_for() -> None:
    assert literal([State.SENT, True, 7, None]) == "{1,1,7,NULL}"
    assert literal([Reason.REFUSED, None]) == '{"refused",NULL}'


def test_anything_else_is_a_defect() -> None:
    with pytest.raises(TypeError, match="float"):
        literal([1, 2.5])
