// SPDX-License-Identifier: Apache-2.0
// What the server tells of triggers (docs/api.md: progress, causes, sends).

export type StateWord = "queued" | "sent" | "failed" | "skipped" | "drafted" | "stopped" | "in_doubt";

/** Accounts by what became of them. */
export interface Numbers {
  accounts: number;
  made: number;
  handed_over: number;
  sent: number;
  failed: number;
  skipped: number;
  drafted: number;
  in_doubt: number;
  stopped: number;
  left: number;
}

export interface Held {
  what: string;
  meaning: string;
  until: number | null;
  words: string | null;
}

export type Pace = { messages: number; per: string } | { spread_until: number } | null;

/** A trigger as it gets on; times in Unix seconds. */
export interface Progress {
  id: number;
  broadcast: { id: number; name: string };
  state: string;
  failure: string | null;
  selector: string;
  running: boolean;
  /** Some are being queued again. */
  repeating: boolean;
  paused: boolean;
  triggered_by: string | null;
  created_at: number;
  processed_at: number | null;
  scheduled_at: number | null;
  expires_at: number | null;
  priority: number;
  pace: Pace;
  changed_by: string | null;
  resolved: { people: number; expected: number | null; share: number; done: boolean; errors: number };
  recipients: number;
  numbers: Numbers;
  reasons: Record<string, Record<string, number>>;
  rate: number | null;
  handed_over_at: [at: number, count: number][];
  estimated_end_at: number | null;
  held_back: Held[];
}

/** Accounts of one state and reason whose words are alike. */
export interface Cause {
  state: StateWord;
  reason: string;
  meaning: string;
  cause: string | null;
  words: string | null;
  accounts: number;
  exact: boolean;
  examples: string[];
}

export interface Repeat {
  to: string;
  reasons: string[];
  cause: string | null;
  asked_by: string;
  asked_at: number;
  queued: number;
  done: boolean;
}

/** A trigger in a broadcast's history. */
export interface Send {
  id: number;
  state: string;
  paused: boolean;
  failure: string | null;
  selector: string;
  triggered_by: string | null;
  created_at: number;
  processed_at: number | null;
  scheduled_at: number | null;
  people: number;
  recipients: number;
  errors: number;
  details_removed_at: number | null;
  numbers: Numbers;
  heard: Record<
    | "delivered"
    | "opened"
    | "human_opened"
    | "clicked"
    | "human_clicked"
    | "converted"
    | "bounced"
    | "unsubscribed",
    number
  >;
}

/** An account in a list. */
export interface Delivery {
  id: string;
  action_id: number;
  person: { id: string | null; email: string | null; cio_id: string };
  recipient: string | null;
  state: StateWord;
  reason: string | null;
  meaning: string | null;
  words: string | null;
  attempts: number;
  again: number;
  next_attempt_at: number | null;
  created_at: number;
  attempted_at: number | null;
  settled_at: number | null;
  /** At a provider: by which it went, or is bound to go. */
  account: string | null;
  trigger_id: number;
  broadcast: { id: number; name: string };
  /** Without a kind: it is gone. */
  action: { id: number; kind: string; name: string };
  heard: Record<string, number>;
}
