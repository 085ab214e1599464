// SPDX-License-Identifier: Apache-2.0
// Messages that wait for somebody: the list and the chosen one side by side, decided by buttons or keys.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { currentWorkspace, OURS, post } from "../../api/client";
import { useMay } from "../../app/session";
import { number } from "../../lib/format";
import { invalidate, useQuery } from "../../lib/query";
import { useSearch } from "../../lib/router";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { CheckField, SelectField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Pager } from "../../ui/table";
import { toast, toastFailure } from "../../ui/toast";
import { type Draft, next as nextOf, parentsOf, parentWords } from "./choice";
import "./drafts.css";

const PATH = `${OURS}/drafts`;

/** Whom it is for: what goes to the person, wherever they are, has no address but their number. */
function to(draft: Draft): string {
  const { recipient, person } = draft;
  return recipient === person.cio_id ? (person.email ?? person.id ?? recipient) : recipient;
}

type Decision = "send" | "delete";

function Preview({ draft, images }: { draft: Draft; images: boolean }) {
  const query = new URLSearchParams({ workspace: String(currentWorkspace() ?? "") });
  if (images) query.set("images", "true");
  return (
    <iframe
      class="draft-frame"
      sandbox=""
      title={`Message to ${to(draft)}`}
      src={`${PATH}/${encodeURIComponent(draft.id)}/html?${query}`}
    />
  );
}

function Chosen({
  draft,
  onDecide,
  busy,
}: {
  draft: Draft;
  onDecide: (what: Decision) => void;
  busy: boolean;
}) {
  const maySend = useMay("send");
  const [images, setImages] = useState(false);
  return (
    <section class="stack-tight" aria-label="The chosen draft">
      <h2 class="break">{draft.subject || "(no subject)"}</h2>
      <dl class="facts">
        <dt>To</dt>
        <dd>
          <a href={`/people/cio_${draft.person.cio_id}`}>{to(draft)}</a>
        </dd>
        <dt>Of</dt>
        <dd>
          <a href={`/broadcasts/${draft.broadcast.id}`}>{draft.broadcast.name}</a>,{" "}
          <a href={`/triggers/${draft.trigger_id}`}>trigger {draft.trigger_id}</a>
        </dd>
        <dt>Message</dt>
        <dd>{draft.action.name || "–"}</dd>
        <dt>Made</dt>
        <dd>
          <Time ms={draft.made_at * 1_000} />
        </dd>
      </dl>
      {draft.changed_since && (
        <p class="banner banner-warn">
          The message was edited after this draft was made. The draft keeps the words below;{" "}
          <a href={`/broadcasts/${draft.broadcast.id}/actions/${draft.action.id}`}>see what it says now</a>.
        </p>
      )}
      <div class="row">
        <Button kind="primary" busy={busy} disabled={!maySend} onClick={() => onDecide("send")}>
          Send
        </Button>
        <Button kind="danger" busy={busy} disabled={!maySend} onClick={() => onDecide("delete")}>
          Delete
        </Button>
        <CheckField label="Load remote images" checked={images} onChange={setImages} />
      </div>
      <Preview key={draft.id} draft={draft} images={images} />
    </section>
  );
}

