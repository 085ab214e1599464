// SPDX-License-Identifier: Apache-2.0
// The fields of a condition on what somebody did.
import { useState } from "preact/hooks";
import { Button } from "../ui/button";
import { ComparisonFields, PeriodFields } from "./ComparisonFields";
import { type HowOften, howOften, isTimes, timesOf, withHowOften } from "./comparing";
import type { EventCondition, Period } from "./filter";

const OFTEN: readonly (readonly [HowOften, string])[] = [
  ["performed", "was performed"],
  ["never", "was not performed"],
  ["at_least", "was performed at least"],
  ["at_most", "was performed at most"],
  ["exactly", "was performed exactly"],
  ["between", "was performed between"],
];

interface TimesProps {
  label: string;
  value: number;
  least?: number;
  onChange: (times: number) => void;
}

/** A number of times; what is typed stays as it is until it is one, or is left. */
function Times({ label, value, least = 1, onChange }: TimesProps) {
  const [typing, setTyping] = useState<string | null>(null);
  return (
    <input
      class="control filter-number"
      aria-label={label}
      type="number"
      min={least}
      max={1_000}
      value={typing ?? value}
      onInput={(event) => {
        const text = event.currentTarget.value;
        setTyping(text);
        if (isTimes(text, least)) onChange(timesOf(text, least));
      }}
      onBlur={() => {
        if (typing !== null) onChange(timesOf(typing, least));
        setTyping(null);
      }}
    />
  );
}

/** Ever, or within a time until now. */
export function Within({
  value,
  onChange,
}: {
  value: Period | undefined;
  onChange: (period: Period | undefined) => void;
}) {
  return (
    <>
      <select
        class="control"
        aria-label="Within which time"
        value={value ? "within" : "ever"}
        onChange={(event) => onChange(event.currentTarget.value === "within" ? { days: 30 } : undefined)}
      >
        <option value="ever">ever</option>
        <option value="within">within the last</option>
      </select>
      {value && <PeriodFields value={value} onChange={onChange} />}
    </>
  );
}

/** What somebody did: which event, how often, within which time, with which properties. */
export function EventFields({
  condition,
  onChange,
}: {
  condition: EventCondition;
  onChange: (condition: EventCondition) => void;
}) {
  const often = howOften(condition);
  const where = condition.where ?? [];
  const set = (changed: Partial<EventCondition>) => onChange({ ...condition, ...changed });
  const { within: _, ...ever } = condition;
  const low = condition.at_least ?? 1;
  const high = condition.at_most ?? 1;
  return (
    <>
      <select
        class="control"
        aria-label="Kind of event"
        value={condition.type ?? "event"}
        onChange={(event) => set({ type: event.currentTarget.value })}
      >
        <option value="event">event</option>
        <option value="page">page</option>
        <option value="screen">screen</option>
      </select>
      <input
        class="control filter-field"
        aria-label="Event"
        placeholder="name of the event"
        value={condition.name}
        onInput={(event) => set({ name: event.currentTarget.value })}
      />
      <select
        class="control"
        aria-label="How often"
        value={often}
        onChange={(event) => onChange(withHowOften(condition, event.currentTarget.value as HowOften))}
      >
        {OFTEN.map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
      {(often === "at_least" || often === "between") && (
        <Times
          label="Times at least"
          value={low}
          onChange={(n) =>
            set(often === "between" ? { at_least: n, at_most: Math.max(n + 1, high) } : { at_least: n })
          }
        />
      )}
      {often === "between" && <span class="filter-word">and</span>}
      {(often === "at_most" || often === "between") && (
        <Times
          label="Times at most"
          value={high}
          least={often === "between" ? low + 1 : 1}
          onChange={(n) => set({ at_most: n })}
        />
      )}
      {often === "exactly" && (
        <Times label="Times" value={low} onChange={(n) => set({ at_least: n, at_most: n })} />
      )}
      {often !== "performed" && often !== "never" && <span class="filter-word">times</span>}
      <Within value={condition.within} onChange={(within) => onChange(within ? { ...ever, within } : ever)} />
      {where.length > 0 && (
        <ul class="filter-members filter-where">
          {where.map((one, no) => (
            <li key={no} class="filter-leaf">
              <span class="filter-word">{no === 0 ? "where" : "and"}</span>
              <ComparisonFields
                of="event"
                condition={one}
                onChange={(changed) => set({ where: where.with(no, changed) })}
              />
              <Button
                kind="quiet"
                onClick={() => set({ where: where.filter((_one, other) => other !== no) })}
              >
                Remove the property
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Button
        kind="quiet"
        onClick={() => set({ where: [...where, { field: "", operator: "eq", value: "" }] })}
      >
        + Property
      </Button>
    </>
  );
}
