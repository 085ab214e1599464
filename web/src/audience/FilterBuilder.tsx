// SPDX-License-Identifier: Apache-2.0
// A filter as a tree of conditions to be clicked together, and as JSON: two views of one value.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { OURS } from "../api/client";
import { CodeEditor } from "../editor/CodeEditor";
import { aboutAll } from "../editor/offsets";
import { useQuery } from "../lib/query";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Menu, type MenuItem } from "../ui/menu";
import { type Attribute, ComparisonFields } from "./ComparisonFields";
import { EventFields } from "./EventFields";
import {
  type Audience,
  afterRemoval,
  at,
  blank,
  type Fault,
  type Filter,
  faults,
  isEverybody,
  kindOf,
  membersOf,
  moveAt,
  readPasted,
  replaceAt,
  withMembers,
} from "./filter";
import { MessageFields } from "./MessageFields";
import "./audience.css";

export interface Segment {
  id: number;
  name: string;
}

interface BuilderProps {
  value: Audience;
  onChange: (audience: Audience) => void;
  /** Faults are shown once somebody tried to go on. */
  showFaults?: boolean;
  /** Conditions of a segment: on events, and with all operators; somebody is meant, not everybody. */
  rich?: boolean;
}

/** Where the focus goes once a change is drawn: into the fields of a condition, or to its menu. */
interface Place {
  path: readonly number[];
  to: "fields" | "menu";
}

interface Tools {
  root: Filter;
  set: (filter: Filter | null, place?: Place) => void;
  segments: readonly Segment[];
  attributes: readonly Attribute[];
  faults: readonly Fault[];
  rich: boolean;
}

/** The segments of this workspace, for choosing and for sentences. */
export function useSegments(): readonly Segment[] {
  return useQuery<{ segments: Segment[] }>("/v1/segments").data?.segments ?? [];
}

function Group({ filter, path, tools }: { filter: Filter; path: readonly number[]; tools: Tools }) {
  const members = membersOf(filter);
  const kind = kindOf(filter);
  const set = (part: Filter | null, place?: Place) => tools.set(replaceAt(tools.root, path, part), place);
  const add = (part: Filter, at: readonly number[]) =>
    set(withMembers(filter, [...members, part]), { path: [...path, ...at], to: "fields" });
  return (
    <fieldset class="filter-group">
      <legend class="visually-hidden">
        {kind === "not" ? "Not" : `Group of ${members.length} conditions`}
      </legend>
      <div class="row">
        <select
          class="control"
          aria-label="How the conditions are joined"
          value={kind}
          onChange={(event) => {
            const next = event.currentTarget.value;
            if (next === "not") set({ not: members.length === 1 && members[0] ? members[0] : filter });
            else if (kind === "not") set(next === "and" ? { and: members } : { or: members });
            else set(next === "and" ? { and: members } : { or: members });
          }}
        >
          <option value="and">All of these</option>
          <option value="or">At least one of these</option>
          <option value="not">Not</option>
        </select>
      </div>
      <ul class="filter-members">
        {members.map((member, no) => (
          <li key={no}>
            <Node filter={member} path={[...path, no]} tools={tools} />
          </li>
        ))}
      </ul>
      {kind !== "not" && (
        <div class="row">
          <Button kind="quiet" onClick={() => add(blank(), [members.length])}>
            + Condition
          </Button>
          <Button kind="quiet" onClick={() => add({ or: [blank()] }, [members.length, 0])}>
            + Group
          </Button>
        </div>
      )}
    </fieldset>
  );
}

function placeOf(path: readonly number[], root: Filter): string {
  let pointer = "";
  let part: Filter | undefined = root;
  for (const step of path) {
    if (!part) break;
    pointer += "not" in part ? "/not" : `/${kindOf(part)}/${step}`;
    part = membersOf(part)[step];
  }
  return pointer;
}

function Node({ filter, path, tools }: { filter: Filter; path: readonly number[]; tools: Tools }) {
  const kind = kindOf(filter);
  const set = (part: Filter | null) => tools.set(replaceAt(tools.root, path, part));
  const leaf = kind === "segment" || kind === "attribute" || kind === "event" || kind === "message";
  const pointer = placeOf(path, tools.root);
  const told = leaf ? tools.faults.filter((one) => one.pointer.startsWith(`${pointer}/${kind}`)) : [];
  const parent = at(tools.root, path.slice(0, -1));
  const last = parent ? membersOf(parent).length - 1 : 0;
  const place = path.at(-1) ?? 0;
  const move = (by: -1 | 1) =>
    tools.set(moveAt(tools.root, path, by), { path: [...path.slice(0, -1), place + by], to: "menu" });
  const remove = () => {
    const left = replaceAt(tools.root, path, null);
    tools.set(left, { path: afterRemoval(left, path) ?? [], to: "menu" });
  };
  const items: MenuItem[] = [
    { label: "Put into a group", onSelect: () => set({ or: [filter] }) },
    { label: "Turn round (not)", onSelect: () => set("not" in filter ? filter.not : { not: filter }) },
    ...(path.length > 0
      ? [
          {
            label: "Move up",
            disabled: place === 0,
            onSelect: () => move(-1),
          },
          {
            label: "Move down",
            disabled: place >= last,
            onSelect: () => move(1),
          },
        ]
      : []),
    { label: "Remove", danger: true, onSelect: remove },
  ];
  return (
    <div class="filter-node" data-path={path.join(".")}>
      <div class={leaf ? "filter-leaf" : "grow"}>
        {leaf ? (
          <>
            <select
              class="control"
              aria-label="Kind of condition"
              value={kind}
              onChange={(event) => {
                const next = event.currentTarget.value;
                if (next === "segment") set({ segment: { id: 0 } });
                else if (next === "message") set({ message: { broadcast: 0, metric: "sent" } });
                else set(next === "event" ? { event: { name: "" } } : blank());
              }}
            >
              <option value="attribute">Attribute</option>
              {tools.rich && <option value="event">Event</option>}
              {tools.rich && <option value="message">Message</option>}
              <option value="segment">Segment</option>
            </select>
            {"segment" in filter && (
              <select
                class="control"
                aria-label="Segment"
                aria-invalid={told.length > 0 || undefined}
                value={String(filter.segment.id)}
                onChange={(event) => set({ segment: { id: Number(event.currentTarget.value) } })}
              >
                <option value="0">Choose…</option>
                {tools.segments.map((one) => (
                  <option key={one.id} value={String(one.id)}>
                    {one.name}
                  </option>
                ))}
                {filter.segment.id > 0 && !tools.segments.some((one) => one.id === filter.segment.id) && (
                  <option value={String(filter.segment.id)}>segment {filter.segment.id} (not there)</option>
                )}
              </select>
            )}
            {"event" in filter && (
              <EventFields condition={filter.event} onChange={(event) => set({ event })} />
            )}
            {"message" in filter && (
              <MessageFields condition={filter.message} onChange={(message) => set({ message })} />
            )}
            {"attribute" in filter && (
              <ComparisonFields
                of={tools.rich ? "segment" : "filter"}
                condition={filter.attribute}
                onChange={(attribute) => set({ attribute })}
                attributes={tools.attributes}
                faults={told.map((one) => one.pointer)}
              />
            )}
            {told.map((one) => (
              <p key={one.pointer} class="field-error">
                {one.message}
              </p>
            ))}
          </>
        ) : (
          <Group filter={filter} path={path} tools={tools} />
        )}
      </div>
      <Menu label="Actions for this condition" items={items} />
    </div>
  );
}

