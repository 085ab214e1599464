// SPDX-License-Identifier: Apache-2.0
// Deliveries of all triggers, by state, reason, trigger and person; what is looked for stands in the address.
import { currentWorkspace, OURS } from "../../api/client";
import { useQuery } from "../../lib/query";
import { useSearch } from "../../lib/router";
import { Button, LinkButton } from "../../ui/button";
import { SelectField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { SearchField } from "../../ui/search";
import { Empty, Loaded } from "../../ui/states";
import { Pager, Table } from "../../ui/table";
import { ACCOUNT_WORDS, accountTone, csvPath } from "../trigger/progress";
import type { Delivery, StateWord } from "../trigger/types";
import "./deliveries.css";
import { accountOptions, messageOf, nameOf } from "./words";

const STATES: readonly (readonly [string, string])[] = [
  ["", "Any state"],
  ...(Object.entries(ACCOUNT_WORDS) as [StateWord, string][]).map(
    ([state, words]) => [state, words.charAt(0).toUpperCase() + words.slice(1)] as const,
  ),
];
const HEARD = [
  ["", "Anything"],
  ["delivered", "Delivered"],
  ["opened", "Opened"],
  ["clicked", "Clicked"],
  ["converted", "Converted"],
  ["bounced", "Bounced"],
  ["spammed", "Marked as spam"],
  ["unsubscribed", "Unsubscribed"],
] as const;
const NAMES = ["state", "reason", "cause", "heard", "account", "person", "start"] as const;

/** `/deliveries?state=&reason=&cause=&heard=&account=&trigger=&broadcast=&person=&start=`. */
export default function Deliveries() {
  const [search, setSearch] = useSearch();
  const asked = new URLSearchParams();
  for (const name of NAMES) {
    const value = search.get(name);
    if (value !== null) asked.set(name, value);
  }
  const trigger = search.get("trigger");
  const broadcast = search.get("broadcast");
  if (trigger) asked.set("trigger_id", trigger);
  if (broadcast) asked.set("broadcast_id", broadcast);
  const query = useQuery<{ deliveries: Delivery[]; next: string }>(`${OURS}/deliveries?${asked}`);
  const accounts = useQuery<{ providers: { channel: string; account: string }[] }>(`${OURS}/providers`);
  const account = search.get("account");
  const set = (changes: Record<string, string | null>) => setSearch({ ...changes, start: null });
  const reason = search.get("reason");
  const cause = search.get("cause");
  const narrowed = [trigger, broadcast, reason, cause].some((one) => one !== null);
  return (
    <Page
      title="Deliveries"
      actions={
        trigger && (
          <LinkButton
            href={csvPath(OURS, Number(trigger), currentWorkspace(), {
              state: (search.get("state") as StateWord | null) ?? undefined,
              reason: reason ?? undefined,
              cause,
              heard: search.get("heard") ?? undefined,
              account: account ?? undefined,
            })}
            download
          >
            CSV
          </LinkButton>
        )
      }
    >
      <div class="row filters">
        <SelectField
          label="State"
          value={search.get("state") ?? ""}
          onChange={(state) => set({ state })}
          options={STATES}
        />
        <SelectField
          label="Heard"
          value={search.get("heard") ?? ""}
          onChange={(heard) => set({ heard })}
          options={HEARD}
        />
        <SelectField
          label="Through"
          value={account ?? ""}
          onChange={(value) => set({ account: value })}
          options={accountOptions(accounts.data?.providers ?? [], account)}
        />
        <SearchField
          label="Person"
          placeholder="Address, id or cio_…"
          value={search.get("person") ?? ""}
          onChange={(person) => set({ person })}
        />
        {trigger && (
          <Chip words={`Trigger ${trigger}`} onRemove={() => set({ trigger: null, cause: null })} />
        )}
        {broadcast && <Chip words={`Broadcast ${broadcast}`} onRemove={() => set({ broadcast: null })} />}
        {reason && <Chip words={`Reason ${reason}`} onRemove={() => set({ reason: null, cause: null })} />}
        {cause !== null && <Chip words={cause || "without words"} onRemove={() => set({ cause: null })} />}
      </div>
      <Loaded query={query} lines={10}>
        {({ deliveries, next }) => (
          <>
            {deliveries.length === 0 ? (
              <Empty
                title={next ? "None of them is on this page" : "No deliveries"}
                action={
                  next ? (
                    <Button onClick={() => setSearch({ start: next })}>Look further</Button>
                  ) : narrowed ||
                    search.get("state") ||
                    search.get("heard") ||
                    account ||
                    search.get("person") ? (
                    <LinkButton href="/deliveries">Show all</LinkButton>
                  ) : undefined
                }
              >
                {!next && "Each message of each trigger will be here, whatever became of it."}
              </Empty>
            ) : (
              <Table
                caption="Deliveries, newest trigger first"
                rows={deliveries}
                rowKey={(one) => one.id}
                columns={[
                  {
                    key: "person",
                    label: "Person",
                    show: (one) => <a href={`/deliveries/${one.id}`}>{nameOf(one.person)}</a>,
                  },
                  {
                    key: "message",
                    label: "Message",
                    show: (one) => <span class="small">{messageOf(one.action)}</span>,
                  },
                  {
                    key: "state",
                    label: "State",
                    show: (one) => <Pill tone={accountTone(one.state)}>{ACCOUNT_WORDS[one.state]}</Pill>,
                  },
                  {
                    key: "why",
                    label: "What was said",
                    show: (one) => <span class="small">{one.words ?? one.meaning ?? ""}</span>,
                  },
                  {
                    key: "heard",
                    label: "Heard",
                    show: (one) => (
                      <span class="small">{Object.keys(one.heard).filter(isPlain).join(", ") || "–"}</span>
                    ),
                  },
                  {
                    key: "account",
                    label: "Through",
                    show: (one) => <span class="small">{one.account ?? "–"}</span>,
                  },
                  {
                    key: "trigger",
                    label: "Broadcast",
                    show: (one) => (
                      <a href={`/triggers/${one.trigger_id}`}>
                        {one.broadcast.name} <span class="muted">· {one.trigger_id}</span>
                      </a>
                    ),
                  },
                  {
                    key: "at",
                    label: "When",
                    show: (one) => (
                      <Time ms={(one.settled_at ?? one.attempted_at ?? one.created_at) * 1_000} />
                    ),
                  },
                ]}
              />
            )}
            <Pager next={next || null} first={!search.get("start")} onGo={(start) => setSearch({ start })} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function isPlain(metric: string): boolean {
  return !metric.startsWith("human_") && !metric.startsWith("machine_") && !metric.startsWith("prefetch_");
}

function Chip({ words, onRemove }: { words: string; onRemove: () => void }) {
  return (
    <span class="chip">
      <span class="break">{words}</span>
      <Button kind="quiet" aria-label={`Remove: ${words}`} onClick={onRemove}>
        ×
      </Button>
    </span>
  );
}
