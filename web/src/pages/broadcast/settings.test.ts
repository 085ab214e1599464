// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { settingsBody, tagsOf } from "./settings";

test("tags are taken apart by commas, each once", () => {
  expect(tagsOf(" news, spring sale ,news,, ")).toEqual(["news", "spring sale"]);
});

test("no topic is null, and the version goes along", () => {
  const form = {
    name: "Spring",
    topic: "",
    tags: "a",
    language: "language",
    doubt: "hold" as const,
    beyond: true,
  };
  expect(settingsBody(form, 4)).toEqual({
    name: "Spring",
    topic_id: null,
    tags: ["a"],
    language_attribute: "language",
    doubt_policy: "hold",
    ignores_message_limit: true,
    version: 4,
  });
  expect(settingsBody({ ...form, topic: "3" }, 4)).toHaveProperty("topic_id", 3);
});
