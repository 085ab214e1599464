// SPDX-License-Identifier: Apache-2.0
// The fields of a segment's conditions: a comparison with any operator, and what somebody did.
import { useId, useState } from "preact/hooks";
import { Button } from "../ui/button";
import type { Attribute } from "./AttributeFields";
import {
  choices,
  type HowOften,
  howOften,
  listed,
  periodOf,
  takesOf,
  timesOf,
  UNITS,
  withHowOften,
  withOperator,
} from "./comparing";
import { type AttributeCondition, type EventCondition, type Period, textOf, typed, typeOf } from "./filter";

function PeriodFields({ value, onChange }: { value: unknown; onChange: (period: Period) => void }) {
  const { amount, unit } = periodOf(value);
  return (
    <>
      <input
        class="control filter-number"
        aria-label="How long"
        type="number"
        min={1}
        value={Number.isNaN(amount) ? "" : String(amount)}
        onInput={(event) => onChange({ [unit]: typed(event.currentTarget.value, "number") as number })}
      />
      <select
        class="control"
        aria-label="Unit of time"
        value={unit}
        onChange={(event) => onChange({ [event.currentTarget.value]: amount })}
      >
        {UNITS.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </>
  );
}

function ValueFields({
  condition,
  onChange,
  values,
}: {
  condition: AttributeCondition;
  onChange: (value: NonNullable<AttributeCondition["value"]>) => void;
  values: readonly string[];
}) {
  const id = useId();
  const [typing, setTyping] = useState<string | null>(null);
  const { value } = condition;
  const takes = takesOf(condition.operator);
  if (takes === "nothing") return null;
  if (takes === "period") return <PeriodFields value={value} onChange={onChange} />;
  if (takes === "values") {
    const text = Array.isArray(value) ? value.map(String).join("\n") : "";
    const same = typing !== null && listed(typing).join("\n") === text;
    return (
      <textarea
        class="control filter-value"
        aria-label="Values, one a line"
        placeholder="one value a line"
        rows={3}
        value={same ? typing : text}
        onInput={(event) => {
          setTyping(event.currentTarget.value);
          onChange(listed(event.currentTarget.value));
        }}
      />
    );
  }
  const type = takes === "value" ? typeOf(value) : takes;
  return (
    <>
      {takes === "value" && (
        <select
          class="control"
          aria-label="Type of the value"
          value={type}
          onChange={(event) => {
            const next = event.currentTarget.value as "text" | "number" | "boolean";
            onChange(typed(next === "boolean" ? "true" : String(value ?? ""), next));
          }}
        >
          <option value="text">text</option>
          <option value="number">number</option>
          <option value="boolean">true/false</option>
        </select>
      )}
      {type === "boolean" ? (
        <select
          class="control"
          aria-label="Value"
          value={String(value)}
          onChange={(event) => onChange(event.currentTarget.value === "true")}
        >
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      ) : (
        <>
          <input
            class="control filter-value"
            aria-label="Value"
            placeholder="value"
            inputMode={type === "number" ? "decimal" : "text"}
            list={`${id}-values`}
            value={textOf(value, typing)}
            onInput={(event) => {
              setTyping(event.currentTarget.value);
              onChange(typed(event.currentTarget.value, type));
            }}
          />
          <datalist id={`${id}-values`}>
            {values.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </>
      )}
    </>
  );
}

/** A comparison: of an attribute, or of what an event carries. */
export function ComparisonFields({
  what,
  condition,
  onChange,
  attributes = [],
}: {
  what: "Attribute" | "Property";
  condition: AttributeCondition;
  onChange: (condition: AttributeCondition) => void;
  attributes?: readonly Attribute[];
}) {
  const id = useId();
  const known = attributes.find((one) => one.name === condition.field);
  return (
    <>
      <input
        class="control filter-field"
        aria-label={what}
        placeholder={what.toLowerCase()}
        list={`${id}-names`}
        value={condition.field}
        onInput={(event) => onChange({ ...condition, field: event.currentTarget.value })}
      />
      <datalist id={`${id}-names`}>
        {attributes.map((one) => (
          <option key={one.name} value={one.name} />
        ))}
      </datalist>
      <select
        class="control"
        aria-label="Operator"
        value={condition.operator + (condition.inverse ? "-not" : "")}
        onChange={(event) => onChange(withOperator(condition, event.currentTarget.value))}
      >
        {choices(what === "Attribute").map(({ key, words }) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
      <ValueFields
        condition={condition}
        onChange={(value) => onChange({ ...condition, value })}
        values={known?.values.map((one) => one.value) ?? []}
      />
    </>
  );
}

const OFTEN: readonly (readonly [HowOften, string])[] = [
  ["performed", "was performed"],
  ["never", "was not performed"],
  ["at_least", "at least so often"],
  ["at_most", "at most so often"],
  ["exactly", "exactly so often"],
  ["between", "between so often"],
];

function Times({ label, value, onChange }: { label: string; value: number; onChange: (n: number) => void }) {
  return (
    <input
      class="control filter-number"
      aria-label={label}
      type="number"
      min={1}
      max={1_000}
      value={value}
      onInput={(event) => onChange(timesOf(event.currentTarget.value))}
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
      {(often === "at_most" || often === "between") && (
        <Times
          label="Times at most"
          value={high}
          onChange={(n) => set(often === "between" ? { at_most: Math.max(n, low + 1) } : { at_most: n })}
        />
      )}
      {often === "exactly" && (
        <Times label="Times" value={low} onChange={(n) => set({ at_least: n, at_most: n })} />
      )}
      <Within value={condition.within} onChange={(within) => onChange(within ? { ...ever, within } : ever)} />
      {where.length > 0 && (
        <ul class="filter-members filter-where">
          {where.map((one, no) => (
            <li key={no} class="filter-leaf">
              <ComparisonFields
                what="Property"
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
