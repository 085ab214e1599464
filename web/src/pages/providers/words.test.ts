// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { type Provider, variableOf, wordsOf } from "./words";

const SMTP: Provider = {
  channel: "email",
  provider: "smtp",
  captures: false,
  connections: 10,
  refuses_repeats: false,
  settings: [],
  others: ["outbox"],
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

describe("variableOf", () => {
  it("names what the server reads", () => {
    expect(variableOf("smtp", "max_messages_per_connection")).toBe(
      "CLARION_SMTP_MAX_MESSAGES_PER_CONNECTION",
    );
    expect(variableOf("outbox", "directory")).toBe("CLARION_DATA_DIR");
  });
});
