// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { becoming, rowsOf, templateOf } from "./attributes";

const TEMPLATE = `{
  "plan": "{{ trigger.plan | default: "basic" }}",
  "seats": {{ trigger.seats | plus: 1 }},
  "trial": null,
  "said": "a \\"b\\" {{ customer.name }}\\n",
  "tags": ["a", {"b": "}"}]
}`;

describe("a template as rows", () => {
  it("tells text, values and what is removed", () => {
    expect(rowsOf(TEMPLATE)).toEqual([
      { name: "plan", as: "text", value: '{{ trigger.plan | default: "basic" }}' },
      { name: "seats", as: "value", value: "{{ trigger.seats | plus: 1 }}" },
      { name: "trial", as: "remove", value: "" },
      { name: "said", as: "text", value: 'a "b" {{ customer.name }}\n' },
      { name: "tags", as: "value", value: '["a", {"b": "}"}]' },
    ]);
  });

  it("is the same template again", () => {
    expect(templateOf(rowsOf(TEMPLATE) ?? [])).toBe(TEMPLATE);
  });

  it.each([
    ["", []],
    ["{}", []],
    [" { } ", []],
  ])("%j has none", (template, rows) => {
    expect(rowsOf(template)).toEqual(rows);
  });

  it.each([
    ['{% if customer.vip %}{"a": 1}{% endif %}'],
    ['{"a": 1, {% if customer.vip %}"b": 2{% endif %}}'],
    ['{"a" 1}'],
    ['{"a": }'],
    ['{"a": 1} more'],
    ['{"a": 1'],
    ["[1]"],
    ['{"a": "\\x"}'],
    ['{"a'],
  ])("%s is edited as it is", (template) => {
    expect(rowsOf(template)).toBeNull();
  });

  it("writes what a row has no value for as nothing", () => {
    expect(templateOf([{ name: 'a"', as: "value", value: " " }])).toBe('{\n  "a\\"": null\n}');
    expect(templateOf([])).toBe("{}");
  });
});

describe("what becomes of a person", () => {
  it("is told attribute by attribute", () => {
    expect(
      becoming('{"plan": "pro", "seats": 3, "trial": null, "old": "", "tags": ["a"], "vip": false}'),
    ).toEqual([
      { name: "plan", becomes: "pro" },
      { name: "seats", becomes: "3" },
      { name: "trial", becomes: null },
      { name: "old", becomes: null },
      { name: "tags", becomes: '["a"]' },
      { name: "vip", becomes: "false" },
    ]);
  });

  it.each([[null], ["[1]"], ["{"], ["null"]])("is not told of %j", (rendered) => {
    expect(becoming(rendered)).toBeNull();
  });
});
