// SPDX-License-Identifier: Apache-2.0
// Every broadcast: its state, what it did last, what it does now.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { OURS, patch, post } from "../../api/client";
import { useMay } from "../../app/session";
import { number, people, percent, relative } from "../../lib/format";
import { invalidate, useQuery } from "../../lib/query";
import { navigate, useSearch } from "../../lib/router";
import { Button } from "../../ui/button";
import { Confirm, FormDialog } from "../../ui/dialog";
import { SelectField, TextField } from "../../ui/field";
import { Menu } from "../../ui/menu";
import { Page } from "../../ui/page";
import { useSaving } from "../../ui/saving";
import { Empty, Loaded } from "../../ui/states";
import { Pager, Table } from "../../ui/table";
import { toast, toastFailure } from "../../ui/toast";
import { CopyActions } from "./copy-actions";
import { DaysSparkline } from "./sparkline";
import { StatePill, TriggerPill } from "./state";
import type { Broadcast, ListedBroadcast } from "./types";
import "./broadcasts.css";

const PATH = `${OURS}/broadcasts`;
const POLL_MS = 5_000;
const SHOWN = 50; // on a page

interface Answer {
  broadcasts: ListedBroadcast[];
  counts: Record<string, number>;
  next: number | null;
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const saving = useSaving(["/name"]);
  return (
    <FormDialog
      title="Create a broadcast"
      onClose={onClose}
      saving={saving}
      action="Create"
      onSave={async () => {
        const made = await post<{ broadcast: Broadcast }>(PATH, { name });
        invalidate(PATH);
        navigate(`/broadcasts/${made.broadcast.id}/recipients`);
      }}
    >
      <TextField
        label="Name"
        hint="Its messages go out when your program calls the API, or when you trigger it by hand."
        value={name}
        error={saving.about("/name")}
        onInput={setName}
      />
    </FormDialog>
  );
}

function LastTriggerCell({ broadcast }: { broadcast: ListedBroadcast }) {
  const last = broadcast.last_trigger;
  if (!last) return <span class="muted">never</span>;
  const running = broadcast.running_triggers > 0 && last.accounts > 0 && last.finished < last.accounts;
  return (
    <div class="stack-tight">
      <a href={`/triggers/${last.id}`}>
        {relative(last.created_at * 1_000)}, {people(last.audience)}
      </a>
      {running ? (
        <span class="row small">
          <progress class="list-progress" value={last.finished} max={last.accounts} aria-label="Progress" />
          {percent(last.finished, last.accounts)}
        </span>
      ) : (
        last.state !== "done" && <TriggerPill state={last.state} />
      )}
    </div>
  );
}

function useShortcuts(onCreate: (() => void) | null, search: { current: HTMLDivElement | null }): void {
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
        return;
      if (document.querySelector("dialog[open]")) return;
      if (event.key === "/") {
        event.preventDefault();
        search.current?.querySelector("input")?.focus();
      } else if (event.key === "c" && onCreate) {
        event.preventDefault();
        onCreate();
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [onCreate, search]);
}

