// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Action } from "../broadcasts/types";
import { saidOf } from "./said";

const of = (kind: string, fields: Partial<Action>) => saidOf({ kind, ...fields } as Action);

test.each([
  ["email", { subject: "Hi" }, "Hi"],
  ["email", {}, "no subject yet"],
  ["push", { title: "", message: "It runs" }, "It runs"],
  ["webhook", { url: "https://a.example" }, "https://a.example"],
  ["whatsapp", { body: '{"content_sid": "HX01", "variables": {"1": {{ customer.name }}}}' }, "Template HX01"],
  ["whatsapp", { body: '{"content_sid": {{ trigger.sid }}}' }, "a template that is chosen by Liquid"],
  ["whatsapp", { body: "" }, "no template yet"],
  [
    "inbox_message",
    { properties: '{"title": "For {{ customer.name }}", "line": 7}' },
    "For {{ customer.name }}",
  ],
  ["inbox_message", { properties: '{"line": {{ trigger.line }}}' }, '{"line": {{ trigger.line }}}'],
  ["inbox_message", { properties: "" }, "no properties yet"],
  ["inbox_message", { properties: "{}" }, "no properties yet"],
  ["create_event", {}, "no event named yet"],
])("%s %o", (kind, fields, words) => expect(of(kind, fields)).toBe(words));
