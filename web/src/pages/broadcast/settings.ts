// SPDX-License-Identifier: Apache-2.0
// What a broadcast is called and how it is sent, between its form and the API.
import type { Broadcast } from "../broadcasts/types";

export interface Settings {
  name: string;
  /** A topic's number; empty for none. */
  topic: string;
  /** Apart by commas. */
  tags: string;
  language: string;
  doubt: Broadcast["doubt_policy"];
  /** Sent whatever the workspace's message limit says. */
  beyond: boolean;
}

/** Tags out of a text, each once. */
export function tagsOf(text: string): string[] {
  return [
    ...new Set(
      text
        .split(",")
        .map((one) => one.trim())
        .filter(Boolean),
    ),
  ];
}

export function settingsOf(broadcast: Broadcast): Settings {
  return {
    name: broadcast.name,
    topic: String(broadcast.topic_id ?? ""),
    tags: broadcast.tags.join(", "),
    language: broadcast.language_attribute,
    doubt: broadcast.doubt_policy,
    beyond: broadcast.ignores_message_limit,
  };
}

/** The edit, made from a version: whoever was quicker is not overwritten. */
export function settingsBody(settings: Settings, version: number): object {
  return {
    name: settings.name,
    topic_id: settings.topic ? Number(settings.topic) : null,
    tags: tagsOf(settings.tags),
    language_attribute: settings.language,
    doubt_policy: settings.doubt,
    ignores_message_limit: settings.beyond,
    version,
  };
}
