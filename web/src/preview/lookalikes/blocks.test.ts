// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { blocksOf } from "./blocks";

const said = (text: string) => ({ kind: "paragraph", children: [{ kind: "text", text }] });

test("blocks are read as they are shown", () => {
  const blocks = [
    { type: "header", text: { type: "plain_text", text: "Night bus :bus:" } },
    {
      type: "section",
      text: { type: "mrkdwn", text: "It runs *again*" },
      fields: [
        { type: "mrkdwn", text: "Line" },
        { type: "plain_text", text: "N*1*" },
      ],
      accessory: { type: "image", image_url: "https://a.example/x.png", alt_text: "A bus" },
    },
    { type: "divider" },
    { type: "image", image_url: "https://a.example/y.png", alt_text: "A map" },
    {
      type: "context",
      elements: [
        { type: "image", alt_text: "Logo" },
        { type: "mrkdwn", text: "Ann" },
      ],
    },
    {
      type: "actions",
      elements: [
        { type: "button", text: { type: "plain_text", text: "Timetable" }, style: "primary" },
        { type: "static_select", placeholder: { type: "plain_text", text: "A line" } },
        { type: "overflow" },
      ],
    },
    { type: "video" },
  ];
  expect(blocksOf(JSON.stringify(blocks))).toEqual([
    { kind: "header", text: "Night bus 🚌" },
    {
      kind: "section",
      text: [
        {
          kind: "paragraph",
          children: [
            { kind: "text", text: "It runs " },
            { kind: "bold", children: [{ kind: "text", text: "again" }] },
          ],
        },
      ],
      fields: [[said("Line")], [said("N*1*")]],
      side: { kind: "picture", text: "A bus", from: "https://a.example/x.png", tone: "plain" },
    },
    { kind: "divider" },
    { kind: "picture", title: "", alt: "A map", from: "https://a.example/y.png" },
    { kind: "context", pieces: [{ kind: "picture", text: "Logo", from: "", tone: "plain" }, [said("Ann")]] },
    {
      kind: "actions",
      controls: [
        { kind: "button", text: "Timetable", tone: "primary" },
        { kind: "choice", text: "A line", tone: "plain" },
        { kind: "choice", text: "…", tone: "plain" },
      ],
    },
    { kind: "unknown", type: "video" },
  ]);
});

test("rich text has lists, quotes and code", () => {
  const line = (text: string, style = {}) => ({
    type: "rich_text_section",
    elements: [{ type: "text", text, style }],
  });
  const blocks = [
    {
      type: "rich_text",
      elements: [
        line("a", { bold: true }),
        { type: "rich_text_list", style: "ordered", elements: [line("one"), line("two")] },
        { type: "rich_text_preformatted", elements: [{ type: "text", text: "x\ny" }] },
      ],
    },
  ];
  expect(blocksOf(JSON.stringify(blocks))).toEqual([
    {
      kind: "rich",
      paragraphs: [
        { kind: "paragraph", children: [{ kind: "bold", children: [{ kind: "text", text: "a" }] }] },
        {
          kind: "list",
          ordered: true,
          items: [[{ kind: "text", text: "one" }], [{ kind: "text", text: "two" }]],
        },
        { kind: "pre", text: "x\ny" },
      ],
    },
  ]);
});

test("what is no list of blocks is none", () => {
  for (const json of ["", "{", "{}", "[]"]) expect(blocksOf(json)).toBeNull();
  expect(blocksOf("[1]")).toEqual([{ kind: "unknown", type: "of no type" }]);
});
