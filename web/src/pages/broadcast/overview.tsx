// SPDX-License-Identifier: Apache-2.0
// A broadcast at a glance: what it is, what it did, what to do next.

import { OURS } from "../../api/client";
import { useSegments } from "../../audience/FilterBuilder";
import { sentence } from "../../audience/filter";
import { number, people } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { CopyButton, LinkButton } from "../../ui/button";
import { Section } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { TriggerPill } from "../broadcasts/state";
import { actionName, type Broadcast, CHANNELS } from "../broadcasts/types";
import type { Send } from "../trigger/types";
import { goalWords } from "./goal";

const POLL_MS = 5_000;

function Next({ broadcast }: { broadcast: Broadcast }) {
  if (broadcast.state === "running") return null;
  return (
    <div class="banner">
      <p>
        {broadcast.state === "stopped"
          ? "It is stopped and accepts no triggers. Review it to activate it again."
          : "It is a draft: nobody is sent anything until it is activated."}
      </p>
      <div class="row">
        {broadcast.actions.length === 0 ? (
          <LinkButton kind="primary" href={`/broadcasts/${broadcast.id}/workflow`}>
            Add a message
          </LinkButton>
        ) : (
          <LinkButton kind="primary" href={`/broadcasts/${broadcast.id}/review`}>
            Review and activate
          </LinkButton>
        )}
      </div>
    </div>
  );
}

/** The first page of a broadcast. */
export function Overview({ broadcast }: { broadcast: Broadcast }) {
  const segments = useSegments();
  const sends = useQuery<{ sends: Send[] }>(`${OURS}/broadcasts/${broadcast.id}/sends?limit=1`, {
    every: POLL_MS,
  });
  const last = sends.data?.sends[0];
  const names = new Map(segments.map((one) => [one.id, one.name]));
  return (
    <div class="stack">
      <Next broadcast={broadcast} />
      <div class="grid-2">
        <div class="card">
          <h2>Last trigger</h2>
          {last ? (
            <>
              <div class="row">
                <span class="big-number">{people(last.people)}</span> <TriggerPill state={last.state} />
              </div>
              <dl class="facts">
                <dt>When</dt>
                <dd>
                  <Time ms={last.created_at * 1_000} ago />
                </dd>
                <dt>Sent</dt>
                <dd>{number(last.numbers.sent)}</dd>
                <dt>Failed</dt>
                <dd>{number(last.numbers.failed)}</dd>
                <dt>Opened by people</dt>
                <dd>{number(last.heard.human_opened)}</dd>
                <dt>Clicked by people</dt>
                <dd>{number(last.heard.human_clicked)}</dd>
                <dt>Converted</dt>
                <dd>
                  {broadcast.goal || last.heard.converted > 0
                    ? number(last.heard.converted)
                    : "nothing does without a goal"}
                </dd>
              </dl>
              <div class="row">
                <LinkButton href={`/triggers/${last.id}`}>Open trigger {last.id}</LinkButton>
                <LinkButton href={`/broadcasts/${broadcast.id}/sends`}>All sends</LinkButton>
              </div>
            </>
          ) : (
            <Loaded query={sends} lines={8}>
              {() => <p class="muted">It was never triggered.</p>}
            </Loaded>
          )}
        </div>
        <div class="card">
          <h2>Set up</h2>
          <dl class="facts">
            <dt>Broadcast id</dt>
            <dd class="row">
              <code>{broadcast.id}</code> <CopyButton text={String(broadcast.id)} />
            </dd>
            <dt>Recipients</dt>
            <dd>
              {sentence(broadcast.recipients, names)}
              <span class="muted">, unless the call says otherwise</span>
            </dd>
            <dt>Goal</dt>
            <dd>{goalWords(broadcast.goal, names)}</dd>
            <dt>First activated</dt>
            <dd>
              {broadcast.first_started_at ? <Time ms={broadcast.first_started_at * 1_000} /> : "not yet"}
            </dd>
            <dt>Last changed</dt>
            <dd>
              <Time ms={broadcast.updated_at * 1_000} />
              {broadcast.changed_by && ` by ${broadcast.changed_by}`}
            </dd>
          </dl>
        </div>
      </div>
      <Section title="Messages" hint="All are sent at once.">
        {broadcast.actions.length === 0 ? (
          <Empty title="No messages yet" />
        ) : (
          <ul class="workflow">
            {broadcast.actions.map((action) => (
              <li key={action.id} class="row">
                <Pill>{CHANNELS[action.kind] ?? action.kind}</Pill>
                <a href={`/broadcasts/${broadcast.id}/actions/${action.id}`}>{actionName(action)}</a>
                {action.sending_state !== "automatic" && <Pill tone="warn">{action.sending_state}</Pill>}
              </li>
            ))}
          </ul>
        )}
      </Section>
    </div>
  );
}
