// SPDX-License-Identifier: Apache-2.0
// The fields of one condition on an attribute, completed from what people really have.
import { useId, useState } from "preact/hooks";
import { type AttributeCondition, textOf, typed, typeOf } from "./filter";

export interface Attribute {
  name: string;
  values: { value: string; count: number }[];
}

const OPERATORS: readonly [string, string][] = [
  ["eq", "is"],
  ["eq-not", "is not"],
  ["exists", "is there"],
  ["exists-not", "is not there"],
];

/** A condition on an attribute: which, how it is compared, and with what of which type. */
export function AttributeFields({
  condition,
  onChange,
  attributes,
  fault,
}: {
  condition: AttributeCondition;
  onChange: (condition: AttributeCondition) => void;
  /** Those of this workspace, to be completed from. */
  attributes: readonly Attribute[];
  fault: string[];
}) {
  const id = useId();
  const { field, operator, value, inverse } = condition;
  const known = attributes.find((one) => one.name === field);
  const type = typeOf(value);
  const [typing, setTyping] = useState<string | null>(null);
  const setType = (next: string) => {
    const text = next === "boolean" ? "true" : String(value ?? "");
    onChange({ ...condition, value: typed(text, next as "text" | "number" | "boolean") });
  };
  return (
    <>
      <input
        class="control filter-field"
        aria-label="Attribute"
        aria-invalid={fault.some((one) => one.includes("attribute")) || undefined}
        placeholder="attribute"
        list={`${id}-names`}
        value={field}
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
        value={operator + (inverse ? "-not" : "")}
        onChange={(event) => {
          const [next, not] = event.currentTarget.value.split("-");
          const changed: AttributeCondition = { field, operator: next === "exists" ? "exists" : "eq" };
          if (changed.operator === "eq") changed.value = value ?? "";
          if (not) changed.inverse = true;
          onChange(changed);
        }}
      >
        {OPERATORS.map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
      {operator === "eq" && (
        <>
          <select
            class="control"
            aria-label="Type of the value"
            value={type}
            onChange={(event) => setType(event.currentTarget.value)}
          >
            <option value="text">text</option>
            <option value="number">number</option>
            <option value="boolean">true/false</option>
          </select>
          {type === "boolean" ? (
            <select
              class="control"
              aria-label="Value"
              value={String(value)}
              onChange={(event) => onChange({ ...condition, value: event.currentTarget.value === "true" })}
            >
              <option value="true">true</option>
              <option value="false">false</option>
            </select>
          ) : (
            <>
              <input
                class="control filter-value"
                aria-label="Value"
                aria-invalid={fault.some((one) => /value|number/.test(one)) || undefined}
                placeholder="value"
                inputMode={type === "number" ? "decimal" : "text"}
                list={`${id}-values`}
                value={textOf(value, typing)}
                onInput={(event) => {
                  setTyping(event.currentTarget.value);
                  onChange({ ...condition, value: typed(event.currentTarget.value, type) });
                }}
              />
              <datalist id={`${id}-values`}>
                {known?.values.map((one) => (
                  <option key={one.value} value={one.value} />
                ))}
              </datalist>
            </>
          )}
        </>
      )}
    </>
  );
}
