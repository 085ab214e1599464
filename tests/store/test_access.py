# SPDX-License-Identifier: Apache-2.0
"""Which key opens what."""

from dataclasses import replace
from functools import partial

import pytest

from clarion.store import access
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction

from .ledgers import together


def test_each_key_opens_its_workspace(store: Store) -> None:
    keys, others = access.random_keys(), access.random_keys()
    mine = store.write(lambda tx: access.create_workspace(tx, "Mine", "id", keys))
    other = store.write(lambda tx: access.create_workspace(tx, "Other", "id_email", others))

    def check(tx: Transaction) -> None:
        app = access.by_app_key(tx, keys.app_key)
        manage = access.by_app_key(tx, keys.manage_key)
        track = access.by_track_key(tx, others.site_id, others.track_key)
        assert app is not None
        assert (app.workspace, app.scopes) == (mine, frozenset({"app"}))
        assert manage is not None
        assert (manage.workspace, manage.scopes) == (mine, frozenset({"app", "manage"}))
        assert track is not None
        assert (track.workspace, track.scopes) == (other, frozenset({"track"}))
        assert access.workspaces(tx) == [mine, other]
        assert access.workspace(tx, other.workspace_id) == other
        assert access.workspace(tx, 99) is None

    store.read(check)


@pytest.mark.parametrize("site", ["", "no-such-site", "сайт", "site\0", "0" * 20])
def test_a_wrong_site_opens_nothing(store: Store, site: str) -> None:
    keys = access.random_keys()
    store.write(lambda tx: access.create_workspace(tx, "Mine", "id", keys))
    assert store.read(lambda tx: access.by_track_key(tx, site, keys.track_key)) is None


def test_a_wrong_key_opens_nothing(store: Store) -> None:
    keys, others = access.random_keys(), access.random_keys()
    for name, some in (("Mine", keys), ("Other", others)):
        store.write(partial(access.create_workspace, name=name, identifiers="id", keys=some))

    def check(tx: Transaction) -> None:
        for wrong in ("", "é", "a\0", keys.app_key[:-1], keys.app_key.upper() + "x", keys.track_key, keys.site_id):
            assert access.by_app_key(tx, wrong) is None
        for wrong in ("", "é", keys.app_key, keys.manage_key, others.track_key):
            assert access.by_track_key(tx, keys.site_id, wrong) is None

    store.read(check)


def test_keys_are_not_stored_in_clear(store: Store) -> None:
    keys = access.random_keys()
    store.write(lambda tx: access.create_workspace(tx, "Mine", "id", keys))
    rows = store.read(lambda tx: tx.composed("SELECT * FROM api_key", {}))
    text = repr([dict(row) for row in rows])
    assert len(rows) == 3
    assert not any(key in text for key in (keys.app_key, keys.manage_key, keys.track_key))


def test_a_workspace_changes(store: Store, workspace: Workspace) -> None:
    changed = replace(workspace, name="Öther", identifiers="id")
    store.write(lambda tx: access.update_workspace(tx, changed))
    assert store.read(lambda tx: access.workspace(tx, workspace.workspace_id)) == changed
    assert not changed.email_is_unique


def test_the_installation_has_one_secret(store: Store) -> None:
    secrets = together(*[lambda: store.write(access.installation_secret)] * 4)
    assert len(set(secrets)) == 1
    assert len(secrets[0]) == 32
    assert store.read(access.installation_secret) == secrets[0]
