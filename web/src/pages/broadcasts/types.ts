// SPDX-License-Identifier: Apache-2.0
// Broadcasts as the management API shows them.
import type { Audience } from "../../audience/filter";
import type { AttachedFile } from "../composer/attached";

export type BroadcastState = "draft" | "running" | "stopped";
export type SendingState = "automatic" | "draft" | "off";

export interface ActionSummary {
  id: number;
  kind: string;
  name: string;
  sending_state: SendingState;
  /** Not in lists. */
  subject?: string;
  url?: string;
}

export interface Action extends ActionSummary {
  /** Texts of channels that have no subject. */
  title?: string;
  body?: string;
  message?: string;
  properties?: string;
  /** Of actions on people. */
  attributes?: string;
  event_name?: string;
  segment_id?: string;
  change?: string;
  send_to_unsubscribed: boolean;
  /** Of the audience only whoever matches gets it. */
  condition: Audience;
  tracked: boolean;
  languages: string[];
  /** Of an e-mail. */
  attachments?: AttachedFile[];
  updated_at: number;
}

export interface LastTrigger {
  id: number;
  state: string;
  created_at: number;
  audience: number;
  recipients: number;
  sent: number;
  failed: number;
  finished: number;
  accounts: number;
}

export interface Goal {
  kind: "event" | "enters_segment" | "leaves_segment";
  event: string;
  property_name: string;
  property_value: string;
  segment_id: number | null;
  window_days: number | null; // null: any time after
  counted_from: "sent" | "delivered" | "opened" | "clicked";
}

export interface Broadcast {
  id: number;
  name: string;
  state: BroadcastState;
  recipients: Audience;
  topic_id: number | null;
  language_attribute: string;
  doubt_policy: "hold" | "resend";
  tags: string[];
  goal: Goal | null;
  exit_when: "never" | "goal" | "no_longer_matching";
  ignores_message_limit: boolean;
  archived: boolean;
  version: number;
  changed_by: string | null;
  created_at: number;
  updated_at: number;
  first_started_at: number | null;
  actions: Action[];
}

export interface ListedBroadcast extends Omit<Broadcast, "actions"> {
  actions: ActionSummary[];
  last_trigger: LastTrigger | null;
  running_triggers: number;
  sent_by_day: number[];
}

/** What an action is called when nobody named it. */
export function actionName(action: ActionSummary): string {
  return action.name || action.subject || action.url || `Action ${action.id}`;
}

export const CHANNELS: Record<string, string> = {
  email: "E-mail",
  sms: "SMS",
  push: "Push",
  whatsapp: "WhatsApp",
  in_app: "In-app",
  inbox_message: "Inbox message",
  slack: "Slack",
  webhook: "Webhook",
  attribute_update: "Person update",
  create_event: "Event",
  static_seg_update: "Segment update",
};

/** Messages that can be added. */
export const MESSAGES = [
  "email",
  "sms",
  "push",
  "in_app",
  "inbox_message",
  "whatsapp",
  "slack",
  "webhook",
] as const;

/** Steps that can be added which send nothing: they do something to the person. */
export const ON_PEOPLE = ["attribute_update", "create_event", "static_seg_update"] as const;

/** Whether an action of this kind sends nothing. */
export function isOnPeople(kind: string): boolean {
  return ON_PEOPLE.some((one) => one === kind);
}

/** What can become of an action of this kind when its broadcast is triggered. */
export function sendingChoices(kind: string): readonly (readonly [SendingState, string])[] {
  const onPeople = isOnPeople(kind);
  return [
    ["automatic", onPeople ? "Do it automatically" : "Send automatically"],
    ["draft", "Queue a draft"],
    ["off", onPeople ? "Don't do it" : "Don't send"],
  ];
}
