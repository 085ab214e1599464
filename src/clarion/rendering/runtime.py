# SPDX-License-Identifier: Apache-2.0
"""What compiled templates call. Any exception here means: the interpreter renders this message, and decides."""

import random
import sys
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from liquid import RenderContext
from liquid.builtin.expressions.logical import _contains, _eq, _lt, is_truthy
from liquid.limits import to_int

from clarion.domain.people import attribute_text
from clarion.rendering.context import Missing
from clarion.rendering.remembered import Remembered
from clarion.rendering.syntax import is_blank, is_in_order
from clarion.rendering.text import shown

LONGEST = 200_000  # characters one part may write here; what is longer is counted by the interpreter


class Fallback(Exception):
    """The interpreter has to render this message."""


class _Env:
    string_first_and_last = False
    string_sequences = False


class _Context:
    env = _Env


ABSENT: Any = object()  # a local that was not assigned
_GET: Any = RenderContext.get_item
_CONTEXT = _Context()


def over() -> NoReturn:
    """Give up."""
    raise Fallback


def need(value: object) -> object:
    """The value. Raises Fallback when it is missing."""
    if type(value) is Missing:
        raise Fallback
    return value


def attr(value: object) -> object:
    """An attribute as templates see it."""
    kind = value.__class__
    if kind is int:
        return str(value)
    return value if kind is dict or kind is list else attribute_text(value)


def attr_or(attributes: dict[str, object], name: str, missing: object) -> object:
    """An attribute as templates see it, or `missing`."""
    value = attributes.get(name, ABSENT)
    if value.__class__ is str and value:
        return value
    return missing if value is ABSENT else attr(value)


def item(value: Any, *path: object) -> Any:
    """What is at `path` below a value. Raises anything when it is not there."""
    for key in path:
        value = value[key] if type(value) is dict and key in value else _GET(_CONTEXT, value, key)
    return value


def item_or(missing: object, value: Any, *path: object) -> Any:
    """What is at `path` below a value, or `missing`, as `Scope.get` decides it."""
    for key in path:
        try:
            value = value[key] if type(value) is dict and key in value else _GET(_CONTEXT, value, key)
        except (KeyError, TypeError, IndexError):
            return missing
    return value


def text(value: object) -> str:
    """What an output shows."""
    return value if type(value) is str else shown(value)


def plain(written: str) -> str:
    """The text. Raises Fallback when it could begin an HTML tag."""
    if "<" in written:
        raise Fallback
    return written


def fits(value: object, most: int) -> None:
    """Raises Fallback for a local that is large enough to count."""
    if sys.getsizeof(value, 1) > most:
        raise Fallback


def items_of(value: object, limit: object, offset: object, backwards: bool, limited: bool) -> Sequence[object]:
    """What a `for` loop goes through; as `LoopExpression` of python-liquid decides it."""
    found: Sequence[object]
    if isinstance(value, Mapping):
        found = list(value.items())
    elif isinstance(value, str):
        found = [value] if value else []
    elif isinstance(value, Sequence):  # a range is one
        found = value
    else:
        found = []
    if limited or offset is not ABSENT:
        length = len(found)
        start = 0 if offset is ABSENT else to_int(offset)
        stop = to_int(limit) + start if limited else None
        end = min(stop or length, length)
        if end < 0:
            raise Fallback
        found = found[min(max(start, 0), length) : end]
    return found[::-1] if backwards else found


def link(value: object) -> str:
    """The URL of a `cio_link`. Raises Fallback when it is blank."""
    url = shown(value).strip()
    if not url:
        raise Fallback
    return url


def range_of(start: Any, stop: Any) -> range:
    """A range literal. Raises Fallback when it is not plainly a short one."""
    first, last = _whole(start), _whole(stop)
    if isinstance(start, float) or isinstance(stop, float) or last - first >= 10_000:
        raise Fallback
    return range(first, last + 1) if first <= last else range(0)


def _whole(value: Any) -> int:
    try:
        return to_int(value)
    except (ValueError, TypeError):
        return 0


def small_random(limit: int) -> str:
    """A whole number below `limit`."""
    return str(random.randrange(limit))  # noqa: S311 not a secret


NAMES: dict[str, object] = {
    "ABSENT": ABSENT,
    "over": over,
    "need": need,
    "attr": attr,
    "attr_or": attr_or,
    "item": item,
    "item_or": item_or,
    "text": text,
    "plain": plain,
    "fits": fits,
    "items_of": items_of,
    "link": link,
    "range_of": range_of,
    "small_random": small_random,
    "new_uuid": lambda: str(uuid.uuid4()),
    "is_true": is_truthy,
    "equal": _eq,
    "is_blank": is_blank,
    "in_order": is_in_order,
    "less": _lt,
    "has": _contains,
    "str": str,
    "int": int,
    "remembered": Remembered,
    "len": len,
    "enumerate": enumerate,
    "sum": sum,
    "map": map,
}
