# SPDX-License-Identifier: Apache-2.0
"""What `clarion doctor` looks at on this machine: programs, limits, the data folder, the mail server."""

import mmap
import os
import resource
import shutil
import smtplib
from collections.abc import Iterator
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from clarion.channels.mailbox import Mailbox, MailboxError
from clarion.channels.smtp_settings import SmtpSettings
from clarion.cli.doctor import Diagnosis
from clarion.domain.errors import SetupError, detail_of
from clarion.pipeline import flight
from clarion.settings import Settings
from clarion.wiring.bounces import mailbox_of
from clarion.wiring.providers import check_providers

_NETWORK_FILE_SYSTEMS = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "fuse.sshfs",
    "ceph",
    "glusterfs",
    "afs",
    "lustre",
}
_LOW_BYTES, _WARN_BYTES = 200 * 1024**2, 2 * 1024**3
_SMTP_SECONDS = 15.0


def programs() -> Iterator[Diagnosis]:
    """The fast parts that are optional."""
    for module, gain in (
        ("uvloop", "sending and the API are faster with it"),
        ("httptools", "the API is faster with it"),
    ):
        if find_spec(module) is not None:
            yield Diagnosis(module, "ok", "installed")
        else:
            yield Diagnosis(module, "warn", "not installed", f"{gain}: pip install 'clarion-broadcasts[fast]'")


def set_up(settings: Settings) -> Iterator[Diagnosis]:
    """What the settings say together."""
    if not settings.server.base_url:
        yield Diagnosis(
            "base url", "warn", "server.base_url is empty", "set it: links in messages lead to where it says"
        )
    elif not settings.server.base_url.startswith("https://"):
        yield Diagnosis(
            "base url",
            "warn",
            f"{settings.server.base_url} is not https",
            "one-click unsubscribe needs https (RFC 8058)",
        )
    else:
        yield Diagnosis("base url", "ok", settings.server.base_url)
    if all(one.provider == "outbox" for one in settings.accounts_of("email")):
        yield Diagnosis(
            "provider", "warn", "email.provider is outbox: nothing leaves this machine", "set it to smtp to send mail"
        )
    else:
        yield _provider(settings)
    if settings.metrics.listen and not settings.metrics.token and not _is_loopback(settings.metrics.listen):
        yield Diagnosis(
            "metrics",
            "warn",
            f"{settings.metrics.listen} answers /metrics to anybody",
            "set metrics.token, or listen on a private address",
        )


def _provider(settings: Settings) -> Diagnosis:
    try:
        check_providers(settings)
    except SetupError as error:
        return Diagnosis("provider", "fail", str(error), "correct the settings of the provider")
    names = ", ".join(one.name for one in settings.accounts_of("email"))
    return Diagnosis("provider", "ok", f"{names}: the settings can be used")


def _is_loopback(listen: str) -> bool:
    return listen.startswith(("127.", "localhost", "[::1]", ":"))


