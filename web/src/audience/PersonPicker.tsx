// SPDX-License-Identifier: Apache-2.0
// Choosing a person by typing an id or how their address begins.
import { get, OURS } from "../api/client";
import { Combobox } from "../ui/combobox";

export interface PickedPerson {
  id: string | null;
  email: string | null;
  cio_id: string;
  attributes?: Record<string, string>;
}

/** How somebody is called in a list. */
export function nameOf(person: PickedPerson): string {
  return person.email ?? person.id ?? person.cio_id;
}

interface PickerProps {
  label: string;
  value: PickedPerson | null;
  onChange: (person: PickedPerson) => void;
  hint?: string;
  hideLabel?: boolean;
}

/** Shows who is chosen; typing searches. */
export function PersonPicker({ label, value, onChange, hint, hideLabel }: PickerProps) {
  return (
    <Combobox<PickedPerson>
      label={label}
      hint={hint}
      hideLabel={hideLabel}
      placeholder="E-mail or id"
      text={value ? nameOf(value) : ""}
      search={async (text, signal) => {
        const path = `${OURS}/people?search=${encodeURIComponent(text)}&limit=8`;
        const { people } = await get<{ people: PickedPerson[] }>(path, { signal });
        return people.map((person) => ({
          key: person.cio_id,
          label: nameOf(person),
          detail: person.email && person.id ? person.id : undefined,
          value: person,
        }));
      }}
      onChoose={(option) => onChange(option.value)}
    />
  );
}
