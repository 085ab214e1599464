// SPDX-License-Identifier: Apache-2.0
// What of an action on people is edited. Without a DOM.
import type { Draft } from "../../../preview/message";

/** What the composer keeps of such an action: how it is set, and its texts by these names. */
export function ofPerson(names: readonly string[]): (stored: Draft) => Draft {
  const wanted = ["name", "sending_state", ...names];
  return (stored) =>
    Object.fromEntries(wanted.filter((name) => name in stored).map((name) => [name, stored[name]]));
}

/** What somebody is moved into or out of, in words; the names of the segments by their numbers. */
export function moveWords(draft: Draft, names: ReadonlyMap<string, string>): string {
  const number = typeof draft.segment_id === "string" ? draft.segment_id.trim() : "";
  if (!number) return "No segment is chosen yet.";
  const name = names.get(number) ?? `segment ${number}`;
  return draft.change === "remove"
    ? `This person is taken out of ${name}.`
    : `This person is put into ${name}.`;
}
