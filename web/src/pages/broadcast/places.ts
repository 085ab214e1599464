// SPDX-License-Identifier: Apache-2.0
// Where in the page a finding of a review is mended.
import { fieldName, lowered } from "../../lib/fieldnames";
import { actionName, type Broadcast } from "../broadcasts/types";

export interface Place {
  href: string;
  words: string;
}

/** What a finding is about, where that is not what the field is called. */
const ABOUT: Record<string, string> = {
  sending_state: "sending behaviour",
  send_to_unsubscribed: "people who unsubscribed",
  tracked: "tracking",
};

/** A finding's `field` is a path such as `actions/12/subject`, or `recipients/and/0`. */
export function placeOf(broadcast: Broadcast, finding: { field: string; line: number | null }): Place {
  const base = `/broadcasts/${broadcast.id}`;
  const [first, number, ...rest] = finding.field.split("/");
  if (first === "recipients") return { href: `${base}/recipients`, words: "Recipients" };
  if (first === "goal") return { href: `${base}/goal`, words: "Goal" };
  if (first === "topic_id" || first === "ignores_message_limit" || first === "doubt_policy")
    return { href: `${base}/review?settings=1`, words: "Settings" };
  if (first !== "actions" || !number) return { href: `${base}/workflow`, words: "Workflow" };
  const action = broadcast.actions.find((one) => String(one.id) === number);
  const name = action ? actionName(action) : `Action ${number}`;
  const language = rest[0] === "languages" ? rest[1] : undefined;
  const field = (language === undefined ? rest : rest.slice(2)).join("/");
  if (rest[0] === "condition")
    return { href: `${base}/actions/${number}/condition`, words: `${name}, condition` };
  if (!field) return { href: `${base}/actions/${number}`, words: name };
  const query = new URLSearchParams({ field });
  if (language) query.set("language", language);
  if (finding.line !== null) query.set("line", String(finding.line));
  const words = ABOUT[field] ?? lowered(fieldName(field, field, action?.kind));
  return {
    href: `${base}/actions/${number}?${query}`,
    words: `${name}, ${words}${language ? ` (${language})` : ""}`,
  };
}
