// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { statesOf } from "./message-state";

const words = (metrics: Record<string, number>) => statesOf(metrics).map((one) => one.words);

test("the last thing that happened, and of one second what says most", () => {
  expect(words({})).toEqual(["Created"]);
  expect(words({ created: 1, sent: 2, opened: 3 })).toHaveLength(1);
  expect(words({ created: 5, attempted: 5, sent: 5 })).toEqual(["Sent"]);
  expect(words({ sent: 5, clicked: 7, human_clicked: 7, opened: 7, human_opened: 7 })).toEqual(
    words({ human_clicked: 7 }),
  );
  expect(statesOf({ sent: 5, bounced: 6 })[0]?.tone).toBe("bad");
});

test("that somebody converted is not hidden by what came after it", () => {
  expect(words({ sent: 1, converted: 2, clicked: 9 })).toEqual(["Converted", words({ clicked: 9 })[0]]);
  expect(words({ sent: 1, converted: 2 })).toEqual(["Converted", "Sent"]);
});
