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

/** Fields by the names that the API has for them, with what is in them at first. */
export function useForm<Name extends string>(first: Readonly<Record<Name, string>>): Form<Name> {
  const [values, setValues] = useState(first);
  const saving = useSaving(Object.keys(first).map((name) => `/${name}`));
  return { values, set: (name, value) => setValues((now) => ({ ...now, [name]: value })), saving };
}

interface Props<Name extends string> extends Omit<InputProps, "value" | "onInput" | "error"> {
  form: Form<Name>;
  /** Its name in the form; `name` is what browsers remember it by. */
  field: Name;
  /** What is shown instead of what is in the form. */
  value?: string;
}

/** One line of a form. */
export function FormField<Name extends string>({ form, field, value, ...rest }: Props<Name>) {
  return (
    <TextField
      {...rest}
      value={value ?? form.values[field]}
      error={form.saving.about(`/${field}`)}
      onInput={(typed) => form.set(field, typed)}
    />
  );
}