def limits(settings: Settings, processes: int) -> Iterator[Diagnosis]:
    """File descriptors, for connections to mail servers, databases and callers."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 256 + 2 * settings.database.connections + int(settings.smtp.get("connections", 0)) * 2
    words = f"{soft} open files a process may have, about {wanted} are needed ({processes} worker processes)"
    if soft == resource.RLIM_INFINITY or soft >= max(1_024, wanted):
        yield Diagnosis("open files", "ok", words)
    else:
        yield Diagnosis("open files", "warn", words, "raise it: ulimit -n 4096, or LimitNOFILE= in the unit")


def data_folder(folder: Path) -> Iterator[Diagnosis]:
    """Whether flight records can live there: local, writable, with locks and maps, with room."""
    flights = folder / "flights"
    made = [path for path in (flights, folder) if not path.exists()]
    try:
        flights.mkdir(parents=True, exist_ok=True)
        yield from _flight_folder(flights)
        yield room(folder)
    except OSError as error:
        words = f"{folder} cannot be used: {error.strerror}"
        yield Diagnosis("data folder", "fail", words, "make it writable for the user that runs Clarion")
    finally:
        for path in made:
            if path.exists() and not any(path.iterdir()):
                path.rmdir()


def _flight_folder(flights: Path) -> Iterator[Diagnosis]:
    orphans = flight.orphans(flights)
    probe = flights / f"doctor-{os.getpid()}.probe"
    descriptor = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, mmap.PAGESIZE)
        with mmap.mmap(descriptor, mmap.PAGESIZE) as mapped:
            mapped[0:7] = b"clarion"
        well = flight.locks_work(probe) and probe.read_bytes()[:7] == b"clarion"
    finally:
        os.close(descriptor)
        probe.unlink()
    kind = _file_system(flights)
    if not well:
        yield Diagnosis(
            "flight records",
            "fail",
            f"locks or memory maps do not work in {flights} ({kind})",
            "put data.dir on a local disk: after a crash, flight records tell what was sent",
        )
    elif kind in _NETWORK_FILE_SYSTEMS:
        yield Diagnosis(
            "flight records", "warn", f"{flights} is on a network file system ({kind})", "put data.dir on a local disk"
        )
    else:
        yield Diagnosis("flight records", "ok", f"locks and memory maps work in {flights} ({kind})")
    if not flight.boot_id():
        yield Diagnosis(
            "flight records",
            "warn",
            "this kernel does not say its boot id",
            "after a crash open chunks will be in doubt",
        )
    if orphans:
        words = f"{len(orphans)} of dead processes wait to be used"
        yield Diagnosis("flight records", "warn", words, "start a worker on this machine with this data.dir")


def _file_system(path: Path) -> str:
    """The type of the file system that holds `path`; unknown where the kernel does not say."""
    found, kind = "", "unknown"
    try:
        for line in Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines():
            _, place, this, *_ = line.split(" ")
            place = place.replace("\\040", " ")
            if path.resolve().is_relative_to(place) and len(place) >= len(found):
                found, kind = place, this
    except (OSError, ValueError):
        return "unknown"
    return kind


def room(folder: Path) -> Diagnosis:
    """How much is left on the disk of a folder."""
    free = shutil.disk_usage(folder).free
    words = f"{free / 1024**3:.1f} GB free for {folder}"
    if free < _LOW_BYTES:
        return Diagnosis("disk", "fail", words, "make room: on a full disk nothing is sent")
    return Diagnosis("disk", "warn" if free < _WARN_BYTES else "ok", words)


def smtp_login(options: dict[str, Any]) -> Iterator[Diagnosis]:
    """Connect, secure, log in, say goodbye. Nothing is sent."""
    known = {field.name for field in fields(SmtpSettings)}
    server = SmtpSettings(**{name: value for name, value in options.items() if name in known})
    place = f"{server.host}:{server.port}"
    try:
        with _connected(server) as session:
            if server.username:
                session.login(server.username, server.password)
            words = f"{place} answers" + (", and the login works" if server.username else "; no login is set")
            missing = [name for name in ("pipelining", "8bitmime") if not session.has_extn(name)]
    except (OSError, smtplib.SMTPException) as error:
        yield Diagnosis("smtp", "fail", f"{place}: {detail_of(error)}", "check smtp.host, port, security and the login")
        return
    yield Diagnosis("smtp", "ok", words)
    if missing:
        yield Diagnosis("smtp", "warn", f"{place} does not offer {', '.join(missing)}", "sending is slower without")


def bounce_mailbox(settings: Settings) -> Iterator[Diagnosis]:
    """Sign in and look; nothing is marked."""
    mailbox = mailbox_of(settings)
    if mailbox is None:
        if settings.email.provider == "smtp":
            words = "no mailbox is named: nobody is told which addresses are dead"
            yield Diagnosis("bounces", "warn", words, "set bounces.host, and smtp.bounce_address (docs/providers.md)")
        return
    try:
        with Mailbox(mailbox) as opened:
            yield Diagnosis("bounces", "ok", f"{mailbox.name}: {len(opened.unread())} unread")
    except MailboxError as error:
        yield Diagnosis("bounces", "fail", f"{mailbox.name}: {error}", "check bounces.host, security and the login")


def _connected(server: SmtpSettings) -> smtplib.SMTP:
    tls = server.tls_context()
    patience = min(server.timeout, _SMTP_SECONDS)
    if server.security == "tls":
        session: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=patience, context=tls)
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=patience)
    try:
        session.ehlo()
        if server.security == "starttls":
            session.starttls(context=tls)
            session.ehlo()
    except BaseException:
        session.close()
        raise
    return session
