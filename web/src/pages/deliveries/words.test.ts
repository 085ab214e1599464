// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { accountOptions, messageOf, momentTone, momentWords, nameOf, tell } from "./words";

test("a person has the best name there is", () => {
  expect(nameOf({ id: "42", email: "ada@example.com", cio_id: "01" })).toBe("ada@example.com");
  expect(nameOf({ id: "42", email: null, cio_id: "01" })).toBe("42");
  expect(nameOf({ id: null, email: null, cio_id: "01" })).toBe("cio_01");
});

test.each([
  [{ kind: "sms", name: "Reminder" }, "Reminder (SMS)"],
  [{ kind: "sms", name: "SMS" }, "SMS"],
  [{ kind: "webhook", name: "" }, "Webhook"],
  [{ kind: "", name: "" }, "–"],
])("a message is told from the others of its broadcast: %o", (action, words) => {
  expect(messageOf(action)).toBe(words);
});

test("moments are named, also those that nobody thought of", () => {
  expect(momentWords("matched")).toBe("In the audience");
  expect(momentWords("tracking_consent_granted")).toBe("Tracking consent granted");
  expect(momentTone("bounced")).toBe("bad");
  expect(momentTone("opened")).toBe("good");
  expect(momentTone("whatever")).toBe("quiet");
});

test("an attempt tells the code apart from the text, and who tried", () => {
  const detail = { result: "retry", code: 451, text: "4.7.1 try again later", worker: "mail-1/4711" };
  expect(tell({ at: 1, what: "attempt", words: "451 4.7.1 try again later", detail })).toEqual({
    title: "Attempt failed",
    code: 451,
    text: "4.7.1 try again later",
    more: ["by mail-1/4711"],
    tone: "warn",
  });
  const lost = { result: "in_doubt", code: null, text: "connection lost", worker: null };
  expect(tell({ at: 1, what: "attempt", words: "connection lost", detail: lost })).toMatchObject({
    title: "Attempt without an answer",
    code: null,
    text: "connection lost",
    more: [],
  });
  expect(
    tell({ at: 1, what: "clicked", words: "https://a.test", detail: { href: "https://a.test" } }),
  ).toEqual({
    title: "Clicked",
    code: null,
    text: "https://a.test",
    more: [],
    tone: "good",
  });
});

test("a webhook's call tells how it ended and where it went", () => {
  const about = { webhook: { id: 1, name: "Warehouse" }, endpoint: "https://w.test", event: "email_sent" };
  const call = (result: string, attempt: number | null, status: number | null, words: string | null = null) =>
    tell({ at: 1, what: "report", words, detail: { ...about, result, attempt, status } });
  expect(call("failed", 1, 503, "Service Unavailable")).toEqual({
    title: "Warehouse did not take email_sent, attempt 1",
    code: 503,
    text: "Service Unavailable",
    more: ["https://w.test"],
    tone: "warn",
  });
  expect(call("taken", 1, 204).title).toBe("Warehouse was told: email_sent");
  expect(call("taken", 3, 204).title).toBe("Warehouse was told: email_sent, attempt 3");
  expect(call("waiting", null, null).title).toBe("Warehouse is to be told: email_sent");
  expect(call("given_up", null, null).tone).toBe("bad");
});

test("accounts are offered with their channels, and one that is gone stays to be seen", () => {
  const some = [
    { channel: "email", account: "ses" },
    { channel: "webhook", account: "outbox" },
  ];
  expect(accountOptions(some, null)).toEqual([
    ["", "Any account"],
    ["email/ses", "ses (E-mail)"],
    ["webhook/outbox", "outbox (Webhook)"],
  ]);
  expect(accountOptions(some, "email/ses")).toHaveLength(3);
  expect(accountOptions([], "email/old").at(-1)).toEqual(["email/old", "email/old"]);
});
