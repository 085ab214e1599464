// SPDX-License-Identifier: Apache-2.0
// One person: attributes, segments, messages, what happened to them.
import { useState } from "preact/hooks";
import { ApiError, del, get, OURS, patch, post } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { useMay } from "../../app/session";
import { invalidate, useQuery } from "../../lib/query";
import { navigate } from "../../lib/router";
import { Button } from "../../ui/button";
import { Confirm, Dialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { Menu } from "../../ui/menu";
import { Page } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { Empty, ErrorState, Loaded, Problems } from "../../ui/states";
import { Table } from "../../ui/table";
import { Tabs } from "../../ui/tabs";
import { toast } from "../../ui/toast";
import { type Activity, activityWords } from "./activity";

interface Customer {
  id: string | null;
  identifiers: { id: string | null; email: string | null; cio_id: string };
  attributes: Record<string, string>;
  timestamps: Record<string, number>;
  unsubscribed: boolean;
  devices: { id: string; platform: string; last_used: number | null }[];
}

interface Message {
  id: string;
  type: string;
  subject: string | null;
  recipient: string | null;
  broadcast_id: number | null;
  created: number;
  metrics: Record<string, number>;
  failure_message: string | null;
}

const IDENTIFIERS = new Set(["id", "email", "cio_id"]);

function AttributeDialog({
  cio,
  name,
  value,
  onClose,
}: {
  cio: string;
  name: string;
  value: string;
  onClose: () => void;
}) {
  const [called, setCalled] = useState(name);
  const [text, setText] = useState(value);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const save = async (changed: string | null) => {
    setBusy(true);
    setError(null);
    try {
      await patch(`${OURS}/people/${cio}`, { attributes: { [called.trim()]: changed } });
      invalidate(`/v1/customers/${cio}`);
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={name ? `Attribute ${name}` : "A new attribute"}
      open
      onClose={onClose}
      actions={
        <>
          {name && (
            <Button kind="danger" busy={busy} onClick={() => save(null)}>
              Take it away
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={busy} disabled={!called.trim()} onClick={() => save(text)}>
            Save
          </Button>
        </>
      }
    >
      <div class="stack">
        {!name && <TextField label="Name" value={called} onInput={setCalled} />}
        <TextField label="Value" hint="Attributes are compared as text." value={text} onInput={setText} />
        {error !== null && <Problems error={error} />}
      </div>
    </Dialog>
  );
}

function Attributes({ customer, cio }: { customer: Customer; cio: string }) {
  const mayEdit = useMay("edit");
  const [editing, setEditing] = useState<{ name: string; value: string } | null>(null);
  const rows = Object.entries(customer.attributes).filter(([name]) => !IDENTIFIERS.has(name));
  return (
    <div class="stack">
      {rows.length === 0 ? (
        <Empty title="No attributes" />
      ) : (
        <Table
          caption="Attributes"
          rows={rows}
          rowKey={([name]) => name}
          columns={[
            { key: "name", label: "Name", show: ([name]) => <code>{name}</code> },
            { key: "value", label: "Value", show: ([, value]) => <span class="break">{value}</span> },
            {
              key: "changed",
              label: "Changed",
              show: ([name]) =>
                customer.timestamps[name] ? <Time ms={customer.timestamps[name] * 1_000} /> : "–",
            },
            {
              key: "edit",
              label: "Actions",
              hideLabel: true,
              show: ([name, value]) =>
                mayEdit && (
                  <Button
                    kind="quiet"
                    aria-label={`Change ${name}`}
                    onClick={() => setEditing({ name, value })}
                  >
                    Change
                  </Button>
                ),
            },
          ]}
        />
      )}
      {mayEdit && (
        <div>
          <Button onClick={() => setEditing({ name: "", value: "" })}>Add an attribute</Button>
        </div>
      )}
      {customer.devices.length > 0 && (
        <Table
          caption="Devices"
          rows={customer.devices}
          rowKey={(device) => device.id}
          columns={[
            { key: "platform", label: "Device", show: (device) => device.platform },
            { key: "token", label: "Token", show: (device) => <code class="break">{device.id}</code> },
            {
              key: "used",
              label: "Last used",
              show: (device) => (device.last_used ? <Time ms={device.last_used * 1_000} /> : "–"),
            },
          ]}
        />
      )}
      {editing && <AttributeDialog cio={cio} {...editing} onClose={() => setEditing(null)} />}
    </div>
  );
}

function current(message: Message): string {
  const last = Object.entries(message.metrics).sort(([, one], [, other]) => other - one)[0];
  return last?.[0]?.replaceAll("_", " ") ?? "created";
}

function Messages({ cio }: { cio: string }) {
  const query = useQuery<{ messages: Message[] }>(`/v1/customers/${cio}/messages?id_type=cio_id&limit=50`);
  return (
    <Loaded query={query}>
      {({ messages }) =>
        messages.length === 0 ? (
          <Empty title="Nothing was sent to this person" />
        ) : (
          <Table
            caption="Messages"
            rows={messages}
            rowKey={(message) => message.id}
            columns={[
              {
                key: "what",
                label: "Message",
                show: (message) => (
                  <a href={`/deliveries/${encodeURIComponent(message.id)}`}>
                    {message.subject ?? `${message.type} of broadcast ${message.broadcast_id ?? ""}`}
                  </a>
                ),
              },
              { key: "state", label: "State", show: (message) => <Pill>{current(message)}</Pill> },
              { key: "why", label: "Words", show: (message) => message.failure_message ?? "–" },
              { key: "at", label: "Made", show: (message) => <Time ms={message.created * 1_000} /> },
            ]}
          />
        )
      }
    </Loaded>
  );
}

function Segments({ cio }: { cio: string }) {
  const query = useQuery<{ segments: { id: string; name: string; description: string }[] }>(
    `/v1/customers/${cio}/segments?id_type=cio_id`,
  );
  return (
    <Loaded query={query} lines={3}>
      {({ segments }) =>
        segments.length === 0 ? (
          <Empty title="In no segment" />
        ) : (
          <ul>
            {segments.map((one) => (
              <li key={one.id}>
                <a href={`/segments/${one.id}`}>{one.name}</a> <span class="muted">{one.description}</span>
              </li>
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

function Activities({ cio }: { cio: string }) {
  const [pages, setPages] = useState<Activity[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const path = `/v1/customers/${cio}/activities?id_type=cio_id&limit=50`;
  const query = useQuery<{ activities: Activity[]; next: string }>(path);
  return (
    <Loaded query={query}>
      {(first) => {
        const shown = [...first.activities, ...pages];
        const following = next ?? first.next;
        return shown.length === 0 ? (
          <Empty title="Nothing happened in the last 30 days" />
        ) : (
          <div class="stack">
            <Table
              caption="What happened, newest first"
              rows={shown}
              rowKey={(one) => one.id}
              columns={[
                { key: "at", label: "When", show: (one) => <Time ms={one.timestamp * 1_000} /> },
                { key: "what", label: "What", show: (one) => one.type.replaceAll("_", " ") },
                {
                  key: "words",
                  label: "Details",
                  show: (one) => <span class="break">{activityWords(one)}</span>,
                },
              ]}
            />
            {following && (
              <div>
                <Button
                  onClick={async () => {
                    const more = await get<{ activities: Activity[]; next: string }>(
                      `${path}&start=${following}`,
                    );
                    setPages([...pages, ...more.activities]);
                    setNext(more.next);
                  }}
                >
                  Older
                </Button>
              </div>
            )}
          </div>
        );
      }}
    </Loaded>
  );
}

const TABS = [
  { key: "attributes", label: "Attributes" },
  { key: "messages", label: "Messages" },
  { key: "segments", label: "Segments" },
  { key: "activity", label: "Activity" },
] as const;

type Ending = "delete" | "suppress" | "erase";

const ENDINGS: Record<Ending, { title: string; action: string; words: string }> = {
  delete: {
    title: "Delete this person?",
    action: "Delete",
    words:
      "Attributes, segments and devices are gone then. The accounts of messages stay. Identified again, they come back.",
  },
  suppress: {
    title: "Suppress this person?",
    action: "Suppress",
    words: "They are deleted, and calls that name their id or e-mail are ignored from then on.",
  },
  erase: {
    title: "Erase this person everywhere?",
    action: "Erase",
    words:
      "Everything that tells who they are is taken out, also of accounts, events and captured mail. Only counts stay. This cannot be undone.",
  },
};

/** `/people/cio_…`. */
export default function PersonPage({ params }: PageProps) {
  const cio = (params.id ?? "").replace(/^cio_/, "");
  const query = useQuery<{ customer: Customer }>(
    `/v1/customers/${encodeURIComponent(cio)}/attributes?id_type=cio_id`,
  );
  const [tab, setTab] = useState<string>("attributes");
  const [ending, setEnding] = useState<Ending | null>(null);
  const mayEdit = useMay("edit");
  const customer = query.data?.customer;
  const parent = { href: "/people", label: "People" };
  if (!customer && query.error instanceof ApiError) {
    return (
      <Page title="Person" parent={parent}>
        <ErrorState error={query.error} onRetry={query.refetch} />
      </Page>
    );
  }
  const { id, email } = customer?.identifiers ?? { id: null, email: null };
  const name = email ?? id ?? cio;
  return (
    <Page
      title={name}
      parent={parent}
      badge={customer?.unsubscribed && <Pill tone="warn">unsubscribed</Pill>}
      actions={
        mayEdit && (
          <Menu
            label="Actions for this person"
            items={[
              {
                label: customer?.unsubscribed ? "Subscribe again" : "Unsubscribe",
                onSelect: async () => {
                  await patch(`${OURS}/people/${cio}`, {
                    attributes: { unsubscribed: !customer?.unsubscribed },
                  });
                  invalidate(`/v1/customers/${cio}`);
                  toast(customer?.unsubscribed ? "Subscribed again" : "Unsubscribed");
                },
              },
              { label: "Delete", danger: true, onSelect: () => setEnding("delete") },
              { label: "Suppress", danger: true, onSelect: () => setEnding("suppress") },
              { label: "Erase everywhere", danger: true, onSelect: () => setEnding("erase") },
            ]}
          >
            Actions
          </Menu>
        )
      }
    >
      <dl class="facts">
        <dt>Id</dt>
        <dd>{id ?? "–"}</dd>
        <dt>E-mail</dt>
        <dd>{email ?? "–"}</dd>
        <dt>cio_id</dt>
        <dd>
          <code>{cio}</code>
        </dd>
      </dl>
      <Loaded query={query}>
        {(data) => (
          <Tabs label="About this person" tabs={TABS} value={tab} onChange={setTab}>
            {tab === "attributes" && <Attributes customer={data.customer} cio={cio} />}
            {tab === "messages" && <Messages cio={cio} />}
            {tab === "segments" && <Segments cio={cio} />}
            {tab === "activity" && <Activities cio={cio} />}
          </Tabs>
        )}
      </Loaded>
      {ending && (
        <Confirm
          title={ENDINGS[ending].title}
          open
          danger
          typed={ending === "erase" ? name : undefined}
          action={ENDINGS[ending].action}
          onClose={() => setEnding(null)}
          onConfirm={async () => {
            if (ending === "delete") await del(`${OURS}/people/${cio}`);
            else if (ending === "suppress") await post(`${OURS}/people/${cio}/suppress`);
            else await post(`${OURS}/people/erase`, { cio_id: cio });
            invalidate(`${OURS}/people`);
            navigate("/people");
          }}
        >
          {ENDINGS[ending].words}
        </Confirm>
      )}
    </Page>
  );
}
