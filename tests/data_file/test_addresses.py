# SPDX-License-Identifier: Apache-2.0
"""Which addresses a data file may come from, and that nothing slips past the check."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest

from clarion.channels.public_addresses import is_public, look_up
from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.data_file_download import DownloadRules, download

PRIVATE = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.254
169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.0.170 192.0.2.1 192.88.99.1 192.168.0.1
198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::2 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:93.184.216.34 ::ffff:0:127.0.0.1
64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1
2001:20::1 2001:db8::1 2002:7f00:1::1 2002:a00:1:: 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1
fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 ff0e::1
"""

PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0
223.255.255.255 2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450:4001:830::200e 2003::1
"""

REFUSED = (
    "failed to download data file: the address {} is private and not allowed "
    "(setting data_file.allow_private_addresses)"
)


async def refusal(url: str, tmp_path: Path, *addresses: str) -> str:
    """The sentence a download ends with; the host resolves to `addresses`, if some are given."""

    async def answer(host: str, port: int) -> Sequence[str]:
        return addresses

    with pytest.raises(DataFileError) as caught:
        await download(
            url,
            tmp_path / "f",
            rules=DownloadRules(connect_timeout=0.2),
            lookup=answer if addresses else look_up,
        )
    return str(caught.value)


@pytest.mark.parametrize("address", PRIVATE.split())
def test_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("user:pass@127.0.0.1:8080", "127.0.0.1"),
        ("1.1.1.1@127.0.0.1", "127.0.0.1"),
        ("169.254.169.254", "169.254.169.254"),
        ("１２７.０.０.１", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[0:0:0:0:0:0:0:1]", "::1"),
        ("[::ffff:127.0.0.1]", str(ip_address("::ffff:127.0.0.1"))),
        ("[::ffff:7f00:1]", str(ip_address("::ffff:127.0.0.1"))),
        ("[fe80::1%25eth0]", "fe80::1%25eth0"),
        ("0x7f.0.0.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
    ],
)
async def test_private_hosts_are_refused(host: str, address: str, tmp_path: Path) -> None:
    sentence = await refusal(f"http://{host}/f", tmp_path)
    assert sentence in (REFUSED.format(address), REFUSED.format("::1"))


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0177.0.0.1", "017700000001", "127.0.0.1.", "0"])
async def test_odd_spellings_of_ipv4_are_refused(host: str, tmp_path: Path) -> None:
    sentence = await refusal(f"http://{host}/f", tmp_path)
    assert sentence in (
        f"failed to download data file: the address {host} is not written in the usual form",
        "failed to download data file: url is not valid",
    )


async def test_one_private_address_among_public_ones_is_enough(tmp_path: Path) -> None:
    sentence = await refusal("https://files.example/f", tmp_path, "93.184.216.34", "2606:4700::1", "10.1.2.3")
    assert sentence == REFUSED.format("10.1.2.3")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h/f",
        "file:///etc/passwd",
        "javascript:1",
        "/etc/passwd",
        "",
        "h/f",
        "//h/f",
        "gopher://127.0.0.1/",
    ],
)
async def test_other_schemes_are_refused(url: str, tmp_path: Path) -> None:
    assert await refusal(url, tmp_path) == "failed to download data file: url must be http or https"


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///f",
        "https://h:0/",
        "http://h:99999/",
        "http://h:x/",
        "http://[::1",
        "http://u@h\\@e/",
    ],
)
async def test_urls_that_are_none(url: str, tmp_path: Path) -> None:
    assert await refusal(url, tmp_path) == "failed to download data file: url is not valid"


@pytest.mark.parametrize("error", [OSError("no such host"), UnicodeError("label too long")])
async def test_a_host_that_is_not_found(error: Exception, tmp_path: Path) -> None:
    async def answer(host: str, port: int) -> Sequence[str]:
        raise error

    with pytest.raises(
        DataFileError, match=r"^failed to download data file: the host a\.example was not found$"
    ) as caught:
        await download("http://a.example/f", tmp_path / "f", rules=DownloadRules(), lookup=answer)
    assert caught.value.temporary


async def test_a_resolver_that_hangs(tmp_path: Path) -> None:
    async def answer(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()  # for ever
        return ()

    rules = DownloadRules(connect_timeout=0.05)
    with pytest.raises(DataFileError, match=r"timed out after 0\.05 seconds$") as caught:
        await download("http://a.example/f", tmp_path / "f", rules=rules, lookup=answer)
    assert caught.value.temporary
