// SPDX-License-Identifier: Apache-2.0
// A control with its label, hint and error, tied together for screen readers.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Told {
  label: string;
  hint?: ComponentChildren;
  error?: string;
  /** The label is for screen readers only: what it is can be seen. */
  hideLabel?: boolean;
}

interface Ids {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

/** The frame of any control: `children` gets the ids to put on it. */
export function Field({
  label,
  hint,
  error,
  hideLabel,
  children,
}: Told & { children: (ids: Ids) => ComponentChildren }) {
  const id = useId();
  const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id} class={hideLabel ? "visually-hidden" : "field-label"}>
        {label}
      </label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": error ? true : undefined })}
      {hint && (
        <p id={`${id}-hint`} class="field-hint">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} class="field-error">
          {error}
        </p>
      )}
    </div>
  );
}

export interface InputProps extends Told {
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "email" | "password" | "search" | "url" | "number" | "date" | "datetime-local" | "tel";
  name?: string;
  placeholder?: string;
  autocomplete?: string;
  inputMode?: "text" | "numeric" | "decimal" | "email" | "url" | "search";
  list?: string;
  min?: string | number;
  max?: string | number;
  step?: string | number;
  maxLength?: number;
  required?: boolean;
  disabled?: boolean;
  readOnly?: boolean;
  spellcheck?: boolean;
  onBlur?: () => void;
  onKeyDown?: (event: KeyboardEvent) => void;
}

/** One line of text, or of any input's type. */
export function TextField({ label, hint, error, hideLabel, onInput, type = "text", ...rest }: InputProps) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel}>
      {(ids) => (
        <input
          {...rest}
          {...ids}
          type={type as "text"} // Preact's types know an input's roles by its type; ours has none
          class="control"
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface AreaProps extends Told {
  value: string;
  onInput: (value: string) => void;
  rows?: number;
  name?: string;
  placeholder?: string;
  disabled?: boolean;
  spellcheck?: boolean;
  onBlur?: () => void;
}

/** Several lines of text. */
export function TextArea({ label, hint, error, hideLabel, onInput, ...rest }: AreaProps) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel}>
      {(ids) => (
        <textarea
          rows={4}
          {...rest}
          {...ids}
          class="control control-area"
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface SelectProps extends Told {
  value: string;
  onChange: (value: string) => void;
  options: readonly (readonly [value: string, words: string])[];
  disabled?: boolean;
}

/** One of a few. */
export function SelectField({
  label,
  hint,
  error,
  hideLabel,
  value,
  onChange,
  options,
  disabled,
}: SelectProps) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel}>
      {(ids) => (
        <select
          {...ids}
          class="control"
          value={value}
          disabled={disabled}
          onChange={(event) => onChange(event.currentTarget.value)}
        >
          {options.map(([key, words]) => (
            <option key={key} value={key}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckProps {
  label: ComponentChildren;
  hint?: ComponentChildren;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}

/** Yes or no. */
export function CheckField({ label, hint, checked, onChange, disabled }: CheckProps) {
  const id = useId();
  return (
    <div class="check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{label}</label>
        {hint && (
          <p id={`${id}-hint`} class="field-hint">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

interface RadiosProps {
  legend: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly { value: string; label: string; hint?: string }[];
}

/** One of a few, all seen at once. */
export function Radios({ legend, value, onChange, options }: RadiosProps) {
  const name = useId();
  return (
    <fieldset class="radios">
      <legend>{legend}</legend>
      {options.map((one) => (
        <div class="check" key={one.value}>
          <input
            id={`${name}-${one.value}`}
            type="radio"
            name={name}
            checked={one.value === value}
            aria-describedby={one.hint ? `${name}-${one.value}-hint` : undefined}
            onChange={() => onChange(one.value)}
          />
          <div>
            <label for={`${name}-${one.value}`}>{one.label}</label>
            {one.hint && (
              <p id={`${name}-${one.value}-hint`} class="field-hint">
                {one.hint}
              </p>
            )}
          </div>
        </div>
      ))}
    </fieldset>
  );
}
