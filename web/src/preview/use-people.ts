// SPDX-License-Identifier: Apache-2.0
// As whom a message is shown: some of the audience, one after another, or whoever is picked.
import { useEffect, useState } from "preact/hooks";
import { OURS, post } from "../api/client";
import { type Audience, isEverybody } from "../audience/filter";
import type { PickedPerson } from "../audience/PersonPicker";

const SAMPLED = 25;

export interface People {
  person: PickedPerson | null;
  /** Not known yet who it will be. */
  waiting: boolean;
  pick: (person: PickedPerson) => void;
  step: (by: 1 | -1) => void;
  shuffle: () => void;
  /** How many there are to step through. */
  count: number;
}

/** The place after a step, round in a circle. */
export function stepped(at: number, by: number, count: number): number {
  return count === 0 ? 0 : (at + by + count) % count;
}

export function usePeople(audience: Audience): People {
  const [people, setPeople] = useState<PickedPerson[]>([]);
  const [at, setAt] = useState(0);
  const [waiting, setWaiting] = useState(true);
  const [round, setRound] = useState(0);
  const body = JSON.stringify(
    isEverybody(audience) ? { limit: SAMPLED } : { filter: audience, limit: SAMPLED },
  );
  useEffect(() => {
    const aborting = new AbortController();
    post<{ people: PickedPerson[] }>(`${OURS}/audience/sample`, JSON.parse(body), { signal: aborting.signal })
      .then((found) => {
        setPeople(found.people);
        setAt(round === 0 ? 0 : Math.floor(Math.random() * Math.max(1, found.people.length)));
      })
      .catch(() => {
        // An audience that cannot be worked out yet: the message is shown for nobody in particular.
      })
      .finally(() => {
        if (!aborting.signal.aborted) setWaiting(false);
      });
    return () => aborting.abort();
  }, [body, round]);
  return {
    person: people[at] ?? null,
    waiting,
    count: people.length,
    pick: (person) => {
      setPeople((before) => [person, ...before.filter((one) => one.cio_id !== person.cio_id)]);
      setAt(0);
    },
    step: (by) => setAt((before) => stepped(before, by, people.length)),
    shuffle: () => setRound((before) => before + 1),
  };
}
