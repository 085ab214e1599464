# SPDX-License-Identifier: Apache-2.0
"""The list of Customer.io's filters (contract §13.4) that are added to, or replace, python-liquid's."""

from liquid import Environment

from clarion.rendering import filters_dates as dates
from clarion.rendering import filters_lists as lists
from clarion.rendering import filters_numbers as numbers
from clarion.rendering import filters_text as text
from clarion.rendering import filters_urls as urls


def register(env: Environment) -> None:  # noqa: PLR0915 a flat list
    """Everything of §13.4 that python-liquid does not have, or does differently."""
    env.add_filter("titlecase", text.on_text(text.titlecase))
    env.add_filter("normalize_whitespace", text.on_text(text.normalize_whitespace))
    env.add_filter("number_of_words", text.on_text(text.number_of_words))
    env.add_filter("escape", text.on_text(text.escape))
    env.add_filter("escape_once", text.on_text(text.escape_once))
    env.add_filter("xml_escape", text.on_text(text.escape))
    env.add_filter("cgi_escape", text.on_text(text.cgi_escape))
    env.add_filter("uri_escape", text.on_text(text.uri_escape))
    env.add_filter("replace", text.replace)
    env.add_filter("slugify", text.slugify)
    env.add_filter("contains", text.contains)
    env.add_filter("array_to_sentence_string", text.array_to_sentence_string)
    env.add_filter("join", text.join)
    env.add_filter("base64", text.on_text(text.base64_encode))
    env.add_filter("base64_encode", text.on_text(text.base64_encode))
    env.add_filter("base64_decode", text.on_text(text.base64_decode))
    env.add_filter("base64_url_safe_encode", text.on_text(text.base64_url_safe_encode))
    env.add_filter("base64_url_safe_decode", text.on_text(text.base64_url_safe_decode))
    env.add_filter("hex_base64", text.on_text(text.hex_base64))
    env.add_filter("md5", text.digest("md5"))
    env.add_filter("sha1", text.digest("sha1"))
    env.add_filter("sha256", text.digest("sha256"))
    env.add_filter("hmac_sha1", text.keyed_digest("sha1"))
    env.add_filter("hmac_sha256", text.keyed_digest("sha256"))

    env.add_filter("plus", numbers.plus)
    env.add_filter("minus", numbers.minus)
    env.add_filter("times", numbers.times)
    env.add_filter("divided_by", numbers.divided_by)
    env.add_filter("modulo", numbers.modulo)
    env.add_filter("round", numbers.round_)
    env.add_filter("random", numbers.random_)
    env.add_filter("format_number", numbers.format_number)
    env.add_filter("number_with_delimeter", numbers.format_number)  # its old name, spelt so
    env.add_filter("currency", numbers.currency)
    env.add_filter("rounded_currency", numbers.rounded_currency)
    env.add_filter("pluralize", numbers.pluralize)

    env.add_filter("concat", lists.concat)
    env.add_filter("find_exp", lists.find_exp)
    env.add_filter("group_by", lists.group_by)
    env.add_filter("group_by_exp", lists.group_by_exp)
    env.add_filter("json_array_uniq", lists.json_array_uniq)
    env.add_filter("limit", lists.limit)
    env.add_filter("pop", lists.pop)
    env.add_filter("push", lists.push)
    env.add_filter("shift", lists.shift)
    env.add_filter("unshift", lists.unshift)
    env.add_filter("sort", lists.sort)
    env.add_filter("sort_natural", lists.sort_natural)
    env.add_filter("sum", lists.sum_)
    env.add_filter("where", lists.where)
    env.add_filter("where_exp", lists.where_exp)
    env.add_filter("where_not", lists.where_not)
    env.add_filter("json", lists.json_)
    env.add_filter("to_json", lists.json_)
    env.add_filter("from_json", lists.from_json)

    env.add_filter("date", dates.date_)
    env.add_filter("timezone", dates.timezone_)
    env.add_filter("date_to_string", dates.date_to_string)
    env.add_filter("date_to_long_string", dates.date_to_long_string)
    env.add_filter("date_to_rfc822", dates.date_to_rfc822)
    env.add_filter("date_to_xmlschema", dates.date_to_xmlschema)
    env.add_filter("add_day", dates.shifted("day", 1))
    env.add_filter("add_month", dates.shifted("month", 1))
    env.add_filter("add_year", dates.shifted("year", 1))
    env.add_filter("subtract_day", dates.shifted("day", -1))
    env.add_filter("subtract_month", dates.shifted("month", -1))
    env.add_filter("subtract_year", dates.shifted("year", -1))

    env.add_filter("url_with_params", urls.url_with_params)
    env.add_filter("links_with_params", urls.links_with_params)
