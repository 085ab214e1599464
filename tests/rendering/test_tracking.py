# SPDX-License-Identifier: Apache-2.0
"""Which links lead through us, what stays as it is, and where the pixel is."""

import pytest

from clarion.domain.links import LONGEST_TRACKED, LinkSigner, target_of
from clarion.rendering.binding import Unsupported
from clarion.rendering.code import Capture, Constants, Fixed, Hole, Ops, merged
from clarion.rendering.runtime import Fallback
from clarion.rendering.tracking import Tracker, tracked

SECRET = b"k" * 32
TRACKER = Tracker("https://c.test", LinkSigner(SECRET, 3))


def followed(html: str) -> list[str | None]:
    """Where the links of a mail lead that go through us."""
    made = TRACKER.instrumented(html, "d1")
    tokens = [piece.split(made[at - 1] if made[at - 1] in "\"'" else ">")[0] for at, piece in _clicks(made)]
    return [target_of(token, 3, SECRET) for token in tokens]


def _clicks(made: str) -> list[tuple[int, str]]:
    begin = "https://c.test/e/c/d1/"
    places = [at for at in range(len(made)) if made.startswith(begin, at)]
    return [(at, made[at + len(begin) :]) for at in places]


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ('<a href="https://x.test/?a=1&amp;b=2">', "https://x.test/?a=1&b=2"),
        ("<p><A class=b\n HREF = 'HTTP://x.test/é'>", "HTTP://x.test/é"),
        ('<map><area shape="rect" href="https://x.test"></map>', "https://x.test"),
        ("<a href=https://x.test/a?b=c>", "https://x.test/a?b=c"),
        ('<a href=" https://x.test/\n a\t">', "https://x.test/ a"),
        ('<!--[if mso]><a href="https://x.test/o"><![endif]-->', "https://x.test/o"),
        ('<a title="a > b" href="https://x.test/">', "https://x.test/"),
        ('<a href="https://x.test/?a&copy=1&section=2&copy;&#65;&amp;=">', "https://x.test/?a&copy=1&section=2©A&="),
        ('<a href="https://x.test/1" href="https://x.test/2">', "https://x.test/1"),
        ('<a href="https://c.test/pricing">', "https://c.test/pricing"),
        ('<a href="https://x.test/" class="untracked-not">', "https://x.test/"),
    ],
)
def test_links_that_are_followed_through_us(html: str, url: str) -> None:
    assert followed(html) == [url]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="mailto:a@x.test">', '<a href="tel:+1">', '<a href="#top">', '<a href="">', "<a>", "<a href>",
        '<a href="/relative">', '<a href="https://">', '<a href="javascript:alert(1)">',
        '<a href="https://x.test/" class="big untracked">', '<a class=untracked href="https://x.test/">',
        '<a href="https://c.test/unsubscribe/d1">', '<a href="https://c.test/view/d1">',
        '<a href="https://c.test/e/c/d1/x">', '<abbr href="https://x.test/">', '<link href="https://x.test/">',
        f'<a href="https://x.test/{"a" * LONGEST_TRACKED}">', '<a data-href="https://x.test/">',
        '<a href="https://x.test/', "<a title='x href=\"https://x.test/\">",
    ],
)  # fmt: skip
def test_links_that_stay_as_they_are(html: str) -> None:
    assert TRACKER.instrumented(html, "d1") == html + TRACKER.pixel("d1")


def test_nothing_but_the_value_of_the_link_changes() -> None:
    before = "<p title='<a>'>é &nbsp;<a\n  id=x href='"
    after = "' Class = y >x</a >\r\n<!--[if mso]></td><![endif]--></body></html>"
    made = TRACKER.instrumented(f"{before}https://x.test/{after}", "d1")
    link = f"https://c.test/e/c/d1/{LinkSigner(SECRET, 3)('https://x.test/')}"
    assert made == f"{before}{link}{after.replace('</body>', TRACKER.pixel('d1') + '</body>')}"


@pytest.mark.parametrize(
    ("html", "at"), [("<p>x</body><p>y</BODY ></html>", 15), ("<p>x</p>", 8), ("</body>", 0), ("İ</body>", 1)]
)
def test_the_pixel_is_before_the_end_of_the_body_or_last(html: str, at: int) -> None:
    assert TRACKER.instrumented(html, "d1") == html[:at] + TRACKER.pixel("d1") + html[at:]


def compiled(*ops: Fixed | Hole) -> Ops:
    return merged(tracked(list(ops), TRACKER, Constants(), None))


def test_of_a_link_that_is_the_same_for_everybody_only_the_delivery_id_is_left_to_do() -> None:
    ops = compiled(Fixed('<a href="https://x.test/">'), Hole("name"), Fixed("</a>"))
    assert [op.code for op in ops if isinstance(op, Hole)] == ["delivery_id", "name", "delivery_id"]
    assert not any(isinstance(op, Capture) for op in ops)


def test_a_personal_link_is_made_for_each_message() -> None:
    ops = compiled(Fixed('<a href="https://x.test/?n='), Hole("name"), Fixed('">'))
    (tag,) = [op for op in ops if isinstance(op, Capture)]
    assert tag.body == [Fixed('<a href="https://x.test/?n='), Hole("name"), Fixed('">')]


def test_our_own_link_with_the_delivery_id_needs_nothing() -> None:
    own = Fixed('<a href="https://c.test/unsubscribe/'), Hole("delivery_id", is_safe=True), Fixed('">')
    assert compiled(*own)[:2] == list(own[:2])


@pytest.mark.parametrize(
    "ops",
    [
        [Fixed("<"), Hole("x")], [Fixed("<a"), Hole("x")], [Fixed("</bo"), Hole("x")], [Fixed('<a href="'), Hole("x")],
    ],
)  # fmt: skip
def test_tags_in_pieces_are_left_to_the_interpreter(ops: list[Fixed | Hole]) -> None:
    with pytest.raises(Unsupported):
        compiled(*ops)


def test_html_in_a_value_is_tracked_when_it_is_whole() -> None:
    link = TRACKER.link('<a href="https://x.test/">', "d1")
    assert TRACKER.in_value('1 < 2 <a href="https://x.test/">x</a>', "d1") == f"1 < 2 {link}x</a>"
    for torn in ('<a href="https://x.test/', "x <", "</body>"):
        with pytest.raises(Fallback):
            TRACKER.in_value(torn, "d1")


def test_a_value_that_ends_its_tag_is_left_to_the_interpreter() -> None:
    assert TRACKER.in_tag("<a id='x' href='https://x.test/'>", "d1") != "<a id='x' href='https://x.test/'>"
    for odd in ("<a title=x> href='https://x.test/'>", "<a title='x' href='https://x.test/>"):
        with pytest.raises(Fallback):
            TRACKER.in_tag(odd, "d1")


def test_many_tags_without_an_end_take_no_time() -> None:
    html = "<a '" * 500_001
    assert TRACKER.instrumented(html, "d1") == html + TRACKER.pixel("d1")


def test_link_tokens_are_of_one_action_and_one_installation() -> None:
    token = LinkSigner(SECRET, 3)("https://x.test/é?a=1")
    assert target_of(token, 3, SECRET) == "https://x.test/é?a=1"
    assert target_of(token, 4, SECRET) is None
    assert target_of(token, 3, b"l" * 32) is None
    for wrong in ("", token[:-1], "A" + token[1:], token + "A", "é", token[:11], token + "="):
        assert target_of(wrong, 3, SECRET) is None, wrong
