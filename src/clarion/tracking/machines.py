# SPDX-License-Identifier: Apache-2.0
"""Who opens a mail or follows a link: a person, or a program that looks at mail before a person does (contract §11).

A guess by what a request says of itself. Programs that pose as a browser are taken for people.
"""

import re
from collections.abc import Mapping

# Mail programs' proxies load pictures when somebody reads (Gmail) or whether anybody does or not (Apple). Apple's has
# no name of its own: its user agent is exactly this, without a browser behind it.
_APPLE = "Mozilla/5.0"
_PROXIES = re.compile(r"GoogleImageProxy|ggpht\.com|YahooMailProxy|OutlookImageProxy", re.IGNORECASE)
_SCANNERS = re.compile(
    r"bot\b|crawl|spider|scan|preview|prefetch|headless|barracuda|mimecast|proofpoint|forcepoint|messagelabs|safelinks"
    r"|trendmicro|symantec|fireeye|sophos|urldefense|linkcheck|facebookexternalhit|slurp|python|curl|wget|go-http|java/"
    r"|okhttp|libwww|httpclient|axios|node-fetch",
    re.IGNORECASE,
)


def is_machine(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request was made without anybody looking: `headers` by names in lower case."""
    purpose = " ".join(headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz")).lower()
    agent = headers.get("user-agent", "").strip()
    return (
        method != "GET"
        or "prefetch" in purpose
        or "preview" in purpose
        or agent in ("", _APPLE)
        or (_PROXIES.search(agent) is None and _SCANNERS.search(agent) is not None)
    )


def is_proxied(headers: Mapping[str, str]) -> bool:
    """Whether a mail service fetches on behalf of its reader."""
    return _PROXIES.search(headers.get("user-agent", "")) is not None
