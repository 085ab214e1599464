// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { everything, fieldWords, summary, valueWords } from "./fields";

const NAMES = { segments: new Map([[1, "Premium"]]), messages: { "3": "Welcome" } };

test("fields are named by message and language", () => {
  expect(fieldWords("name", NAMES)).toBe("Name");
  expect(fieldWords("actions", NAMES)).toBe("Order of the messages");
  expect(fieldWords("actions/3/subject", NAMES)).toBe("Welcome: subject");
  expect(fieldWords("actions/3/languages/pt-BR/body", NAMES)).toBe("Welcome (pt-BR): body");
  expect(fieldWords("actions/9", NAMES)).toBe("Message 9");
  expect(fieldWords("actions/3/webhook/url", NAMES)).toBe("Welcome: URL");
});

test("values are read back", () => {
  expect(valueWords("recipients", {}, NAMES)).toBe("everybody");
  expect(valueWords("recipients", { segment: { id: 1 } }, NAMES)).toBe("in Premium");
  expect(valueWords("actions/3/condition", {}, NAMES)).toBe("everybody");
  expect(valueWords("actions/3/condition", { not: { segment: { id: 1 } } }, NAMES)).toBe("not in Premium");
  expect(valueWords("goal", null, NAMES)).toBe("none");
  expect(valueWords("actions", [3, 4], NAMES)).toBe("Welcome\nMessage 4");
  expect(valueWords("actions/3/tracked", false, NAMES)).toBe("no");
  expect(valueWords("actions/3/sending_state", "off", NAMES)).toBe("don't send");
  expect(valueWords("actions/3/headers", [{ name: "X-A", value: "1" }], NAMES)).toBe("X-A: 1");
  const file = { name: "a.pdf", media_type: "application/pdf", size: 1_200, hash: "0123456789abcdef" };
  expect(valueWords("actions/3/attachments", [file], NAMES)).toBe("a.pdf (1.2 kB, 01234567)");
  expect(valueWords("tags", ["a", "b"], NAMES)).toBe("a, b");
  expect(valueWords("topic_id", null, NAMES)).toBe("");
  expect(valueWords("actions/3/from_id", 0, NAMES)).toBe("0");
  expect(
    valueWords("actions/3", { subject: "Hi", cc: "", tracked: true, headers: [], condition: {} }, NAMES),
  ).toBe("Subject: Hi\nLinks and opens are tracked: yes");
});

test("a line says what changed, each message once", () => {
  expect(summary([])).toBe("");
  expect(summary(["name", "tags", "actions/3/subject", "actions/3/languages/de/subject"], NAMES)).toBe(
    "name, tags · Welcome: subject, (de): subject",
  );
  expect(summary(["actions/3"], NAMES)).toBe("Welcome");
  const many = ["a", "b", "c", "d", "e"].map((name) => `actions/3/${name}`);
  expect(summary(many, NAMES)).toBe("Welcome: a, b, c, 2 more");
});

test("all that a version holds, messages in each language", () => {
  const held = {
    name: "Spring",
    recipients: {},
    goal: null,
    actions: [{ id: 3, subject: "Hi", cc: "", languages: { de: { subject: "Hallo" } } }],
  };
  expect(everything(held, NAMES)).toEqual([
    ["Name", "Spring"],
    ["Recipients", "everybody"],
    ["Goal", "none"],
    ["Welcome", "Subject: Hi"],
    ["Welcome (de)", "Subject: Hallo"],
  ]);
});
