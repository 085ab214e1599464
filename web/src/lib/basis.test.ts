// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { basisOf, basisWords, sharedOf } from "./basis";

test("rates are of what was delivered once most of it was told of", () => {
  expect(basisOf(100, 0)).toBe("sent");
  expect(basisOf(100, 49)).toBe("sent");
  expect(basisOf(100, 50)).toBe("delivered");
  expect(basisOf(0, 0)).toBe("sent");
});

test("deliveries and bounces are shares of what was sent, whatever is known", () => {
  expect(["opened", "converted", "delivered", "bounced"].map((one) => sharedOf(one, "delivered"))).toEqual([
    "delivered",
    "delivered",
    "sent",
    "sent",
  ]);
  expect(sharedOf("opened", "sent")).toBe("sent");
  expect(basisWords("delivered")).toMatch(/^Shares of what was delivered;/);
  expect(basisWords("sent")).toMatch(/^Shares of what was sent:/);
});
