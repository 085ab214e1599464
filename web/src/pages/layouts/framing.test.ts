// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { FIRST, framed, inLayout, SAMPLE } from "./framing";

describe("framed", () => {
  it("puts a message where it goes", () => {
    expect(framed("<b>{{content}}</b>")).toBe(`<b>${SAMPLE}</b>`);
    expect(framed("<b>{{- content -}}</b>")).toBe(`<b>${SAMPLE}</b>`);
    expect(framed("<b></b>")).toBeNull();
    expect(framed(FIRST)).toContain(SAMPLE);
  });
  it("has a sample of one line", () => expect(SAMPLE).not.toContain("\n"));
});

describe("inLayout", () => {
  const html = "😀{{ x }}{{ content }}{{ y }}";
  const whole = framed(html) ?? "";
  const fault = (text: string, field = "body") => {
    const from = [...whole.slice(0, whole.indexOf(text))].length;
    return { field, message: text, from, to: from + text.length };
  };
  const at = (text: string) => [...html.slice(0, html.indexOf(text))].length;

  it("finds faults before and behind the message", () => {
    const [before, behind] = inLayout(html, [fault("{{ x }}"), fault("{{ y }}")]);
    expect([before?.from, before?.to]).toEqual([at("{{ x }}"), at("{{ x }}") + 7]);
    expect([behind?.from, behind?.to]).toEqual([at("{{ y }}"), at("{{ y }}") + 7]);
  });
  it("leaves out what is not about it", () =>
    expect(inLayout(html, [fault("{{ x }}", "subject")])).toEqual([]));
  it("says that a message has no place", () => expect(inLayout("<p>", [])[0]?.message).toContain("content"));
});
