// SPDX-License-Identifier: Apache-2.0
// Lines of a form: what is in each, and what was refused about it.
import { useState } from "preact/hooks";
import { type InputProps, TextField } from "./field";
import { type Saving, useSaving } from "./saving";

export interface Form<Name extends string> {
  values: Readonly<Record<Name, string>>;
  set: (name: Name, value: string) => void;
  saving: Saving;
}

/**
 * Fields by the names that the API has for them, with what is in them at first.
 * `others`: further ones that show what was refused about them, and are no lines.
 */
export function useForm<Name extends string>(
  first: Readonly<Record<Name, string>>,
  others: readonly string[] = [],
): Form<Name> {
  const [values, setValues] = useState(first);
  const saving = useSaving([...Object.keys(first), ...others].map((name) => `/${name}`));
  return { values, set: (name, value) => setValues((now) => ({ ...now, [name]: value })), saving };
}

interface Props<Name extends string> extends Omit<InputProps, "value" | "onInput"> {
  form: Form<Name>;
  /** Its name in the form; `name` is what browsers remember it by. */
  field: Name;
  /** What is shown instead of what is in the form. */
  value?: string;
  /** Something else besides is to know that it was typed in. */
  onInput?: () => void;
}

/** One line of a form; without an `error` of its own it shows what was refused about its field. */
export function FormField<Name extends string>({ form, field, value, error, onInput, ...rest }: Props<Name>) {
  return (
    <TextField
      {...rest}
      value={value ?? form.values[field]}
      error={error ?? form.saving.about(`/${field}`)}
      onInput={(typed) => {
        form.set(field, typed);
        onInput?.();
      }}
    />
  );
}
