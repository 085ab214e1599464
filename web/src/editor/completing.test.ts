// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import {
  type Completions,
  filtersOf,
  forMails,
  insideLiquid,
  propertiesOf,
  tagsOf,
  withoutTwins,
} from "./completing";

const KNOWN: Completions = {
  attributes: [
    { name: "plan", share: 1, values: ["pro", "free"] },
    { name: "city", share: 0.123, values: [] },
  ],
  trigger: ["items", "shop", "shop.city", "shop.owner.name"],
  snippets: [{ name: "footer", text: "<p>Bye</p>" }],
  tags: [
    { name: "#", end: null, help: "A remark" },
    { name: "if", end: "endif", help: "Where a condition holds" },
  ],
  filters: [{ name: "upcase", help: "Upper case" }],
};

describe("what is offered", () => {
  test("attributes say who has them, and give examples", () => {
    expect(propertiesOf(KNOWN, ["customer"])).toMatchObject([
      { label: "plan", detail: "everybody", info: "such as pro, free" },
      { label: "city", detail: "12 %", info: undefined },
    ]);
    expect(propertiesOf(KNOWN, ["customer", "plan"])).toEqual([]);
  });
  test("trigger data is offered level by level", () => {
    const labels = (path: string[]) => propertiesOf(KNOWN, path).map((one) => one.label);
    expect(labels(["trigger"])).toEqual(["items", "shop"]);
    expect(labels(["trigger", "shop"])).toEqual(["city", "owner"]);
    expect(labels(["trigger", "shop", "owner"])).toEqual(["name"]);
    expect(labels(["snippets"])).toEqual(["footer"]);
    expect(labels(["nonsense"])).toEqual([]);
    expect(propertiesOf(undefined, ["customer"])).toEqual([]);
  });
  test("tags tell their ends, filters what they do", () => {
    expect(tagsOf(KNOWN)).toEqual([
      { label: "if", type: "keyword", detail: "… endif", info: "Where a condition holds" },
    ]);
    expect(filtersOf(KNOWN)[0]?.info).toBe("Upper case");
  });
  test("Liquid is offered where Liquid is written", () => {
    expect(insideLiquid("Dear {{ customer.")).toBe(true);
    expect(insideLiquid("{{ a }} {% if b")).toBe(true);
    expect(insideLiquid("{{ a }} cus")).toBe(false);
    expect(insideLiquid("cus")).toBe(false);
  });
  test("of HTML, what mail programs understand", () => {
    const offers = [
      { label: "table", type: "type" },
      { label: "<script", type: "type" },
      { label: "</custom>", type: "type" },
      { label: "href", type: "property" },
      { label: "onclick", type: "property" },
      { label: "_blank", type: "constant" },
    ];
    expect(forMails(offers).map((one) => one.label)).toEqual(["table", "</custom>", "href", "_blank"]);
  });
  test("of twins the one that explains itself stays", () => {
    expect(withoutTwins([{ label: "a" }, { label: "a", info: "x" }, { label: "b" }])).toEqual([
      { label: "a", info: "x" },
      { label: "b" },
    ]);
  });
});
