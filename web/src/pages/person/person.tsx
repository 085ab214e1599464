// SPDX-License-Identifier: Apache-2.0
// One person: attributes, messages, events, segments, devices, what happened to them.
import { useState } from "preact/hooks";
import { ApiError, del, OURS, patch, post } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { useMay } from "../../app/session";
import { invalidate, useQuery } from "../../lib/query";
import { navigate, useSearch } from "../../lib/router";
import { Confirm } from "../../ui/dialog";
import { Menu } from "../../ui/menu";
import { Page } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { ErrorState, Loaded } from "../../ui/states";
import { Tabs } from "../../ui/tabs";
import { toast } from "../../ui/toast";
import type { Attribute } from "./attribute-values";
import { Attributes, changedPerson } from "./attributes";
import { type Device, Devices } from "./devices";
import { Activities, Events } from "./happened";
import { Messages } from "./messages";
import { Segments } from "./segments";
import { Subscriptions } from "./subscriptions";

interface Person {
  id: string | null;
  email: string | null;
  cio_id: string;
  unsubscribed: boolean;
  created_at: number;
  attributes: Attribute[];
  devices: Device[];
  merged: string[];
}

const TABS = [
  { key: "attributes", label: "Attributes" },
  { key: "messages", label: "Messages" },
  { key: "events", label: "Events" },
  { key: "segments", label: "Segments" },
  { key: "subscriptions", label: "Subscriptions" },
  { key: "devices", label: "Devices" },
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

/** `/people/cio_…?tab=`. */
export default function PersonPage({ params }: PageProps) {
  const cio = (params.id ?? "").replace(/^cio_/, "");
  const query = useQuery<{ person: Person }>(`${OURS}/people/cio_${encodeURIComponent(cio)}`);
  const [search, setSearch] = useSearch();
  const tab = TABS.find((one) => one.key === search.get("tab"))?.key ?? "attributes";
  const [ending, setEnding] = useState<Ending | null>(null);
  const mayEdit = useMay("edit");
  const person = query.data?.person;
  const parent = { href: "/people", label: "People" };
  if (!person && query.error instanceof ApiError) {
    return (
      <Page title="Person" parent={parent}>
        <ErrorState error={query.error} onRetry={query.refetch} />
      </Page>
    );
  }
  const { id, email } = person ?? { id: null, email: null };
  const name = email ?? id ?? cio;
  return (
    <Page
      title={name}
      parent={parent}
      badge={person?.unsubscribed && <Pill tone="warn">unsubscribed</Pill>}
      actions={
        mayEdit && (
          <Menu
            label="Actions for this person"
            items={[
              {
                label: person?.unsubscribed ? "Subscribe again" : "Unsubscribe",
                onSelect: async () => {
                  await patch(`${OURS}/people/${cio}`, {
                    attributes: { unsubscribed: !person?.unsubscribed },
                  });
                  changedPerson(cio);
                  toast(person?.unsubscribed ? "Subscribed again" : "Unsubscribed");
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
        <dt>Since</dt>
        <dd>{person ? <Time ms={person.created_at * 1_000} /> : "…"}</dd>
        {person && person.merged.length > 0 && (
          <>
            <dt>Merged from</dt>
            <dd>
              <code class="break">{person.merged.join(", ")}</code>
            </dd>
          </>
        )}
      </dl>
      <Loaded query={query}>
        {(data) => (
          <Tabs
            label="About this person"
            tabs={TABS}
            value={tab}
            onChange={(to) => setSearch({ tab: to === "attributes" ? null : to })}
          >
            {tab === "attributes" && <Attributes attributes={data.person.attributes} cio={cio} />}
            {tab === "messages" && <Messages cio={cio} />}
            {tab === "events" && <Events cio={cio} />}
            {tab === "segments" && <Segments cio={cio} />}
            {tab === "subscriptions" && <Subscriptions cio={cio} email={data.person.email} />}
            {tab === "devices" && <Devices devices={data.person.devices} cio={cio} />}
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
            invalidate(`${OURS}/people?`);
            navigate("/people");
          }}
        >
          {ENDINGS[ending].words}
        </Confirm>
      )}
    </Page>
  );
}
