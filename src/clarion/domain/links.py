# SPDX-License-Identifier: Apache-2.0
"""The public URLs of one message: what `tracking` serves and templates print."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute URLs of one delivery."""

    unsubscribe: str
    preferences: str
    consent: str
    view_in_browser: str


def links_of(base_url: str, delivery_id: str) -> Links:
    """The URLs below `base_url` (no slash at the end) for a public delivery id, URL-safe as it is."""
    return Links(
        unsubscribe=f"{base_url}/unsubscribe/{delivery_id}",
        preferences=f"{base_url}/preferences/{delivery_id}",
        consent=f"{base_url}/consent/{delivery_id}",
        view_in_browser=f"{base_url}/view/{delivery_id}",
    )
