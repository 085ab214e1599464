// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import {
  announcement,
  brokenBy,
  csvPath,
  endWords,
  isGrave,
  lookEvery,
  mayJoin,
  paceWords,
  partsOf,
  percentDone,
  pulse,
  rateWords,
} from "./progress";
import type { Progress } from "./types";

const NUMBERS = {
  accounts: 1_000,
  made: 400,
  handed_over: 400,
  sent: 390,
  failed: 10,
  skipped: 0,
  drafted: 0,
  in_doubt: 0,
  stopped: 0,
  left: 600,
};
const SENDING: Progress = {
  id: 7,
  broadcast: { id: 3, name: "Spring" },
  state: "sending",
  failure: null,
  selector: "default",
  running: true,
  repeating: false,
  paused: false,
  triggered_by: "Ann",
  created_at: 1_000,
  processed_at: null,
  scheduled_at: null,
  expires_at: null,
  priority: 0,
  pace: null,
  changed_by: null,
  resolved: { people: 1_000, expected: 1_000, share: 1, done: true, errors: 0 },
  recipients: 1_000,
  numbers: NUMBERS,
  reasons: {},
  rate: 50,
  handed_over_at: [],
  estimated_end_at: 1_112,
  held_back: [],
};

test("100 percent means done", () => {
  expect(percentDone(SENDING)).toBe(40);
  expect(percentDone({ ...SENDING, numbers: { ...NUMBERS, left: 1 } })).toBe(99);
  expect(percentDone({ ...SENDING, numbers: { ...NUMBERS, left: 0 } })).toBe(99);
  expect(percentDone({ ...SENDING, running: false, numbers: { ...NUMBERS, left: 0 } })).toBe(100);
  const resolving = { ...SENDING.resolved, done: false, share: 0.5 };
  expect(percentDone({ ...SENDING, resolved: resolving })).toBe(5);
});

test("quarters are said aloud, nothing between them", () => {
  expect(announcement(null, 40, SENDING)).toBeNull();
  expect(announcement(40, 49, SENDING)).toBeNull();
  expect(announcement(49, 51, SENDING)).toBe("50 percent done.");
  expect(announcement(20, 80, SENDING)).toBe("75 percent done.");
  expect(announcement(99, 100, SENDING)).toBe("Finished: 390 sent, 10 failed.");
});

test("what is over is not looked at, what waits seldom", () => {
  expect(lookEvery(undefined, 0)).toBe(1_000);
  expect(lookEvery(SENDING, 1_001_000)).toBe(1_000);
  expect(lookEvery({ ...SENDING, paused: true }, 1_001_000)).toBe(5_000);
  const later = [{ what: "retries", meaning: "", until: 9_999, words: null }];
  expect(lookEvery({ ...SENDING, held_back: later }, 1_001_000)).toBe(5_000);
  expect(lookEvery({ ...SENDING, running: false }, 1_001_000)).toBeNull();
  expect(lookEvery({ ...SENDING, running: false, repeating: true }, 1_001_000)).toBe(1_000);
});

test("people join a filter's audience only", () => {
  expect(mayJoin(SENDING)).toBe(true);
  expect(mayJoin({ ...SENDING, selector: "ids" })).toBe(false);
  expect(mayJoin({ ...SENDING, state: "stopped" })).toBe(false);
});

test("what nobody wished for is grave", () => {
  const held = { what: "paused", meaning: "it is paused", until: null, words: null };
  expect(isGrave(held)).toBe(false);
  expect(isGrave({ ...held, words: "6 % of 500 messages bounced; 5 % is the limit" })).toBe(true);
  expect(isGrave({ ...held, what: "no_worker" })).toBe(true);
});

test("what it paused itself for is told apart from a pause by somebody", () => {
  const held = { what: "paused", meaning: "it is paused", until: null, words: null };
  expect(brokenBy({ held_back: [held] })).toBeNull();
  expect(brokenBy({ held_back: [{ ...held, what: "provider", words: "451" }] })).toBeNull();
  expect(brokenBy({ held_back: [{ ...held, words: "6 % bounced" }] })).toBe("6 % bounced");
});

test("words", () => {
  expect(rateWords(null)).toBe("not known yet");
  expect(rateWords(98.4)).toBe("98 a second");
  expect(rateWords(1.25)).toBe("1.3 a second");
  expect(rateWords(0.2)).toBe("12 a minute");
  expect(endWords(SENDING, 1_100_000)).toBe("in about 12 s");
  expect(paceWords({ messages: 100, per: "second" })).toBe("at most 100 a second");
  expect(paceWords(null)).toBe("as fast as it goes");
});

test("parts leave out what there is none of", () => {
  expect(partsOf(NUMBERS).map((part) => part.label)).toEqual(["Sent", "Failed", "Skipped", "Left"]);
  expect(partsOf({ ...NUMBERS, in_doubt: 2 }).map((part) => part.label)).toContain("In doubt");
});

test("the pulse is messages a second", () => {
  expect(
    pulse([
      [10, 0],
      [15, 50],
      [20, 50],
      [25, 40],
    ]),
  ).toEqual([10, 0, 0]);
  expect(pulse([])).toEqual([]);
});

test("a link to a group's CSV names the workspace and the words", () => {
  const path = csvPath("/api", 7, 1, { state: "failed", reason: "refused", cause: "550 [address] & more" });
  expect(path).toBe(
    "/api/triggers/7/accounts.csv?workspace=1&state=failed&reason=refused&cause=550+%5Baddress%5D+%26+more",
  );
  expect(csvPath("/api", 7, null, {})).toBe("/api/triggers/7/accounts.csv?");
  expect(csvPath("/api", 7, null, { account: "email/ses" })).toBe(
    "/api/triggers/7/accounts.csv?account=email%2Fses",
  );
});
