# SPDX-License-Identifier: Apache-2.0
"""What one has to know to hand mail to an SMTP server, checked once when the installation starts."""

import ipaddress
import ssl
from dataclasses import dataclass, field
from typing import Literal

from clarion.channels.smtp_syntax import is_address
from clarion.domain.errors import SetupError

_LONGEST_BOUNCE_LOCAL = 20  # of 64 (RFC 5321 §4.5.3.1.1); the id, its sign and a mark take 42
USUAL_PORTS = {"none": 25, "starttls": 587, "tls": 465}


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """One server and how to use it. Raises SetupError for a combination that cannot be meant.

    `security`: ``none``; ``starttls`` (required: mail never falls back to clear text); ``tls`` from the first
    byte. `port` 0 is the usual one for it: 25, 587 or 465. `ca_file` is a PEM file trusted in place of the
    system's. `helo` is this machine's name for the server; empty: its host name, or its address literal
    (RFC 5321 §4.1.4). `bounce_address`: the envelope sender is made of it and of the delivery id
    (`domain.bounce_addresses`); empty: it is the From address. `timeout` is in seconds, for signing in and for each
    answer. `allow_clear_login` permits a password over a clear connection that leaves the machine.
    """

    host: str
    port: int = 0
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    verify: bool = True
    ca_file: str = ""
    helo: str = ""
    bounce_address: str = ""
    connections: int = 10
    timeout: float = 60.0
    max_messages_per_connection: int = 100
    max_refusals_per_connection: int = 5  # Exim hangs up after about ten RSETs
    allow_clear_login: bool = False

    def __post_init__(self) -> None:
        if self.security not in USUAL_PORTS:
            raise SetupError(f"smtp: security is {self.security!r}; it can be {', '.join(USUAL_PORTS)}")
        if not self.port:
            object.__setattr__(self, "port", USUAL_PORTS[self.security])
        for name in ("host", "helo"):
            value: str = getattr(self, name)
            if not value.isascii() or not value.isprintable() or " " in value:
                raise SetupError(f"smtp: {name} {value!r} is not a host name or an address")
        local = self.bounce_address.rpartition("@")[0]
        if self.bounce_address and not (is_address(self.bounce_address) and 0 < len(local) <= _LONGEST_BOUNCE_LOCAL):
            raise SetupError(f"smtp: bounce_address {self.bounce_address!r} is not an address with a short local part")
        if not self.host:
            raise SetupError("smtp: host is empty; name the mail server")
        if not 0 < self.port < 65536:
            raise SetupError(f"smtp: port {self.port} is not between 1 and 65535")
        for name in ("connections", "timeout", "max_messages_per_connection", "max_refusals_per_connection"):
            if not getattr(self, name) > 0:
                raise SetupError(f"smtp: {name} must be more than 0")
        if self.username and self.security == "none" and not (self.allow_clear_login or self.is_loopback):
            raise SetupError(
                "smtp: a password would cross the network in clear text; set security to starttls or tls, "
                "or allow_clear_login if that network is yours"
            )

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    def tls_context(self) -> ssl.SSLContext | None:
        """The TLS rules for every connection, None for a clear one. Raises SetupError: bad `ca_file`."""
        if self.security == "none":
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:  # ssl.SSLError is one
            raise SetupError(f"smtp: ca_file {self.ca_file} cannot be used: {error}") from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
