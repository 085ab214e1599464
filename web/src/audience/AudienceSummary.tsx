// SPDX-License-Identifier: Apache-2.0
// Whom a filter reaches: in words, counted, some of them, who of them is left out, and why somebody matches.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, OURS, post } from "../api/client";
import { people as inWords } from "../lib/format";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Loading, Problems } from "../ui/states";
import { useSegments } from "./FilterBuilder";
import { type Audience, type Filter, faults, isEverybody, sentence } from "./filter";
import { PersonPicker, type PickedPerson } from "./PersonPicker";
import { type Count, isUneven, leftOutOfAll, leftOutWords, willGetWords } from "./reach";
import "./audience.css";

interface Why {
  kind: string;
  words: string;
  matches: boolean;
  seen: string | null;
  members: Why[];
}

const PAUSE_MS = 350;

interface Reach {
  count: Count | null;
  people: PickedPerson[];
  error: unknown;
  stale: boolean;
}

/** Count and sample of a filter, a moment after it stops changing; with a broadcast, by its messages and topic. */
export function useReach(audience: Audience, broadcast?: number, wanted = true): Reach {
  const [reach, setReach] = useState<Reach>({ count: null, people: [], error: null, stale: true });
  const body = JSON.stringify({ filter: audience });
  const whole = isEverybody(audience) || faults(audience as Filter).length === 0;
  useEffect(() => {
    setReach((before) => ({ ...before, stale: true }));
    if (!whole || !wanted) return;
    const aborting = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const asked = JSON.parse(body) as object;
        const options = { signal: aborting.signal };
        const [count, sample] = await Promise.all([
          post<Count>(`${OURS}/audience/count`, { ...asked, broadcast_id: broadcast }, options),
          post<{ people: PickedPerson[] }>(`${OURS}/audience/sample`, { ...asked, limit: 5 }, options),
        ]);
        setReach({ count, people: sample.people, error: null, stale: false });
      } catch (error) {
        if (!aborting.signal.aborted) setReach({ count: null, people: [], error, stale: false });
      }
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      aborting.abort();
    };
  }, [body, whole, broadcast, wanted]);
  return reach;
}

function Tree({ why }: { why: Why }) {
  return (
    <>
      <span aria-hidden="true">{why.matches ? "✓" : "✗"}</span>{" "}
      <span class="visually-hidden">{why.matches ? "yes:" : "no:"}</span> {why.words}
      {why.seen !== null && <span class="muted"> · has {why.seen}</span>}
      {why.members.length > 0 && (
        <ul class="why">
          {why.members.map((member, no) => (
            <li key={no}>
              <Tree why={member} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Why a person matches, or not; anybody can be chosen. */
function WhyDialog({
  audience,
  person,
  onClose,
}: {
  audience: Audience;
  person: PickedPerson | null;
  onClose: () => void;
}) {
  const [chosen, setChosen] = useState<PickedPerson | null>(null);
  const [why, setWhy] = useState<{ matches: boolean; why: Why } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const shown = chosen ?? person;
  const cio = shown?.cio_id;
  const body = JSON.stringify(isEverybody(audience) ? {} : { filter: audience });
  useEffect(() => {
    if (!cio) return;
    setWhy(null);
    setError(null);
    const asked = { ...(JSON.parse(body) as object), cio_id: cio };
    post<{ matches: boolean; why: Why }>(`${OURS}/audience/explain`, asked).then(setWhy, setError);
  }, [cio, body]);
  return (
    <Dialog
      title="Why does somebody match?"
      open={person !== null}
      onClose={() => {
        setChosen(null);
        onClose();
      }}
    >
      <div class="stack">
        <PersonPicker label="Person" value={shown} onChange={setChosen} />
        {error !== null && <Problems error={error} />}
        {!why && error === null && <Loading lines={3} />}
        {why && (
          <div>
            <p>
              <strong>{why.matches ? "Matches." : "Does not match."}</strong>
            </p>
            <div class="break">
              <Tree why={why.why} />
            </div>
          </div>
        )}
      </div>
    </Dialog>
  );
}

/** Who gets nothing and why; of several messages, each. */
export function LeftOutOf({ count }: { count: Count }) {
  const out = leftOutOfAll(count);
  return (
    <>
      {out.length > 0 && (
        <p class="small">
          <strong>{willGetWords(count)}</strong>; left out: {out.join(", ")}.
        </p>
      )}
      {isUneven(count) && (
        <ul class="small" aria-label="Message by message">
          {count.actions.map((one) => (
            <li key={one.id}>
              {one.name}: <strong>{inWords(one.will_get)}</strong>
              {leftOutWords(one.left_out, one.kind).length > 0 && (
                <span class="muted">; left out: {leftOutWords(one.left_out, one.kind).join(", ")}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

interface SummaryProps {
  filter: Audience;
  /** Whose messages and topic decide who gets anything. */
  broadcast?: number;
  /** Only who matches, not who of them gets anything. */
  bare?: boolean;
}

/** The reach of a filter, live. */
export function AudienceSummary({ filter, broadcast, bare }: SummaryProps) {
  const segments = useSegments();
  const { count, people, error, stale } = useReach(filter, broadcast);
  const [asking, setAsking] = useState<PickedPerson | null>(null);
  const announced = useRef("");
  const names = new Map(segments.map((one) => [one.id, one.name]));
  const unfinished = !isEverybody(filter) && faults(filter as Filter).length > 0;
  if (count && !stale) announced.current = `${count.exact ? "" : "about "}${inWords(count.people)}`;
  return (
    <section class="reach" aria-label="Whom it reaches" aria-busy={stale}>
      <p class="break">
        <span class="muted">Reaches</span> {sentence(filter, names)}
      </p>
      <p class="reach-number" aria-live="polite">
        {unfinished ? <span class="muted">Finish the conditions</span> : announced.current || "…"}
      </p>
      {error !== null && <Problems error={error instanceof ApiError ? error : new Error(String(error))} />}
      {count && !bare && <LeftOutOf count={count} />}
      {count && !count.exact && (
        <p class="small muted">Estimated from a part: the exact number is known when it is triggered.</p>
      )}
      {people.length > 0 && (
        <div class="stack-tight">
          <h2 class="small">Some of them</h2>
          <ul class="reach-people">
            {people.map((person) => (
              <li key={person.cio_id}>
                <a href={`/people/cio_${person.cio_id}`}>{person.email ?? person.id ?? person.cio_id}</a>
                <Button kind="quiet" onClick={() => setAsking(person)}>
                  Why?
                </Button>
              </li>
            ))}
          </ul>
        </div>
      )}
      <WhyDialog audience={filter} person={asking} onClose={() => setAsking(null)} />
    </section>
  );
}
