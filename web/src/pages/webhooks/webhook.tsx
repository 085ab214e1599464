// SPDX-License-Identifier: Apache-2.0
// One reporting webhook: how it stands, which calls failed, and sending events again.
import { useState } from "preact/hooks";
import { del, OURS, post } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { useMay } from "../../app/session";
import { duration, number } from "../../lib/format";
import { invalidate, useQuery } from "../../lib/query";
import { navigate } from "../../lib/router";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { Page, Section } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { HOOKS, type Standing, timeOf, type Webhook } from "./events";
import { SecretDialog, WebhookForm } from "./form";
import { Replay } from "./replay";
import "./webhooks.css";

const EVERY_MS = 5_000;

type Asked = "edit" | "replay" | "rotate" | "remove" | null;

/** `/webhooks/:id`. */
export default function WebhookPage({ params }: PageProps) {
  const id = encodeURIComponent(params.id ?? "");
  const log = `${OURS}/reporting_webhooks/${id}/attempts`;
  const query = useQuery<Webhook>(`${HOOKS}/${id}`);
  const standing = useQuery<Standing>(log, { every: EVERY_MS });
  const mayEdit = useMay("edit");
  const [asked, setAsked] = useState<Asked>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const hook = query.data;
  const close = () => setAsked(null);
  return (
    <Page
      title={hook?.name ?? "Webhook"}
      parent={{ href: "/webhooks", label: "Reporting webhooks" }}
      badge={hook?.disabled ? <Pill tone="warn">disabled</Pill> : undefined}
      actions={
        hook &&
        mayEdit && (
          <>
            <Button onClick={() => setAsked("edit")}>Change</Button>
            <Button onClick={() => setAsked("replay")}>Send events again</Button>
            <Button onClick={() => setAsked("rotate")}>New secret</Button>
            <Button kind="danger" onClick={() => setAsked("remove")}>
              Remove
            </Button>
          </>
        )
      }
    >
      <Loaded query={query} lines={3}>
        {(one) => (
          <dl class="facts">
            <div>
              <dt>Endpoint</dt>
              <dd class="break">{one.endpoint}</dd>
            </div>
            <div>
              <dt>Events</dt>
              <dd class="break">{one.events.join(", ")}</dd>
            </div>
          </dl>
        )}
      </Loaded>
      <Section title="How it stands">
        <Loaded query={standing} lines={8}>
          {(one) => <Log standing={one} />}
        </Loaded>
      </Section>
      {hook && asked === "edit" && <WebhookForm webhook={hook} onClose={close} />}
      {hook && asked === "replay" && <Replay hook={hook} onClose={close} onSent={() => invalidate(log)} />}
      {hook && (
        <Confirm
          title="Make a new signing secret?"
          open={asked === "rotate"}
          onClose={close}
          action="Make it"
          onConfirm={async () => {
            const path = `${OURS}/reporting_webhooks/${id}/rotate_secret`;
            setSecret((await post<{ signing_secret: string }>(path)).signing_secret);
          }}
        >
          Calls are signed with it at once. Receivers that check with the old one refuse them.
        </Confirm>
      )}
      <SecretDialog secret={secret} onClose={() => setSecret(null)} />
      {hook && (
        <Confirm
          title={`Remove ${hook.name}?`}
          open={asked === "remove"}
          onClose={close}
          danger
          action="Remove the webhook"
          onConfirm={async () => {
            await del(`${HOOKS}/${id}`);
            invalidate(HOOKS, { exact: true });
            navigate("/webhooks");
          }}
        >
          What waits for it is not sent.
        </Confirm>
      )}
    </Page>
  );
}

function Log({ standing }: { standing: Standing }) {
  const facts: [string, string][] = [
    ["Delivered", number(standing.delivered)],
    ["Waiting", number(standing.waiting)],
    ["Given up", number(standing.given_up)],
  ];
  return (
    <div class="stack">
      <dl class="facts">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {standing.next_attempt_at !== null && (
          <div>
            <dt>Next attempt</dt>
            <dd>
              <Time ms={standing.next_attempt_at * 1_000} />
            </dd>
          </div>
        )}
      </dl>
      {standing.attempts.length === 0 ? (
        <Empty title="No call has failed" />
      ) : (
        <Table
          caption="The last calls that failed"
          rows={standing.attempts.map((one, no) => ({ ...one, no }))}
          rowKey={(one) => one.no}
          columns={[
            {
              key: "at",
              label: "Event of",
              show: (one) => {
                const ms = timeOf(one.event_id);
                return ms === null ? "" : <Time ms={ms} />;
              },
            },
            { key: "status", label: "Answer", show: (one) => one.status ?? "none" },
            { key: "words", label: "What was said", show: (one) => <span class="break">{one.words}</span> },
            { key: "took", label: "Took", number: true, show: (one) => took(one.took_ms) },
            { key: "id", label: "Event", show: (one) => <code class="break small">{one.event_id}</code> },
          ]}
        />
      )}
    </div>
  );
}

function took(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : duration(ms / 1_000);
}
