// SPDX-License-Identifier: Apache-2.0
// What was heard of a trigger's messages after they left, and which entries of its call reach nobody.
import { Bars } from "../../charts/Bars";
import { basisOf, basisWords, sharedOf } from "../../lib/basis";
import { number, percent } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { alone, WHOSE_WORDS } from "../../lib/whose";
import { Section } from "../../ui/page";
import { Loaded } from "../../ui/states";
import { isLive } from "./progress";
import type { Progress } from "./types";

const SHOWN = [
  ["delivered", "Delivered"],
  ["human_opened", "Opened by people"],
  ["opened", "Opened by machines alone"],
  ["human_clicked", "Clicked by people"],
  ["clicked", "Clicked by machines alone"],
  ["converted", "Converted"],
  ["bounced", "Bounced"],
  ["spammed", "Marked as spam"],
  ["unsubscribed", "Unsubscribed"],
] as const;

/** Bars, each beside its share; nothing before anything was sent. */
export function Heard({ progress }: { progress: Progress }) {
  const { sent } = progress.numbers;
  const path = `/v1/broadcasts/${progress.broadcast.id}/triggers/${progress.id}/metrics`;
  const query = useQuery<{ metric: { counts: Record<string, number> } }>(sent > 0 ? path : null, {
    every: isLive(progress) ? 5_000 : 30_000,
  });
  if (sent === 0) return null;
  return (
    <Section title="What was heard" hint="Messages, each counted once.">
      <Loaded query={query} lines={4}>
        {({ metric: { counts } }) => {
          const basis = basisOf(sent, counts.delivered ?? 0);
          return (
            <div class="card">
              <Bars
                label="What was heard of this trigger's messages"
                of={sent}
                items={SHOWN.map(([key, label]) => {
                  const machines = key === "opened" || key === "clicked";
                  const all = counts[key] ?? 0;
                  const value = machines ? alone(all, counts[`human_${key}`] ?? 0) : all;
                  return {
                    label,
                    value,
                    href:
                      value > 0 && !machines ? `/deliveries?trigger=${progress.id}&heard=${key}` : undefined,
                    note: percent(value, sharedOf(key, basis) === "sent" ? sent : (counts.delivered ?? 0)),
                  };
                })}
              />
              <p class="muted small">{basisWords(basis)}</p>
              <details class="small">
                <summary>Who is a machine?</summary>
                <p class="muted">{WHOSE_WORDS}</p>
              </details>
            </div>
          );
        }}
      </Loaded>
    </Section>
  );
}

const MOST = 100;

/** The first of the call's entries, or the file's lines, that name nobody; nothing where all do. */
export function Entries({ progress }: { progress: Progress }) {
  const { errors } = progress.resolved;
  const path = `/v1/broadcasts/${progress.broadcast.id}/triggers/${progress.id}/errors?limit=${MOST}`;
  const query = useQuery<{ errors: string[] }>(errors > 0 ? path : null);
  if (errors === 0) return null;
  return (
    <Section title={`Entries that reach nobody: ${number(errors)}`}>
      <Loaded query={query} lines={3}>
        {(found) => (
          <>
            <ul class="trigger-entries">
              {found.errors.map((words) => (
                <li key={words}>{words}</li>
              ))}
            </ul>
            {errors > MOST && <p class="muted small">The first {MOST} are shown.</p>}
          </>
        )}
      </Loaded>
    </Section>
  );
}
