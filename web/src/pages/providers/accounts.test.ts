// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import {
  accountVariable,
  addable,
  byChannel,
  isLimited,
  limitsOf,
  linesOf,
  moved,
  numberIn,
  stateOf,
  titleOf,
  troubleOf,
} from "./accounts";
import type { Provider } from "./words";

const SES: Provider = {
  channel: "email",
  provider: "ses",
  captures: false,
  connections: 20,
  refuses_repeats: false,
  amp: true,
  most_recipients: 50,
  settings: [],
  others: ["outbox", "smtp", "sendgrid"],
  account: "ses",
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

describe("how an account fares", () => {
  it("is one thing at a time, the most telling first", () => {
    const away = {
      circuit: "paused" as const,
      away: { words: "503", since: 1_700_000_000, until: 1_700_000_060, processes: 2 },
    };
    const today = { sent: 50, share: 50, ramp_day: 1 };
    expect(stateOf(SES).words).toBe("takes messages");
    expect(stateOf({ ...SES, captures: true }).words).toBe("captured");
    expect(stateOf({ ...SES, today }).words).toContain("used up");
    expect(stateOf({ ...SES, today: { ...today, share: null } }).tone).toBe("good");
    expect(stateOf({ ...SES, today, ...away }).words).toContain("used up");
    expect(stateOf({ ...SES, ...away }).words).toBe("takes no messages");
    expect(stateOf({ ...SES, ...away, enabled: false }).words).toBe("switched off");
    expect(stateOf({ ...SES, ...away, circuit: "trying" }).words).toBe("tried with the next message");
  });
  it("is told with its trouble", () => {
    const now = 1_700_000_120_000;
    const paused: Provider = {
      ...SES,
      circuit: "paused",
      away: { words: "503", since: 1_700_000_000, until: 1_700_000_180, processes: 2 },
    };
    expect(troubleOf(paused, now)).toMatch(/^503 – since 2 min.* ago\. 2 processes wait until .*one message/);
    expect(troubleOf({ ...paused, circuit: "trying" }, now)).toContain("wait for a message");
    expect(troubleOf({ ...paused, enabled: false }, now)).toBeNull();
    expect(troubleOf({ ...SES, failed: { words: "503", at: 1_700_000_000 } }, now)).toMatch(
      /^Last trouble 2 min.* ago: 503$/,
    );
    expect(troubleOf(SES, now)).toBeNull();
  });
});

describe("limits", () => {
  it("are told where there are any", () => {
    expect(limitsOf(SES)).toEqual([]);
    const ramped = { ...SES, per_second: 2.5, per_day: 5000, ramp: "50 x 2" };
    expect(limitsOf({ ...ramped, today: { sent: 37, share: 100, ramp_day: 2 } })).toEqual([
      "At most 2.5 a second.",
      "At most 5,000 a day.",
      "Day 2 of its ramp (50 x 2).",
      "37 of 100 today.",
    ]);
    expect(limitsOf({ ...SES, ramp: "50", today: { sent: 1, share: null, ramp_day: null } })).toEqual([
      "Its ramp is over.",
      "1 message today.",
    ]);
  });
  it("are read from what is typed", () => {
    expect([numberIn(""), numberIn(" 2.5 "), numberIn("many"), numberIn("-1")]).toEqual([
      0,
      2.5,
      undefined,
      undefined,
    ]);
  });
});

describe("the order", () => {
  it("changes by one place", () => {
    expect(moved(["a", "b", "c"], "b", -1)).toEqual(["b", "a", "c"]);
    expect(moved(["a", "b", "c"], "b", 1)).toEqual(["a", "c", "b"]);
    expect(moved(["a", "b"], "a", -1)).toEqual(["a", "b"]);
    expect(moved(["a", "b"], "x", 1)).toEqual(["a", "b"]);
  });
  it("is by channel", () => {
    const sms = { ...SES, channel: "sms", account: "twilio" };
    const other = { ...SES, account: "ses-eu" };
    expect(byChannel([SES, sms, other])).toEqual([
      ["email", [SES, other]],
      ["sms", [sms]],
    ]);
    expect([titleOf("sms"), titleOf("pigeon"), isLimited("in_app")]).toEqual(["SMS", "pigeon", false]);
  });
});

describe("another account", () => {
  it("has a name that is free", () => {
    expect(addable([SES])).toEqual(["sendgrid", "ses", "smtp"]);
    expect(addable([])).toEqual([]);
    expect(linesOf("email", "ses", ["ses", "ses-2"])).toBe(
      '[accounts.ses-3]\nchannel = "email"\nprovider = "ses"\nregion = "eu-west-1"\n' +
        'access_key_id = "AKIA…"\nsecret_access_key = "…"',
    );
    expect(accountVariable("ses-eu", "region")).toBe("CLARION_ACCOUNTS_SES_EU_REGION");
  });
});
