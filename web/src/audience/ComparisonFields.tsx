// SPDX-License-Identifier: Apache-2.0
// The fields of a comparison, of an attribute or of what an event carries, completed from what people really have.
import { useId, useState } from "preact/hooks";
import { choices, listed, periodOf, takesOf, UNITS, withOperator } from "./comparing";
import { type AttributeCondition, type Period, textOf, typed, typeOf } from "./filter";

export interface Attribute {
  name: string;
  values: { value: string; count: number }[];
}

/** A number of units of time. */
export function PeriodFields({ value, onChange }: { value: unknown; onChange: (period: Period) => void }) {
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
  wrong,
}: {
  condition: AttributeCondition;
  onChange: (value: NonNullable<AttributeCondition["value"]>) => void;
  values: readonly string[];
  wrong: boolean;
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
        aria-invalid={wrong || undefined}
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
            aria-invalid={wrong || undefined}
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

/** Which, how it is compared, and with what. */
export function ComparisonFields({
  of,
  condition,
  onChange,
  attributes = [],
  faults = [],
}: {
  /** An attribute of a filter, or one of a segment's conditions, which know more operators; or what an event carries. */
  of: "filter" | "segment" | "event";
  condition: AttributeCondition;
  onChange: (condition: AttributeCondition) => void;
  /** Those of this workspace, to be completed from. */
  attributes?: readonly Attribute[];
  /** What is wrong, as pointers; shown by whoever knows the words. */
  faults?: readonly string[];
}) {
  const id = useId();
  const known = attributes.find((one) => one.name === condition.field);
  const what = of === "event" ? "Property" : "Attribute";
  return (
    <>
      <input
        class="control filter-field"
        aria-label={what}
        aria-invalid={faults.some((one) => one.endsWith("/field")) || undefined}
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
        {choices(of).map(({ key, words }) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
      <ValueFields
        condition={condition}
        onChange={(value) => onChange({ ...condition, value })}
        values={known?.values.map((one) => one.value) ?? []}
        wrong={faults.some((one) => one.endsWith("/value"))}
      />
    </>
  );
}