/** `/drafts?broadcast=&trigger=&start=`. */
export default function Drafts() {
  const [search, setSearch] = useSearch();
  const start = search.get("start") ?? "";
  const trigger = search.get("trigger") ?? "";
  const broadcast = search.get("broadcast") ?? "";
  const asked = new URLSearchParams({ limit: "50" });
  if (start) asked.set("start", start);
  if (trigger) asked.set("trigger_id", trigger);
  if (broadcast) asked.set("broadcast_id", broadcast);
  const query = useQuery<{ drafts: Draft[]; next: string }>(`${PATH}?${asked}`);
  const maySend = useMay("send");
  const [chosen, setChosen] = useState<string | null>(null);
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<{ what: Decision; ids: string[] | null } | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const drafts = query.data?.drafts ?? [];
  const shown = drafts.find((one) => one.id === chosen) ?? drafts[0] ?? null;

  const decide = async (what: Decision, body: object) => {
    const done = await post<{ drafts: number }>(`${PATH}/${what}`, body);
    toast(`${number(done.drafts)} ${what === "send" ? "on their way" : "deleted"}`);
    setTicked(new Set());
    invalidate(PATH);
    invalidate(`${OURS}/progress`);
  };
  const decideShown = async (what: Decision) => {
    if (!shown) return;
    const following = nextOf(drafts, shown.id, 1) ?? nextOf(drafts, shown.id, -1);
    setBusy(true);
    try {
      await decide(what, { ids: [shown.id] });
      setChosen(following?.id ?? null);
    } catch (failure) {
      toastFailure(failure);
    } finally {
      setBusy(false);
    }
  };
  const move = (by: 1 | -1) => {
    const to = nextOf(drafts, shown?.id ?? null, by);
    if (!to) return;
    setChosen(to.id);
    list.current?.querySelector(`[data-draft="${CSS.escape(to.id)}"]`)?.scrollIntoView({ block: "nearest" });
  };
  const keys = useRef<(event: KeyboardEvent) => void>(() => {});
  keys.current = (event) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
      return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "x" && shown) tick(shown.id);
    else return;
    event.preventDefault();
  };
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => keys.current(event);
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const tick = (id: string) => {
    const after = new Set(ticked);
    if (!after.delete(id)) after.add(id);
    setTicked(after);
  };
  const some = [...ticked].filter((id) => drafts.some((one) => one.id === id));
  const parent = trigger ? `trigger ${trigger}` : broadcast ? `broadcast ${broadcast}` : "";
  const all = trigger
    ? { trigger_id: Number(trigger) }
    : broadcast
      ? { broadcast_id: Number(broadcast) }
      : null;
  return (
    <Page
      title="Drafts"
      actions={
        maySend &&
        all && (
          <>
            <Button onClick={() => setAsking({ what: "delete", ids: null })}>Delete all of them</Button>
            <Button kind="primary" onClick={() => setAsking({ what: "send", ids: null })}>
              Send all of them
            </Button>
          </>
        )
      }
    >
      {(parent || drafts.length > 0) && (
        <div class="row filters">
          <SelectField
            label="Drafts of"
            hint={
              maySend && !all ? "Of one broadcast or trigger, all can be sent or deleted at once." : undefined
            }
            value={parent}
            onChange={(of) => {
              const [name = "", id = null] = of.split(" ");
              setSearch({ trigger: null, broadcast: null, start: null, ...(name && { [name]: id }) });
            }}
            options={parentsOf(drafts, parent)}
          />
        </div>
      )}
      <Loaded query={query} lines={8}>
        {({ next }) =>
          drafts.length === 0 ? (
            <Empty title="No drafts wait">
              A message whose action is set to “Queue a draft” is kept here when its broadcast is triggered,
              until somebody sends or deletes it.
            </Empty>
          ) : (
            <div class="drafts">
              <div class="stack-tight">
                <div class="row">
                  <Button
                    disabled={!maySend || some.length === 0}
                    onClick={() => setAsking({ what: "send", ids: some })}
                  >
                    Send {some.length > 0 ? number(some.length) : "selected"}
                  </Button>
                  <Button
                    kind="danger"
                    disabled={!maySend || some.length === 0}
                    onClick={() => setAsking({ what: "delete", ids: some })}
                  >
                    Delete {some.length > 0 ? number(some.length) : "selected"}
                  </Button>
                </div>
                <p class="field-hint">
                  <kbd>j</kbd> and <kbd>k</kbd> go to the next and the one before, <kbd>x</kbd> selects.
                </p>
                <ul class="draft-list" ref={list} aria-label="Drafts">
                  {drafts.map((one) => (
                    <li
                      key={one.id}
                      data-draft={one.id}
                      class={one.id === shown?.id ? "draft-chosen" : undefined}
                    >
                      <input
                        type="checkbox"
                        aria-label={`Select the draft to ${to(one)}`}
                        checked={ticked.has(one.id)}
                        onChange={() => tick(one.id)}
                      />
                      <button
                        type="button"
                        class="draft-open"
                        aria-current={one.id === shown?.id ? "true" : undefined}
                        onClick={() => setChosen(one.id)}
                      >
                        <strong class="break">{to(one)}</strong>
                        <span class="break">{one.subject}</span>
                        <span class="row small">
                          <span class="muted break">
                            {one.broadcast.name}
                            {one.action.name && ` · ${one.action.name}`}
                          </span>
                          {one.changed_since && <Pill tone="warn">edited since</Pill>}
                        </span>
                      </button>
                    </li>
                  ))}
                </ul>
                <Pager next={next || null} first={!start} onGo={(to) => setSearch({ start: to })} />
              </div>
              {shown && <Chosen draft={shown} busy={busy} onDecide={(what) => void decideShown(what)} />}
            </div>
          )
        }
      </Loaded>
      {asking && (
        <Confirm
          title={asking.what === "send" ? "Send these drafts?" : "Delete these drafts?"}
          open
          danger={asking.what === "delete"}
          action={asking.what === "send" ? "Send" : "Delete"}
          onClose={() => setAsking(null)}
          onConfirm={() => decide(asking.what, asking.ids ? { ids: asking.ids } : { all })}
        >
          {asking.ids
            ? `${number(asking.ids.length)} that are selected.`
            : `All that wait of ${parentWords(drafts, parent)}, also on further pages.`}{" "}
          {asking.what === "send"
            ? "They go out as they are kept, even where the message was edited since."
            : "Their accounts say that the draft was deleted."}
        </Confirm>
      )}
    </Page>
  );
}
