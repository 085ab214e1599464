// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { believedOf, type Provider, placeOf, readingOf, unreachable, variableOf, wordsOf } from "./words";

const SMTP: Provider = {
  channel: "email",
  provider: "smtp",
  captures: false,
  connections: 10,
  refuses_repeats: false,
  amp: true,
  most_recipients: null,
  settings: [],
  others: ["outbox"],
  account: "smtp",
  enabled: true,
  per_second: 0,
  per_day: 0,
  ramp: "",
  changed: [],
  circuit: "closed",
  away: null,
  failed: null,
  today: null,
};

describe("wordsOf", () => {
  it("says what becomes of messages", () => {
    expect(wordsOf(SMTP)[0]).toBe("Messages are handed to smtp.");
    expect(wordsOf({ ...SMTP, captures: true })[0]).toContain("nothing leaves");
  });
  it("says what it can do", () => {
    expect(wordsOf({ ...SMTP, connections: 1 })[1]).toContain("one message at once");
    expect(wordsOf(SMTP)[2]).toContain("decision");
    expect(wordsOf({ ...SMTP, refuses_repeats: true })[2]).toContain("refuses");
  });
});

describe("what it carries", () => {
  it("is told where it is less than usual", () => {
    expect(wordsOf(SMTP)).toHaveLength(3);
    const words = wordsOf({ ...SMTP, amp: false, most_recipients: 50 });
    expect(words.slice(3)).toEqual([
      "It carries no AMP part.",
      "A message goes to 50 addresses at most, with its copies.",
    ]);
    expect(wordsOf({ ...SMTP, channel: "webhook", amp: false })).toHaveLength(3);
  });
});

describe("believedOf", () => {
  it("names what is missing", () => {
    const hook = { provider: "sendgrid", url: "https://x.example/hooks/sendgrid/y", ready: true };
    expect(believedOf(hook)).toBe("yes");
    expect(placeOf(hook)).toBe("");
    expect(placeOf({ ...hook, provider: "twilio" })).toMatch(/A message comes in/);
    expect(unreachable("https://x.example", true)).toBe("");
    expect(unreachable("http://x.example", true)).toMatch(/no HTTPS/);
    expect(unreachable("http://127.0.0.1:8080", false)).toMatch(/^No provider reaches http:\/\/127/);
    expect(believedOf({ ...hook, ready: false })).toBe("not until CLARION_HOOKS_SENDGRID_KEY is set");
  });
});

describe("variableOf", () => {
  it("names what the server reads", () => {
    expect(variableOf(SMTP, "max_messages_per_connection")).toBe("CLARION_SMTP_MAX_MESSAGES_PER_CONNECTION");
    expect(variableOf({ ...SMTP, provider: "outbox" }, "directory")).toBe("CLARION_DATA_DIR");
    expect(variableOf({ ...SMTP, account: "relay-eu" }, "host")).toBe("CLARION_ACCOUNTS_RELAY_EU_HOST");
  });
});

it("how the mailbox of bounces is read is said with what is wrong", () => {
  const mailbox = { name: "b@imap/INBOX", read_at: 1_000, failed_at: null, failure: null, messages: 1 };
  expect(readingOf(mailbox, 1_060_000)).toBe("Read to its end 1 minute ago; 1 message so far.");
  expect(readingOf({ ...mailbox, read_at: null, failed_at: 5, failure: "login refused", messages: 0 })).toBe(
    "Read to its end never yet; 0 messages so far. It cannot be read now: login refused.",
  );
});
