// SPDX-License-Identifier: Apache-2.0
// What was asked for afterwards: sent again to whom, by whom; edits that were applied.
import { useEffect } from "preact/hooks";
import { OURS } from "../../api/client";
import { number } from "../../lib/format";
import { invalidate, useQuery } from "../../lib/query";
import { Section } from "../../ui/page";
import { Time } from "../../ui/pill";
import { Table } from "../../ui/table";
import { isLive } from "./progress";
import type { Progress, Repeat } from "./types";

const WORDS: Record<string, string> = {
  failed: "to those who failed",
  in_doubt: "to those in doubt",
  joined_since: "to people who joined since",
};

/** Nothing while nobody asked for anything. */
export function Repeats({ progress }: { progress: Progress }) {
  const path = `${OURS}/triggers/${progress.id}/history`;
  const query = useQuery<{ again: Repeat[] }>(path, {
    every: isLive(progress) ? 5_000 : null,
  });
  const { repeating } = progress;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was asked for is old when it begins and ends
  useEffect(() => invalidate(path), [repeating, path]);
  const again = query.data?.again ?? [];
  if (again.length === 0) return null;
  return (
    <Section title="Sent again">
      <Table
        caption="Repeats of this trigger, oldest first"
        rows={again.map((one, no) => ({ ...one, no }))}
        rowKey={(one) => one.no}
        columns={[
          { key: "at", label: "When", show: (one) => <Time ms={one.asked_at * 1_000} /> },
          { key: "by", label: "By", show: (one) => one.asked_by },
          {
            key: "to",
            label: "To whom",
            show: (one) => (
              <>
                {WORDS[one.to] ?? one.to}
                {one.reasons.length > 0 && ` (${one.reasons.join(", ")})`}
                {one.cause && <div class="muted small break">{one.cause}</div>}
              </>
            ),
          },
          { key: "queued", label: "Queued again", number: true, show: (one) => number(one.queued) },
          { key: "done", label: "State", show: (one) => (one.done ? "done" : "being queued") },
        ]}
      />
    </Section>
  );
}
