# SPDX-License-Identifier: Apache-2.0
"""What the stages tell whoever traces: a span for each stage of a trigger. A parameter; the default does nothing."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Fact = int | float | str


class Tracing(Protocol):
    """Spans of one trace per trigger. Called from any thread; never raises and never waits for the network."""

    def accepting(self, traceparent: str | None) -> AbstractContextManager[str | None]:
        """The span of a trigger call below the caller's `traceparent`; gives what to keep with the trigger, or None."""
        ...

    def follow(self, trigger_id: int, traceparent: str | None) -> None:
        """What was kept with a trigger, so that later spans of it join its trace."""
        ...

    def span(self, name: str, trigger_id: int, **facts: Fact) -> AbstractContextManager[object]:
        """The span of one step: below the step around it, else below the call that made the trigger."""
        ...


class Untraced:
    """Makes no spans."""

    def accepting(self, traceparent: str | None) -> AbstractContextManager[str | None]:  # noqa: ARG002 - not needed
        """Nothing to keep."""
        return nullcontext(None)

    def follow(self, trigger_id: int, traceparent: str | None) -> None:
        """Nothing."""

    def span(self, name: str, trigger_id: int, **facts: Fact) -> AbstractContextManager[object]:  # noqa: ARG002 - as above
        """Nothing."""
        return nullcontext()


UNTRACED = Untraced()
