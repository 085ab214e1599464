// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, test } from "vitest";
import { type Inline, inline, paragraphs, safeHref } from "./mrkdwn";

/** As a short text, to be compared. */
function told(pieces: Inline[]): string {
  return pieces
    .map((one) => {
      if (one.kind === "break") return "/";
      if (one.kind === "link") return `[${one.text}→${one.href}]`;
      if ("children" in one) return `${one.kind}(${told(one.children)})`;
      return one.kind === "text" ? one.text : `${one.kind}(${one.text})`;
    })
    .join("");
}

describe("Slack's text", () => {
  it.each([
    ["*bold* _italic_ ~gone~ `a*b*`", "bold(bold) italic(italic) strike(gone) code(a*b*)"],
    ["*bold _and italic_*", "bold(bold italic(and italic))"],
    ["snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"],
    ["*not closed", "*not closed"],
    ["*over\nlines*", "*over/lines*"],
    ["<https://a.example/x?y=1&amp;z=2|Lines &amp; times>", "[Lines & times→https://a.example/x?y=1&z=2]"],
    ["<mailto:a@b.example>", "[a@b.example→mailto:a@b.example]"],
    ["See https://a.example/x.", "See [https://a.example/x→https://a.example/x]."],
    [
      "<@U1> <#C1|alerts> <!here> <!subteam^S1|@ops>",
      "mention(@U1) mention(#alerts) mention(@here) mention(@ops)",
    ],
    ["&lt;b&gt; &amp;amp;", "<b> &amp;"],
    [":tada: :of_ours: 12:30:45", "🎉 :of_ours: 12:30:45"],
    ["one\ntwo", "one/two"],
  ])("%s", (text, wanted) => expect(told(inline(text))).toBe(wanted));
});

test("quotes, code and text between them stand apart", () => {
  expect(paragraphs("Hello\n> quoted\n> more\n```\nlet a\n  b\n```\nend")).toEqual([
    { kind: "paragraph", children: [{ kind: "text", text: "Hello" }] },
    {
      kind: "quote",
      children: [{ kind: "text", text: "quoted" }, { kind: "break" }, { kind: "text", text: "more" }],
    },
    { kind: "pre", text: "let a\n  b\n" },
    { kind: "paragraph", children: [{ kind: "text", text: "end" }] },
  ]);
  expect(paragraphs("``` is not closed")).toEqual([
    { kind: "paragraph", children: [{ kind: "text", text: "``` is not closed" }] },
  ]);
});

test("WhatsApp has lists, and neither names in angles nor escapes", () => {
  expect(paragraphs("- *one*\n- two\n1. first", "whatsapp")).toEqual([
    {
      kind: "list",
      ordered: false,
      items: [[{ kind: "bold", children: [{ kind: "text", text: "one" }] }], [{ kind: "text", text: "two" }]],
    },
    { kind: "list", ordered: true, items: [[{ kind: "text", text: "first" }]] },
  ]);
  expect(told(inline("<https://a.example|x> &amp; :bus:", "whatsapp"))).toBe(
    "<[https://a.example→https://a.example]|x> &amp; :bus:",
  );
});

test("a link leads nowhere that runs something", () => {
  expect(safeHref("javascript:alert(1)")).toBeNull();
  expect(safeHref("https://a.example")).toBe("https://a.example");
});
