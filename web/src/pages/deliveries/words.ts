// SPDX-License-Identifier: Apache-2.0
// How people and messages are named, and the moments of a delivery.
import { CHANNELS } from "../broadcasts/types";

/** A person's best name: the address, the id, or the number that never changes. */
export function nameOf(person: { id: string | null; email: string | null; cio_id: string }): string {
  return person.email ?? person.id ?? `cio_${person.cio_id}`;
}

/** Which message of a broadcast: its name, and its channel where the name does not say it. */
export function messageOf({ kind, name }: { kind: string; name: string }): string {
  if (!kind) return "–";
  const channel = CHANNELS[kind] ?? kind;
  return !name || name === channel ? channel : `${name} (${channel})`;
}

/** Accounts at providers to choose from, with one that is asked for and that the settings do not name any more. */
export function accountOptions(
  accounts: readonly { channel: string; account: string }[],
  asked: string | null,
): [value: string, words: string][] {
  const found: [string, string][] = accounts.map(({ channel, account }) => [
    `${channel}/${account}`,
    `${account} (${CHANNELS[channel] ?? channel})`,
  ]);
  if (asked && !found.some(([value]) => value === asked)) found.push([asked, asked]);
  return [["", "Any account"], ...found];
}

const MOMENTS: Record<string, string> = {
  matched: "In the audience",
  attempts: "Earlier attempts",
  attempted: "Attempted",
  due: "Next attempt",
  sent: "Sent",
  failed: "Failed",
  skipped: "Left out",
  drafted: "Kept as a draft",
  stopped: "Stopped",
  in_doubt: "In doubt",
  human_opened: "Opened by a person",
  prefetch_opened: "Opened by a machine",
  human_clicked: "Clicked by a person",
  machine_clicked: "Clicked by a machine",
  topic_unsubscribed: "Unsubscribed from the topic",
  spammed: "Marked as spam",
};

/** Something that happened to a message, as the API tells it. */
export interface Moment {
  at: number | null;
  what: string;
  words: string | null;
  detail: Record<string, unknown>;
}

/** A moment in words: what happened, what was answered (with its code apart), and what else is known. */
export interface Told {
  title: string;
  code: number | null;
  text: string | null;
  more: string[];
  tone: "good" | "bad" | "warn" | "quiet";
}

const ATTEMPTS: Record<string, string> = {
  retry: "Attempt failed",
  failed: "Attempt failed",
  in_doubt: "Attempt without an answer",
};

/** A moment for people. */
export function tell(moment: Moment): Told {
  if (moment.what === "report") return tellReport(moment);
  const { code, text, worker, result } = moment.detail;
  const answered = typeof code === "number";
  return {
    title: moment.what === "attempt" ? (ATTEMPTS[String(result)] ?? "Attempt") : momentWords(moment.what),
    code: answered ? code : null,
    text:
      moment.what === "converted"
        ? goalWords(moment)
        : answered && typeof text === "string"
          ? text
          : moment.words,
    more: typeof worker === "string" ? [`by ${worker}`] : [],
    tone: momentTone(moment.what),
  };
}

/** Which goal somebody reached. */
function goalWords({ words, detail }: Moment): string | null {
  if (detail.goal === "event") return `the goal was reached: performed ${detail.event}`;
  if (detail.goal === "enters_segment") return `the goal was reached: came into segment ${detail.segment_id}`;
  if (detail.goal === "leaves_segment") return `the goal was reached: left segment ${detail.segment_id}`;
  return words;
}

function tellReport({ words, detail }: Moment): Told {
  const name = (detail.webhook as { name?: string } | undefined)?.name ?? "A webhook";
  const tries = typeof detail.attempt === "number" && detail.attempt > 1 ? `, attempt ${detail.attempt}` : "";
  const [title, tone] = ({
    taken: [`${name} was told: ${detail.event}${tries}`, "quiet"],
    failed: [`${name} did not take ${detail.event}${tries || ", attempt 1"}`, "warn"],
    given_up: [`${name} was never told: ${detail.event}`, "bad"],
    waiting: [`${name} is to be told: ${detail.event}`, "quiet"],
  }[String(detail.result)] ?? [`${name}: ${detail.event}`, "quiet"]) as [string, Told["tone"]];
  return {
    title,
    code: typeof detail.status === "number" ? detail.status : null,
    text: words,
    more: typeof detail.endpoint === "string" ? [detail.endpoint] : [],
    tone,
  };
}

/** What a moment of a timeline is called. */
export function momentWords(what: string): string {
  const known = MOMENTS[what];
  if (known) return known;
  const words = what.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Whether a moment is good news, bad news, or neither. */
export function momentTone(what: string): "good" | "bad" | "warn" | "quiet" {
  if (["failed", "bounced", "dropped", "spammed"].includes(what)) return "bad";
  if (["in_doubt", "deferred", "unsubscribed", "topic_unsubscribed", "attempts", "attempt"].includes(what))
    return "warn";
  if (["sent", "delivered", "opened", "human_opened", "clicked", "human_clicked", "converted"].includes(what))
    return "good";
  return "quiet";
}
