// SPDX-License-Identifier: Apache-2.0
// What a card says of an action, so that it is told from others. Without a DOM.
import { inboxItemOf } from "../../preview/lookalikes/inbox";
import type { Action } from "../broadcasts/types";
import { rowsOf } from "../composer/channels/attributes";

/** Its JSON is a template in Liquid, so only its number is looked for. */
function templateSaid(body: string): string {
  const sid = /"content_sid"\s*:\s*"([^"]+)"/.exec(body)?.[1];
  if (sid) return `Template ${sid}`;
  return body.trim() ? "a template that is chosen by Liquid" : "no template yet";
}

function inboxSaid(properties: string): string {
  if (["", "{}"].includes(properties.trim())) return "no properties yet";
  const item = inboxItemOf(properties);
  return item?.title || item?.text || properties;
}

/** What of a message tells it from others. */
export function saidOf(action: Action): string {
  if (action.kind === "webhook") return action.url || "no URL yet";
  if (action.kind === "attribute_update")
    return (
      rowsOf(action.attributes ?? "")
        ?.map((one) => one.name)
        .join(", ") || "no attribute yet"
    );
  if (action.kind === "create_event") return action.event_name || "no event named yet";
  if (action.kind === "static_seg_update")
    return action.segment_id
      ? `${action.change === "remove" ? "out of" : "into"} segment ${action.segment_id}`
      : "no segment yet";
  if (action.kind === "whatsapp") return templateSaid(action.body ?? "");
  if (action.kind === "inbox_message") return inboxSaid(action.properties ?? "");
  if (action.kind === "email") return action.subject || "no subject yet";
  return action.title || action.body || action.message || "nothing written yet";
}