/** `/broadcasts?search=&state=&tag=`. */
export default function Broadcasts() {
  const [search, setSearch] = useSearch();
  const text = search.get("search") ?? "";
  const state = search.get("state") ?? "";
  const tag = search.get("tag") ?? "";
  const asked = new URLSearchParams();
  if (text) asked.set("search", text);
  if (tag) asked.set("tag", tag);
  if (state === "archived") asked.set("archived", "only");
  else if (state) asked.set("state", state);
  const start = search.get("start");
  if (start) asked.set("start", start);
  asked.set("limit", String(SHOWN));
  const query = useQuery<Answer>(`${PATH}?${asked}`, { every: POLL_MS });
  const mayEdit = useMay("edit");
  const maySend = useMay("send");
  const [creating, setCreating] = useState(false);
  const [stopping, setStopping] = useState<ListedBroadcast | null>(null);
  const [copying, setCopying] = useState<ListedBroadcast | null>(null);
  const field = useRef<HTMLDivElement>(null);
  useShortcuts(mayEdit ? () => setCreating(true) : null, field);
  const act = async (work: () => Promise<unknown>, done: string) => {
    try {
      await work();
      invalidate(PATH);
      toast(done);
    } catch (failure) {
      toastFailure(failure);
    }
  };
  const items = (one: ListedBroadcast) => [
    {
      label: "Duplicate",
      disabled: !mayEdit,
      onSelect: () =>
        void act(() => post(`${PATH}/${one.id}/duplicate`), `[COPY] ${one.name} is made, inactive`),
    },
    { label: "Copy to another workspace", disabled: !mayEdit, onSelect: () => setCopying(one) },
    {
      label: one.archived ? "Take out of the archive" : "Archive",
      disabled: !mayEdit || one.state === "running",
      onSelect: () =>
        void act(
          () => patch(`${PATH}/${one.id}`, { archived: !one.archived }),
          one.archived ? "Back in the list" : "Archived",
        ),
    },
    {
      label: "Stop",
      danger: true,
      disabled: !maySend || one.state !== "running",
      onSelect: () => setStopping(one),
    },
  ];
  return (
    <Page
      title="Broadcasts"
      actions={
        mayEdit && (
          <Button kind="primary" onClick={() => setCreating(true)}>
            Create broadcast
          </Button>
        )
      }
    >
      <div class="list-filters" ref={field}>
        <div class="list-search">
          <TextField
            label="Search"
            type="search"
            placeholder="Name or number ( / )"
            value={text}
            onInput={(value) => setSearch({ search: value, start: null })}
          />
        </div>
        <SelectField
          label="State"
          value={state}
          onChange={(value) => setSearch({ state: value, start: null })}
          options={(
            [
              ["", "All", undefined],
              ["running", "Active", "running"],
              ["draft", "Draft", "draft"],
              ["stopped", "Stopped", "stopped"],
              ["archived", "Archived", "archived"],
            ] as const
          ).map(([key, words, of]) => [
            key,
            of && query.data ? `${words} (${number(query.data.counts[of] ?? 0)})` : words,
          ])}
        />
      </div>
      {tag && (
        <p class="row">
          Tagged {tag}
          <Button kind="quiet" onClick={() => setSearch({ tag: null, start: null })}>
            Any tag
          </Button>
        </p>
      )}
      <Loaded query={query} lines={8}>
        {({ broadcasts, next }) =>
          broadcasts.length === 0 ? (
            text || state || tag || start ? (
              <Empty
                title="Nothing matches"
                action={
                  <Button onClick={() => setSearch({ search: null, state: null, tag: null, start: null })}>
                    Show all
                  </Button>
                }
              >
                No broadcast of this workspace has such a name, state and tag.
              </Empty>
            ) : (
              <Empty
                title="No broadcasts yet"
                action={
                  mayEdit && (
                    <Button kind="primary" onClick={() => setCreating(true)}>
                      Create the first
                    </Button>
                  )
                }
              >
                A broadcast is one or more messages that go to everybody who matches when it is triggered.
              </Empty>
            )
          ) : (
            <>
              <Table
                caption="Broadcasts"
                rows={broadcasts}
                rowKey={(one) => one.id}
                columns={[
                  {
                    key: "name",
                    label: "Name",
                    show: (one) => (
                      <div>
                        <a class="list-name" href={`/broadcasts/${one.id}`}>
                          {one.name}
                        </a>
                        <div class="muted small list-meta">
                          {one.actions.length === 1 ? "1 message" : `${one.actions.length} messages`}
                          {one.tags.map((name) => (
                            <span key={name}>
                              {" · "}
                              <a class="list-tag" href={`/broadcasts?tag=${encodeURIComponent(name)}`}>
                                {name}
                              </a>
                            </span>
                          ))}
                        </div>
                      </div>
                    ),
                  },
                  {
                    key: "state",
                    label: "State",
                    show: (one) => <StatePill state={one.state} archived={one.archived} />,
                  },
                  { key: "last", label: "Last trigger", show: (one) => <LastTriggerCell broadcast={one} /> },
                  {
                    key: "days",
                    label: "Sent in 14 days",
                    show: (one) => <DaysSparkline days={one.sent_by_day} />,
                  },
                  {
                    key: "menu",
                    label: "Actions",
                    hideLabel: true,
                    show: (one) => <Menu label={`Actions for ${one.name}`} items={items(one)} />,
                  },
                ]}
              />
              <Pager
                next={next === null ? null : String(next)}
                first={!start}
                onGo={(to) => setSearch({ start: to })}
              />
            </>
          )
        }
      </Loaded>
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
      {copying && <CopyActions broadcast={copying} onClose={() => setCopying(null)} />}
      {stopping && (
        <Confirm
          title={`Stop ${stopping.name}?`}
          open
          danger
          action="Stop the broadcast"
          onClose={() => setStopping(null)}
          onConfirm={async () => {
            await post(`${PATH}/${stopping.id}/stop`);
            invalidate(PATH);
          }}
        >
          It accepts no more triggers.{" "}
          {stopping.running_triggers > 0
            ? `${stopping.running_triggers} that are under way stop, too: whoever was not sent a message by then is accounted as stopped.`
            : "Nothing of it is under way."}
        </Confirm>
      )}
    </Page>
  );
}