function JsonDialog({
  value,
  onChange,
  open,
  onClose,
  rich = false,
}: BuilderProps & { open: boolean; onClose: () => void }) {
  const [text, setText] = useState<string | null>(null);
  const shown = text ?? JSON.stringify(value, null, 2);
  const found = useMemo(() => readPasted(shown, rich), [shown, rich]);
  const diagnostics = useMemo(
    () => ("fault" in found ? [aboutAll(`${found.fault.pointer} ${found.fault.message}`.trim())] : []),
    [found],
  );
  const close = () => {
    setText(null);
    onClose();
  };
  return (
    <Dialog
      title={rich ? "The conditions as JSON" : "The filter as JSON"}
      open={open}
      onClose={close}
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            kind="primary"
            disabled={"fault" in found}
            onClick={() => {
              if ("audience" in found) onChange(found.audience);
              close();
            }}
          >
            Use it
          </Button>
        </>
      }
    >
      <CodeEditor
        label={rich ? "Conditions" : "Filter"}
        language="json"
        hint={
          rich
            ? "As conditions of the API. You can also paste a whole body or a curl command."
            : "As recipients of the API. You can also paste a whole trigger body or a curl command. {} is everybody."
        }
        value={shown}
        diagnostics={diagnostics}
        onChange={setText}
      />
    </Dialog>
  );
}

function goTo(frame: HTMLElement | null, { path, to }: Place): void {
  const node = frame?.querySelector(`[data-path="${path.join(".")}"]`);
  const fields = node?.querySelector<HTMLElement>(".filter-field");
  const target = to === "fields" ? fields : node?.querySelector<HTMLElement>(":scope > .menu > button");
  (target ?? frame?.querySelector<HTMLElement>(".filter-foot button"))?.focus();
}

/** Edits `value`; `{}` is everybody. */
export function FilterBuilder({ value, onChange, showFaults = false, rich = false }: BuilderProps) {
  const segments = useSegments();
  const { data } = useQuery<{ attributes: Attribute[] }>(`${OURS}/attributes`);
  const [json, setJson] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const next = useRef<Place | null>(null);
  const set = (filter: Filter | null, place?: Place) => {
    next.current = place ?? null;
    onChange(filter ?? {});
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once the change is drawn
  useLayoutEffect(() => {
    const place = next.current;
    next.current = null;
    if (place) goTo(frame.current, place);
  }, [value]);
  const tools: Tools | null = isEverybody(value)
    ? null
    : {
        root: value as Filter,
        set,
        segments,
        attributes: data?.attributes ?? [],
        faults: showFaults ? faults(value as Filter) : [],
        rich,
      };
  return (
    <div class="filter" ref={frame}>
      {tools ? (
        <Node filter={tools.root} path={[]} tools={tools} />
      ) : (
        <p class="filter-everybody">
          {rich ? (
            <span class="muted">No condition yet.</span>
          ) : (
            <>
              <strong>Everybody</strong> <span class="muted">No condition: all people of the workspace.</span>
            </>
          )}
        </p>
      )}
      <div class="row filter-foot">
        {!tools && (
          <Button onClick={() => set({ and: [blank()] }, { path: [0], to: "fields" })}>
            Add a condition
          </Button>
        )}
        {tools && !("and" in tools.root) && !("or" in tools.root) && (
          <Button
            kind="quiet"
            onClick={() => set({ and: [tools.root, blank()] }, { path: [1], to: "fields" })}
          >
            + Condition
          </Button>
        )}
        {tools && !rich && (
          <Button kind="quiet" onClick={() => set(null, { path: [], to: "menu" })}>
            Everybody instead
          </Button>
        )}
        <Button kind="quiet" onClick={() => setJson(true)}>
          As JSON
        </Button>
      </div>
      <JsonDialog value={value} onChange={onChange} open={json} onClose={() => setJson(false)} rich={rich} />
    </div>
  );
}
