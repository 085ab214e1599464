// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { momentTone, momentWords, nameOf } from "./words";

test("a person has the best name there is", () => {
  expect(nameOf({ id: "42", email: "ada@example.com", cio_id: "01" })).toBe("ada@example.com");
  expect(nameOf({ id: "42", email: null, cio_id: "01" })).toBe("42");
  expect(nameOf({ id: null, email: null, cio_id: "01" })).toBe("cio_01");
});

test("moments are named, also those that nobody thought of", () => {
  expect(momentWords("matched")).toBe("In the audience");
  expect(momentWords("tracking_consent_granted")).toBe("Tracking consent granted");
  expect(momentTone("bounced")).toBe("bad");
  expect(momentTone("opened")).toBe("good");
  expect(momentTone("whatever")).toBe("quiet");
});
