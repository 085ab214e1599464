// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Broadcast } from "../broadcasts/types";
import { placeOf } from "./places";

const broadcast = {
  id: 7,
  actions: [{ id: 12, kind: "email", name: "Hello", subject: "Hi" }],
} as unknown as Broadcast;
const of = (field: string, line: number | null = null) => placeOf(broadcast, { field, line });

test("a finding leads to the field that it is about", () => {
  expect(of("actions/12/subject", 1)).toEqual({
    href: "/broadcasts/7/actions/12?field=subject&line=1",
    words: "Hello, subject",
  });
  expect(of("actions/12/languages/de/body").href).toBe("/broadcasts/7/actions/12?field=body&language=de");
  expect(of("actions/12/condition/and/0")).toEqual({
    href: "/broadcasts/7/actions/12/condition",
    words: "Hello, condition",
  });
  expect(of("recipients/and/0").href).toBe("/broadcasts/7/recipients");
  expect(of("topic_id").href).toBe("/broadcasts/7/review?settings=1");
  expect(of("ignores_message_limit").words).toBe("Settings");
  expect(of("doubt_policy").words).toBe("Settings");
  expect(of("actions/12")).toEqual({ href: "/broadcasts/7/actions/12", words: "Hello" });
  expect(of("actions/12/tracked").words).toBe("Hello, tracking");
  expect(of("actions").href).toBe("/broadcasts/7/workflow");
});
