// SPDX-License-Identifier: Apache-2.0
import { Pill, type Tone } from "../../ui/pill";
import type { BroadcastState } from "./types";

const TONES: Record<BroadcastState, [Tone, string]> = {
  draft: ["quiet", "Draft"],
  running: ["good", "Active"],
  stopped: ["warn", "Stopped"],
};

/** Whether it accepts triggers, in a word. */
export function StatePill({ state, archived }: { state: BroadcastState; archived?: boolean }) {
  const [tone, words] = TONES[state];
  return archived ? <Pill>Archived</Pill> : <Pill tone={tone}>{words}</Pill>;
}

const TRIGGERS: Record<string, [Tone, string]> = {
  scheduled: ["quiet", "Scheduled"],
  queued: ["accent", "Queued"],
  resolving: ["accent", "Working out the audience"],
  sending: ["accent", "Sending"],
  paused: ["warn", "Paused"],
  done: ["good", "Done"],
  failed: ["bad", "Failed"],
  stopped: ["warn", "Stopped"],
  cancelled: ["quiet", "Cancelled"],
};

/** How a trigger stands, in a word. */
export function TriggerPill({ state }: { state: string }) {
  const [tone, words] = TRIGGERS[state] ?? ["quiet", state];
  return <Pill tone={tone}>{words}</Pill>;
}
