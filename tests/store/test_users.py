# SPDX-License-Identifier: Apache-2.0
"""One-time links open once, with all they bring or nothing; sessions and failures end by the database's clock."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from clarion.domain.roles import Role, parsed, stored
from clarion.store import access, audit, sessions, users
from clarion.store.engine import Store


def test_of_many_who_use_a_link_at_once_one_gets_in(store: Store) -> None:
    token = store.write(lambda tx: users.create_link(tx, "owner", made_by="test"))
    with ThreadPoolExecutor(4) as threads:
        used = list(threads.map(lambda _: store.write(lambda tx: users.use_link(tx, token)), range(8)))
    assert sorted(used) == [False] * 7 + [True]


def test_what_fails_after_a_link_was_used_leaves_it_unused(store: Store) -> None:
    token = store.write(lambda tx: users.create_link(tx, "owner", made_by="test"))

    def dies(tx: Any) -> None:
        assert users.use_link(tx, token)
        raise KeyError("as if the process had died")

    with pytest.raises(KeyError):
        store.write(dies)
    assert store.write(lambda tx: users.use_link(tx, token))


def test_a_new_owner_link_ends_the_one_before(store: Store) -> None:
    first, second = (store.write(lambda tx: users.create_link(tx, "owner", made_by="test")) for _ in range(2))
    assert store.read(lambda tx: users.link(tx, first)) is None
    assert store.read(lambda tx: users.link(tx, second)) is not None


def test_an_owner_link_opens_every_workspace(store: Store) -> None:
    for name in ("A", "B"):
        store.write(partial(access.create_workspace, name=name, identifiers="id_email", keys=access.random_keys()))

    def claim(tx: Any) -> int:
        token = users.create_link(tx, "owner", made_by="test")
        opened = users.link(tx, token)
        assert opened is not None
        user_id = users.create(tx, "ada@example.com", "Ada", "-")
        users.admit(tx, opened, user_id)
        return user_id

    user_id = store.write(claim)
    found = store.read(lambda tx: users.memberships(tx, user_id))
    assert [(place.name, roles) for place, roles in found] == [("A", (Role.OWNER,)), ("B", (Role.OWNER,))]


def test_nothing_that_opens_anything_is_stored_in_clear(store: Store) -> None:
    user_id = store.write(lambda tx: users.create(tx, "ada@example.com", "Ada", "-"))
    token = store.write(lambda tx: sessions.begin(tx, user_id, "Test/1"))
    (kept,) = store.read(lambda tx: sessions.of_user(tx, user_id))
    assert kept.session_hash == users.hashed(token)
    assert token not in repr(kept)


def test_failures_count_for_the_e_mail_and_for_the_address(store: Store) -> None:
    for no in range(10):
        store.write(partial(sessions.note_failure, email="ada@example.com", address=f"10.0.0.{no}"))
    assert store.read(lambda tx: sessions.wait_seconds(tx, "ADA@example.com", "10.0.0.99")) > 0
    assert store.read(lambda tx: sessions.wait_seconds(tx, "bo@example.com", "10.0.0.1")) == 0
    store.write(lambda tx: sessions.forgive(tx, "ada@example.com", "10.0.0.1"))
    assert store.read(lambda tx: sessions.wait_seconds(tx, "ada@example.com", "10.0.0.99")) == 0


def test_tries_count_before_their_passwords_are_looked_at(store: Store) -> None:
    def tried(_: int) -> int:
        return store.write(lambda tx: sessions.take_try(tx, "ada@example.com", "10.0.0.1"))

    with ThreadPoolExecutor(4) as threads:
        waits = list(threads.map(tried, range(16)))
    assert sum(wait == 0 for wait in waits) == 10
    store.write(lambda tx: sessions.forgive(tx, "ada@example.com", "10.0.0.1"))
    assert store.write(lambda tx: sessions.take_try(tx, "ada@example.com", "10.0.0.1")) == 0


def test_who_comes_in_does_not_use_up_the_tries_of_their_address(store: Store) -> None:
    for no in range(60):
        assert store.write(partial(sessions.take_try, email=f"user{no}@example.com", address="10.0.0.1")) == 0
        store.write(partial(sessions.forgive, email=f"user{no}@example.com", address="10.0.0.1"))


@pytest.mark.parametrize("change", ["password", "workspace"])
def test_links_for_a_new_password_end_when_it_or_their_places_change(change: str, store: Store) -> None:
    def make(tx: Any) -> tuple[int, str]:
        user_id = users.create(tx, "ada@example.com", "Ada", "-")
        return user_id, users.create_link(tx, "reset", made_by="test", email="ada@example.com")

    def happen(tx: Any) -> None:
        if change == "password":
            users.set_password(tx, user_id, "other")
        else:
            other = access.create_workspace(tx, "Other", "id_email", access.random_keys())
            users.put_member(tx, other.workspace_id, user_id, (Role.READER,))

    user_id, token = store.write(make)
    kept = store.write(lambda tx: users.create_link(tx, "reset", made_by="test", email="bo@example.com"))
    store.write(happen)
    assert store.read(lambda tx: users.link(tx, token)) is None
    assert store.read(lambda tx: users.link(tx, kept)) is not None


def test_clearing_leaves_what_still_counts(store: Store) -> None:
    user_id = store.write(lambda tx: users.create(tx, "ada@example.com", "Ada", "-"))
    store.write(lambda tx: sessions.begin(tx, user_id, "Test/1"))
    store.write(lambda tx: audit.note(tx, 1, "ada@example.com", "Did something"))
    for clear in (sessions.clear, users.clear_links, audit.clear):
        store.write(clear)
    assert len(store.read(lambda tx: sessions.of_user(tx, user_id))) == 1
    assert len(store.read(lambda tx: audit.entries(tx, 1))) == 1


def test_roles_are_stored_once_and_in_order() -> None:
    assert stored([Role.SENDER, Role.EDITOR, Role.SENDER]) == "editor sender"
    assert parsed("sender nonsense editor") == (Role.EDITOR, Role.SENDER)
