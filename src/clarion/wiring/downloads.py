# SPDX-License-Identifier: Apache-2.0
"""What may be fetched from a URL, and how."""

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from clarion.api.calls import Fetch, Fetched
from clarion.domain.errors import InvalidRequest
from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.data_file_download import DownloadedFile, DownloadRules, download
from clarion.pipeline.domain_checks import Content
from clarion.pipeline.resolve import Download
from clarion.wiring.house import House


def content_of(house: House) -> Content:
    """The same as `fetcher`, of the bytes alone."""
    fetch = fetcher(house)

    async def content(url: str, most_bytes: int) -> bytes:
        return (await fetch(url, most_bytes)).content

    return content


def download_rules(house: House) -> DownloadRules:
    """Which addresses may be called, for how long and for how much."""
    given = house.settings.data_file
    return DownloadRules(
        allow_private_addresses=given.allow_private_addresses,
        max_bytes=given.max_bytes,
        connect_timeout=given.connect_timeout_seconds,
        idle_timeout=given.idle_timeout_seconds,
    )


def downloader(house: House) -> Download:
    """What fetches a data file."""
    rules = download_rules(house)

    async def fetch(url: str, target: Path) -> DownloadedFile:
        return await download(url, target, rules=rules)

    return fetch


def fetcher(house: House) -> Fetch:
    """What a URL serves, for calls that bring one instead of their data."""
    rules = download_rules(house)

    async def fetch(url: str, most_bytes: int) -> Fetched:
        with TemporaryDirectory(prefix="clarion-") as folder:
            try:
                found = await download(url, Path(folder) / "fetched", rules=replace(rules, max_bytes=most_bytes))
            except DataFileError as error:
                raise InvalidRequest(str(error), "/url") from None
            return Fetched(await asyncio.to_thread(found.path.read_bytes), found.media_type)

    return fetch
