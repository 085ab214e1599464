// SPDX-License-Identifier: Apache-2.0
// What was heard of a trigger's messages after they left, and which entries of its call reach nobody.
import { OURS } from "../../api/client";
import { useSegments } from "../../audience/FilterBuilder";
import { Bars } from "../../charts/Bars";
import { basisOf, basisWords, sharedOf } from "../../lib/basis";
import { number, percent } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { alone, WHOSE_WORDS } from "../../lib/whose";
import { Section } from "../../ui/page";
import { Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { CHANNELS } from "../broadcasts/types";
import {
  type ActionNumbers,
  convertedWords,
  copiesWords,
  heardWords,
  isUntold,
  machineWords,
  type TriggerActions,
  totalsOf,
} from "./by-action";
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

function Machines({ words }: { words: string }) {
  return words ? <div class="muted small">{words}</div> : null;
}

/** The messages side by side; nothing where there is only one. */
function ByAction({ actions }: { actions: readonly ActionNumbers[] }) {
  if (actions.length < 2) return null;
  const heard = (metric: string, label: string) => ({
    key: metric,
    label,
    number: true,
    show: (one: ActionNumbers) => heardWords(one, metric),
  });
  const byWhom = (metric: "opened" | "clicked", label: string) => ({
    ...heard(`human_${metric}`, label),
    show: (one: ActionNumbers) => (
      <div>
        {heardWords(one, `human_${metric}`)}
        <Machines words={machineWords(one, metric)} />
      </div>
    ),
  });
  return (
    <Table
      caption="What became of each action's messages in this trigger"
      rows={actions}
      rowKey={(one) => one.id}
      columns={[
        {
          key: "name",
          label: "Action",
          show: (one) => (
            <span class="break">
              {one.name || `Action ${one.id}`}{" "}
              <span class="muted small">{CHANNELS[one.kind] ?? one.kind}</span>
            </span>
          ),
        },
        { key: "sent", label: "Sent", number: true, show: (one) => number(one.metrics.sent ?? 0) },
        heard("delivered", "Delivered"),
        byWhom("opened", "Opened by people"),
        byWhom("clicked", "Clicked by people"),
        heard("converted", "Converted"),
        heard("bounced", "Bounced"),
      ]}
    />
  );
}

/** What became of copies to those in a fake bcc; nothing where there were none. */
function CopiesSent({ actions }: { actions: readonly ActionNumbers[] }) {
  const some = actions.filter((one) => one.copies);
  return some.map((one) => {
    const lost = one.copies && one.copies.not_sent + one.copies.unknown > 0;
    return (
      <p key={one.id} class={`break ${lost ? "banner banner-warn" : "muted small"}`}>
        Copies to those in its fake bcc
        {actions.length > 1 && ` (${one.name || `action ${one.id}`})`}: {copiesWords(one)}. They are in none
        of the numbers{lost ? `, and are not sent again. Last reason: ${one.copies?.last_reason}` : "."}
      </p>
    );
  });
}

/** Bars, each beside its share; nothing before anything was sent. */
export function Heard({ progress }: { progress: Progress }) {
  const { sent } = progress.numbers;
  const path = `${OURS}/triggers/${progress.id}/actions`;
  const query = useQuery<TriggerActions>(sent > 0 ? path : null, {
    every: isLive(progress) ? 5_000 : 30_000,
  });
  const segments = useSegments();
  const names = new Map(segments.map((one) => [one.id, one.name]));
  if (sent === 0) return null;
  return (
    <Section title="What was heard" hint="Messages, each counted once.">
      <Loaded query={query} lines={4}>
        {({ actions, goal }) => {
          const counts = totalsOf(actions);
          const basis = basisOf(sent, counts.delivered ?? 0);
          return (
            <div class="stack">
              <div class="card">
                <Bars
                  label="What was heard of this trigger's messages"
                  of={sent}
                  items={SHOWN.filter(([key]) => goal || counts[key] || key !== "converted").map(
                    ([key, label]) => {
                      const machines = key === "opened" || key === "clicked";
                      const all = counts[key] ?? 0;
                      const value = machines ? alone(all, counts[`human_${key}`] ?? 0) : all;
                      return {
                        label,
                        value,
                        href:
                          value > 0 && !machines
                            ? `/deliveries?trigger=${progress.id}&heard=${key}`
                            : undefined,
                        note:
                          key === "delivered" && isUntold(counts)
                            ? "not told"
                            : percent(
                                value,
                                sharedOf(key, basis) === "sent" ? sent : (counts.delivered ?? 0),
                              ),
                      };
                    },
                  )}
                />
                <p class="muted small">{basisWords(basis)}</p>
                <p class="muted small break">{convertedWords(goal, counts.converted ?? 0, names)}</p>
                <details class="small">
                  <summary>Who is a machine?</summary>
                  <p class="muted">{WHOSE_WORDS}</p>
                </details>
              </div>
              <ByAction actions={actions} />
              <CopiesSent actions={actions} />
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
