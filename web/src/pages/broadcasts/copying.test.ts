// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { copied, copiedLanguage } from "./copying";

test("numbers of this workspace do not go into another", () => {
  const action = { id: 7, kind: "email", subject: "Hi", from: "a@example.com", from_id: 3, layout_id: 4 };
  expect(copied({ ...action, reply_to_id: 3, languages: ["de"], created_at: 1, updated_at: 1 })).toEqual({
    kind: "email",
    subject: "Hi",
    from: "a@example.com",
  });
  expect(copiedLanguage({ language: "de", subject: "Hallo", layout_id: 4, from_id: null })).toEqual({
    subject: "Hallo",
  });
});
