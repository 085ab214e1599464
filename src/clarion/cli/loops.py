# SPDX-License-Identifier: Apache-2.0
"""Event loops: uvloop where it is installed and wanted, else asyncio's own."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any, Literal, TypeVar

from clarion.domain.errors import SetupError

T = TypeVar("T")
Kind = Literal["auto", "asyncio", "uvloop"]


def run(main: Coroutine[Any, Any, T], kind: Kind) -> T:
    """Run `main` to its end in a new event loop of this thread.

    Raises:
        SetupError: uvloop is asked for and not installed.
    """
    try:
        factory = loop_factory(kind)
    except SetupError:
        main.close()
        raise
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def settle_memory() -> None:
    """Tell the cycle collector, once all modules are loaded, what a process that serves for weeks is like.

    What is here stays, so it need not be looked through; and a chunk of messages is thousands of objects that
    reference counting frees, which would make the collector run hundreds of times a second for nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def loop_factory(kind: Kind) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loops; None is asyncio's own choice.

    Raises:
        SetupError: uvloop is asked for and not installed.
    """
    if kind == "asyncio":
        return None
    try:
        factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    except ImportError:
        if kind == "uvloop":
            raise SetupError("settings: server.event_loop is uvloop, which is not installed") from None
        return None
    return factory
