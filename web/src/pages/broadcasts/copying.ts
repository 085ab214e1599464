// SPDX-License-Identifier: Apache-2.0
// A message as another workspace takes it: without what only this one, or the server, knows.

const OF_THE_SERVER = ["id", "languages", "created_at", "updated_at"];
const OF_THE_WORKSPACE = ["from_id", "reply_to_id", "layout_id"];

function without(shape: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(shape).filter(([name]) => !names.includes(name)));
}

/** An action; its languages are copied one by one. */
export function copied(action: object): Record<string, unknown> {
  return without(action, [...OF_THE_SERVER, ...OF_THE_WORKSPACE]);
}

/** What an action says in one language. */
export function copiedLanguage(content: object): Record<string, unknown> {
  return without(content, ["language", ...OF_THE_WORKSPACE]);
}
