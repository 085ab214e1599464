# SPDX-License-Identifier: Apache-2.0
"""Debian's Exim and Postfix as receivers on 127.0.0.1, unpacked by `make mail-servers`; they queue and send nothing."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).parents[2]
UNPACKED = ROOT / ".mail-servers"
INSTALL_HINT = "Postfix and Exim are not there, or this is not root: run `make mail-servers`"

_EXIM = """\
exim_user = nobody
exim_group = nogroup
keep_environment =
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/log/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
queue_only
smtp_accept_max = 200
smtp_accept_max_per_connection = 1000000
primary_hostname = exim.test
tls_advertise_hosts = *
tls_certificate = {folder}/keys.pem
pipelining_advertise_hosts = *
acl_smtp_rcpt = rcpt
acl_smtp_data = data
begin acl
rcpt:
  deny local_parts = ^no-
  accept
data:
  accept
begin routers
begin transports
"""

# Takes everything, returns what is for no-…, and delivers what comes back into a maildir.
_EXIM_THAT_RETURNS = """\
exim_user = nobody
exim_group = nogroup
keep_environment = LD_PRELOAD : LD_LIBRARY_PATH : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
exim_path = {folder}/exim
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/log/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
primary_hostname = exim.test
qualify_domain = exim.test
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin acl
accept:
  accept
begin routers
returned:
  driver = redirect
  local_parts = ^no-
  data = :fail: 550 5.1.1 there is nobody here of that name
  allow_fail
mailbox:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  user = nobody
  group = nogroup
  return_path_add
  envelope_to_add
"""

_POSTFIX_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
daemon_directory = {programs}/usr/lib/postfix/sbin
command_directory = {programs}/usr/sbin
shlib_directory = no
meta_directory = {folder}/conf
mail_owner = daemon
setgid_group = mail
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.test
mydestination =
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = check_recipient_access regexp:{folder}/conf/refused, permit
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_data_restrictions = check_client_access static:HOLD
smtpd_tls_security_level = may
smtpd_tls_chain_files = {folder}/keys.pem
import_environment = LD_LIBRARY_PATH MAIL_CONFIG
maillog_file = {folder}/log/maillog
maillog_file_prefixes = {folder}
"""

_POSTFIX_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


def are_there() -> bool:
    """Whether the servers can be started here."""
    return (UNPACKED / ".complete").exists() and os.geteuid() == 0


@contextmanager
def open_folder(there: bool) -> Iterator[Path]:
    """A folder that the servers may enter, who run as others; a test of servers that are not there fails in CI and is
    left out elsewhere."""
    if not there:
        if os.environ.get("CI"):
            pytest.fail(INSTALL_HINT)
        pytest.skip(INSTALL_HINT)
    with TemporaryDirectory(prefix="clarion-mail-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@dataclass(frozen=True)
class Server:
    """A running server. `spool` is where its accepted messages are."""

    name: str
    port: int
    folder: Path
    spool: Path

    def accepted(self) -> Counter[str]:
        """Recipient → how many messages for it were accepted."""
        files = [path for path in self.spool.rglob("*") if path.is_file()]
        if self.name == "exim":
            return Counter(who for path in files if path.name.endswith("-H") for who in _exim_recipients(path))
        if not files:
            return Counter()
        output = subprocess.run(
            [UNPACKED / "usr/sbin/postcat", "-c", self.folder / "conf", "-e", *files],
            check=True,
            capture_output=True,
            env=_environment(),
        ).stdout.decode("utf-8", "replace")
        return Counter(line.split(":", 1)[1].strip() for line in output.splitlines() if line.startswith("recipient:"))

    def log(self) -> str:
        """What it wrote down."""
        return "\n".join(path.read_text("utf-8", "replace") for path in sorted((self.folder / "log").glob("*log")))


def _exim_recipients(path: Path) -> list[str]:
    """What stands between their number and the first empty line of a spool file."""
    lines = path.read_text("utf-8", "replace").partition("\n\n")[0].splitlines()
    (first,) = [at for at, line in enumerate(lines) if line == str(len(lines) - at - 1)]
    return lines[first + 1 :]


def _environment() -> dict[str, str]:
    libraries = [UNPACKED / "usr/lib/postfix", *(UNPACKED / "usr/lib").glob("*-linux-gnu")]
    return {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": ":".join(map(str, libraries))}


def _exim(folder: Path, port: int, text: str = _EXIM) -> tuple[list[str], dict[str, str]]:
    (folder / "exim.conf").write_text(text.format(folder=folder, port=port))
    for name in ("spool", "log"):
        (folder / name).mkdir()
        shutil.chown(folder / name, "nobody")
    # Debian's Exim wants a user of its own; here it is told of one that the machine need not have.
    for kind, line in (("passwd", "Debian-exim:x:65534:65534::/:/bin/false\n"), ("group", "Debian-exim:x:65534:\n")):
        (folder / kind).write_text(Path("/etc", kind).read_text() + line)
    (wrapper,) = UNPACKED.glob("usr/lib/*/libnss_wrapper.so")
    environment = {
        **_environment(),
        "LD_PRELOAD": str(wrapper),
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
    }
    program = folder / "exim"  # Debian's runs as root for whoever starts it, and then finds no libraries of ours
    shutil.copyfile(UNPACKED / "usr/sbin/exim4", program)
    program.chmod(0o755)
    return [str(program), "-C", str(folder / "exim.conf"), "-bdf"], environment


def _postfix(folder: Path, port: int) -> tuple[list[str], dict[str, str]]:
    for name in ("conf", "log", "data", "spool"):
        (folder / name).mkdir()
    conf = folder / "conf"
    (conf / "main.cf").write_text(_POSTFIX_MAIN.format(folder=folder, programs=UNPACKED))
    (conf / "master.cf").write_text(_POSTFIX_MASTER.format(port=port))
    (conf / "refused").write_text("/^no-/ REJECT\n")
    (conf / "dynamicmaps.cf").touch()
    (folder / "log").chmod(0o777)
    shutil.chown(folder / "data", "daemon")
    queues = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming")
    for name in (*queues, "maildrop", "private", "public", "saved", "trace"):
        (folder / "spool" / name).mkdir()
        shutil.chown(folder / "spool" / name, "daemon")
    (folder / "spool" / "pid").mkdir()
    return [str(UNPACKED / "usr/lib/postfix/sbin/master"), "-c", str(conf), "-d"], _environment()


@contextmanager
def running(name: str, folder: Path, port: int, keys: bytes) -> Iterator[Server]:
    """Exim, Postfix, or an Exim that returns mail; its files in `folder`, which everybody can enter; `keys` is PEM."""
    (folder / "keys.pem").write_bytes(keys)
    (folder / "keys.pem").chmod(0o644)
    if name == "postfix":
        command, environment = _postfix(folder, port)
    else:
        command, environment = _exim(folder, port, _EXIM if name == "exim" else _EXIM_THAT_RETURNS)
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield Server(name, port, folder, folder / "spool" / ("input" if name == "exim" else "hold"))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # the group of the process that was started here
        process.wait(20)
