# SPDX-License-Identifier: Apache-2.0
"""Which failures say that an address takes no mail ever: enhanced status codes as data.

After RFC 3463 and the registry that RFC 5248 keeps (iana.org/assignments/smtp-enhanced-status-codes).
"""

# By the code without its class: what came back for good says nothing final of the address itself.
_SOFT = {
    "2.2": "the mailbox is full",
    "2.3": "the message is too long for it",
    "2.4": "a mailing list could not be expanded",
    "3": "the other server's state",
    "4.0": "something of the network",
    "4.2": "a bad connection",
    "4.3": "no answer of the name servers",
    "4.5": "too much mail at once",
    "4.6": "a loop of forwarding",
    "4.7": "it was tried for too long",
    "5": "the two servers did not understand each other",
    "6": "the content could not be carried",
    "7": "a rule forbids it: of the sender, the content, a list of blocked servers",
}
_HARD = {
    "7.13": "the account is disabled",
    "7.17": "the mailbox has another owner by now",
}

# What a server says to RCPT of the recipient itself: nothing that is sent there later would arrive either. Not 1.0,
# which says no more than "something of an address", nor 1.7 and 1.8, which mean the sender's.
_NOBODY = frozenset({b"5.1.1", b"5.1.2", b"5.1.3", b"5.1.6", b"5.1.10", b"5.2.1"})


def is_nobody(said: bytes) -> bool:
    """Whether a refused recipient's reply (its text, without the SMTP code) says that the address is wrong."""
    return said.partition(b" ")[0] in _NOBODY


def is_soft(code: str, status: str) -> bool:
    """Whether a mail that came back leaves its address in use. `code`: an enhanced status; `status`: an SMTP code.

    Where neither says anything the address is taken for dead: whoever gave up, gave up for good.
    """
    if code.startswith("4.") or (not code and status.startswith("4")):
        return True  # given up, after trying for days
    subject = code.partition(".")[2]
    if subject in _HARD:
        return False
    return subject in _SOFT or subject.partition(".")[0] in _SOFT
