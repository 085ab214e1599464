// SPDX-License-Identifier: Apache-2.0
// Reporting webhooks: who is told what becomes of messages.
import { useState } from "preact/hooks";
import { useMay } from "../../app/session";
import { useQuery } from "../../lib/query";
import { Button } from "../../ui/button";
import { Page } from "../../ui/page";
import { Pill } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { HOOKS, type Webhook } from "./events";
import { SecretDialog, WebhookForm } from "./form";
import "./webhooks.css";

/** `/webhooks`. */
export default function Webhooks() {
  const query = useQuery<{ reporting_webhooks: Webhook[] }>(HOOKS);
  const mayEdit = useMay("edit");
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <Page
      title="Reporting webhooks"
      actions={
        mayEdit && (
          <Button kind="primary" onClick={() => setMaking(true)}>
            Make a webhook
          </Button>
        )
      }
    >
      <Loaded query={query}>
        {({ reporting_webhooks: hooks }) =>
          hooks.length === 0 ? (
            <Empty title="Nobody is told yet">
              A webhook tells a server of yours what becomes of each message: sent, bounced, opened and so on.
            </Empty>
          ) : (
            <Table
              caption="Reporting webhooks"
              rows={hooks}
              rowKey={(one) => one.id}
              columns={[
                { key: "name", label: "Name", show: (one) => <a href={`/webhooks/${one.id}`}>{one.name}</a> },
                { key: "to", label: "Endpoint", show: (one) => <span class="break">{one.endpoint}</span> },
                { key: "events", label: "Events", number: true, show: (one) => one.events.length },
                {
                  key: "state",
                  label: "State",
                  show: (one) =>
                    one.disabled ? <Pill tone="warn">disabled</Pill> : <Pill tone="good">on</Pill>,
                },
              ]}
            />
          )
        }
      </Loaded>
      {making && (
        <WebhookForm
          webhook={null}
          onClose={(made) => {
            setMaking(false);
            setSecret(made);
          }}
        />
      )}
      <SecretDialog secret={secret} onClose={() => setSecret(null)} />
    </Page>
  );
}
