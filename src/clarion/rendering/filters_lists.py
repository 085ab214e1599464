# SPDX-License-Identifier: Apache-2.0
"""List and JSON filters (contract §13.4) that python-liquid lacks or does differently."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from liquid import Expression, RenderContext, Token, TokenStream
from liquid.builtin.expressions import BooleanExpression, FilteredExpression, tokenize
from liquid.environment import Environment
from liquid.exceptions import FilterArgumentError, LiquidError
from liquid.filter import with_context
from liquid.undefined import Undefined, is_undefined

from clarion.rendering.filters_numbers import number_of
from clarion.rendering.syntax import Words, harden
from clarion.rendering.text import flat, measure, shown, to_json

_JSON_LIMIT = 500_000  # characters that from_json reads


def list_of(value: object) -> list[object]:
    """A list as it is, nothing as an empty list, one thing as a list of it. Raises ValueError."""
    if value is None or is_undefined(value):
        return []
    if isinstance(value, list | tuple | range):
        measure(value)
        return list(value)
    return [value]


def concat(value: object, other: object) -> list[object]:
    """Both lists after each other; an object counts as a list of itself (contract §13.1)."""
    return _checked([*list_of(value), *list_of(other)])


def push(value: object, item: object) -> list[object]:
    """With `item` at the end."""
    return _checked([*list_of(value), item])


def unshift(value: object, item: object) -> list[object]:
    """With `item` at the beginning."""
    return _checked([item, *list_of(value)])


def pop(value: object) -> list[object]:
    """Without the last item."""
    return list_of(value)[:-1]


def shift(value: object) -> list[object]:
    """Without the first item."""
    return list_of(value)[1:]


def limit(value: object, count: object) -> list[object]:
    """The first `count` items."""
    return list_of(value)[: max(0, int(number_of(count)))]


def sort(value: object, key: object = None) -> list[object]:
    """In ascending order: numbers, then text, then the rest; nil and missing ones at the end."""
    return sorted(list_of(value), key=lambda item: _rank(_property(item, key), folded=False))


def sort_natural(value: object, key: object = None) -> list[object]:
    """As `sort`, upper and lower case alike."""
    return sorted(list_of(value), key=lambda item: _rank(_property(item, key), folded=True))


def sum_(value: object, key: object = None) -> int | float:
    """The sum of the items, or of their property `key`; text is read as a number, or counts 0."""
    return sum(number_of(_property(item, key)) for item in flat(list_of(value)))


def where(value: object, key: object, wanted: object = None) -> list[object]:
    """The items whose property `key` is `wanted`, or is true when nothing is wanted."""
    if is_undefined(key):
        return []
    return [item for item in list_of(value) if _holds(item, key, wanted)]


def where_not(value: object, key: object, unwanted: object = None) -> list[object]:
    """The items that `where` leaves out."""
    return [item for item in list_of(value) if not _holds(item, key, unwanted)]


def group_by(value: object, key: object) -> list[object]:
    """``[{"name": …, "items": […]}]`` by the property `key`, in the order of first appearance."""
    return _grouped((_property(item, key), item) for item in list_of(value))


@with_context
def group_by_exp(value: object, name: object, source: object, *, context: RenderContext) -> list[object]:
    """As `group_by`, by a Liquid expression in which `name` is the item."""
    expression = _value_expression(context.env, str(source))
    return _grouped(_evaluated(context, expression, str(name), list_of(value)))


@with_context
def where_exp(value: object, name: object, source: object, *, context: RenderContext) -> list[object]:
    """The items for which a Liquid condition is true; `name` is the item in it."""
    expression = _condition(context.env, str(source))
    return [item for holds, item in _evaluated(context, expression, str(name), list_of(value)) if holds]


@with_context
def find_exp(value: object, name: object, source: object, *, context: RenderContext) -> object:
    """The first item for which a Liquid condition is true, or nil."""
    expression = _condition(context.env, str(source))
    for holds, item in _evaluated(context, expression, str(name), list_of(value)):
        if holds:
            return item
    return None


def json_array_uniq(value: object) -> list[object]:
    """A list, or the text of a JSON array, without what it says twice. Raises ValueError."""
    items = from_json(value) if isinstance(value, str) else value
    seen: dict[str, object] = {}
    for item in list_of(items):
        seen.setdefault(to_json(item), item)
    return list(seen.values())


def json_(value: object, indent: object = None) -> str:
    """Compact JSON; `indent` is a number of spaces (at most 10)."""
    width = 0 if indent is None or is_undefined(indent) else int(number_of(indent))
    return to_json(None if isinstance(value, Undefined) else value, indent=max(0, min(width, 10)))


def from_json(value: object) -> object:
    """The value of a JSON text. Raises ValueError."""
    text = shown(value)
    if len(text) > _JSON_LIMIT:
        raise ValueError(f"more than {_JSON_LIMIT} characters of JSON")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None


def _property(item: object, key: object) -> object:
    """`item` without a key, else its property; a dot in the key goes deeper; nil when not there."""
    if key is None or is_undefined(key):
        return item
    if isinstance(item, Mapping) and key in item:
        return item[key]
    for segment in str(key).split("."):
        if not isinstance(item, Mapping) or segment not in item:
            return None
        item = item[segment]
    return item


def _holds(item: object, key: object, wanted: object) -> bool:
    found = _property(item, key)
    if wanted is None or is_undefined(wanted):
        return found is not None and found is not False
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    return found == wanted


def _rank(value: object, *, folded: bool) -> tuple[int, float, str]:
    if value is None or is_undefined(value):
        return 3, 0, ""
    if isinstance(value, int | float) and not folded:
        return 0, value, ""
    if isinstance(value, str | int | float):
        return 1, 0, shown(value).casefold() if folded else shown(value)
    return 2, 0, shown(value).casefold() if folded else shown(value)


def _grouped(pairs: Iterator[tuple[object, object]]) -> list[object]:
    groups: dict[str, tuple[object, list[object]]] = {}
    for name, item in pairs:
        groups.setdefault(to_json(name), (name, []))[1].append(item)
    return [{"name": name, "items": items} for name, items in groups.values()]


def _checked(items: list[object]) -> list[object]:
    measure(items)
    return items


def _evaluated(
    context: RenderContext, expression: Expression, name: str, items: list[object]
) -> Iterator[tuple[object, object]]:
    names: dict[str, object] = {}
    context.raise_for_loop_limit(len(items))
    with context.extend(names):
        for item in items:
            names[name] = item
            yield expression.evaluate(context), item


def _parse(env: Environment, source: str, parse: Callable[[Environment, TokenStream], Expression]) -> Expression:
    whole = Token("expression", source, 0, source)
    try:
        expression = parse(env, Words(tokenize(source, parent_token=whole)))
    except LiquidError as error:
        raise FilterArgumentError(f"'{source}' is not an expression: {error.args[0]}", token=None) from error
    harden(expression)
    return expression


@lru_cache(maxsize=256)
def _condition(env: Environment, source: str) -> Expression:
    return _parse(env, source, BooleanExpression.parse)


@lru_cache(maxsize=256)
def _value_expression(env: Environment, source: str) -> Expression:
    return _parse(env, source, FilteredExpression.parse)
