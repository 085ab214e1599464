# SPDX-License-Identifier: Apache-2.0
"""Metrics over time (contract §6)."""

from clarion.api.schemas import Reference, array, flag, integer, mapping, one_of, record, text
from clarion.domain.series import PERIODS

_NUMBERS = array(integer(), "One number a step, the oldest first.")
_SERIES = mapping(_NUMBERS, "By metric; every metric is there, with zeros where nothing happened.")
_QUERY = {
    "period": one_of(*PERIODS, description="The length of a step; days unless given."),
    "steps": integer(
        "How many steps: at most 24 hours, 45 days, 12 weeks or 121 months, which is also what 0 and nothing mean, but "
        "12 months. 1 means 2.",
        minimum=0,
    ),
    "type": text("Only messages of this channel."),
    "version": one_of("1", "2", description="2: `res`, `start` and `end` instead of `period` and `steps`."),
    "res": one_of(
        "hourly", "hours", "daily", "days", "weekly", "weeks", "monthly", "months", description="With version 2."
    ),
    "tz": text("The time zone in which steps begin, for example Europe/Oslo; Eastern Standard Time unless given."),
    "start": integer("With version 2: Unix seconds of the first step.", minimum=0),
    "end": integer("With version 2: Unix seconds of the last step.", minimum=0),
}
_NOTE = (
    "Everything is booked on the moment when the trigger's audience was worked out, not on that of an open or a click. "
    "Hours are UTC's; days begin at 00:00 Eastern Standard Time (UTC−5, all year), weeks on Sunday, months on the 1st. "
    "With `tz` they begin in that zone; what is older than three days is kept by days of Eastern Standard Time, and "
    "each of those counts where it begins. "
    "The figures are read from counters that are kept as messages settle."
)
_EXAMPLE = {"created": [0, 10_000], "sent": [0, 9_990], "failed": [0, 10], "opened": [0, 4_200], "clicked": [0, 310]}

_VARIANTS = mapping(
    record(language=text('"" for the default.'), default=flag(), series=_SERIES),
    "Of an action in several languages, by the number of each; the default has that of the action.",
)

METRICS = Reference(
    query=_QUERY,
    answer=record(metric=record(optional=("language_variants",), series=_SERIES, language_variants=_VARIANTS)),
    answer_example={
        "metric": {
            "series": _EXAMPLE,
            "language_variants": {
                "4": {"language": "", "default": True, "series": {"sent": [0, 9_000], "opened": [0, 4_000]}},
                "9": {"language": "es", "default": False, "series": {"sent": [0, 990], "opened": [0, 200]}},
            },
        }
    },
    errors=(400, 404),
    note=_NOTE,
    contract="§6",
)
LINKS = Reference(
    query={**_QUERY, "unique": flag("Count each message once for each link.")},
    answer=record(
        links=array(record(link=record(id=integer(), href=text()), metric=record(series=_SERIES))),
    ),
    answer_example={
        "links": [{"link": {"id": 7, "href": "https://example.com/"}, "metric": {"series": {"clicked": [0, 310]}}}]
    },
    errors=(400, 404),
    note=_NOTE + " Beyond 1,000 links of an action, further ones are counted together.",
    contract="§6",
)
JOURNEYS = Reference(
    query={**_QUERY, **{name: _QUERY[name] for name in ("res", "start", "end")}},
    answer=record(journey_metric=_SERIES),
    answer_example={"journey_metric": {"started": [0, 10_000], "messaged": [0, 9_990], "finished": [0, 10_000]}},
    errors=(400, 404),
    note=_NOTE + " A journey is a person in a trigger; a broadcast performs everything at once, so whoever starts has "
    "finished. `messaged` is exact where nobody gets more than one message; else it is the messages that were sent, at "
    "most `started`.",
    contract="§7.12",
)
OF_A_TRIGGER = Reference(
    answer=record(metric=record(counts=mapping(integer(), "By metric."))),
    answer_example={"metric": {"counts": {"created": 10_000, "sent": 9_990, "opened": 4_200}}},
    errors=(400, 404),
    contract="§3.2",
)
