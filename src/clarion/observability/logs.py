# SPDX-License-Identifier: Apache-2.0
"""Log set-up: event names are constant strings, details are fields; text for people or JSON for machines.

Everything goes through the same processors, also what libraries log, and by default leaves without personal data.
"""

import logging
import sys
from typing import Literal

import structlog

from clarion.observability.privacy import mask
from clarion.observability.privacy import traceback_without_values as bare_traceback


def set_up_logging(
    level: str, form: Literal["text", "json"], *, personal_data: bool = False, process: int | None = None
) -> None:
    """Send structured logs to standard error, so that standard output stays the command's own.

    `personal_data`: whether lines may name people; `process`: which of a supervisor's processes this is.
    """

    def of_process(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return event if process is None else {**event, "process": process}

    ours: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        of_process,
        structlog.processors.format_exc_info if personal_data else bare_traceback,
        *([] if personal_data else [mask]),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # the rich one prints variables, secrets among them
        )
    )
    structlog.configure(
        processors=[*ours, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),  # one write a line: processes share the stream
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), *ours],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
