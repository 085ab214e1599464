// SPDX-License-Identifier: Apache-2.0
// Choosing a person by typing how an id, an address or a name begins.
import { get, OURS } from "../api/client";
import { Combobox } from "../ui/combobox";
import { detailOf, nameOf, type PickedPerson } from "./person-names";

export { nameOf, type PickedPerson };

interface PickerProps {
  label: string;
  value: PickedPerson | null;
  onChange: (person: PickedPerson) => void;
  hint?: string;
  error?: string;
  hideLabel?: boolean;
}

/** Shows who is chosen; typing searches. */
export function PersonPicker({ label, value, onChange, hint, error, hideLabel }: PickerProps) {
  return (
    <Combobox<PickedPerson>
      label={label}
      hint={hint}
      error={error}
      hideLabel={hideLabel}
      placeholder="E-mail, id or name"
      text={value ? nameOf(value) : ""}
      search={async (text, signal) => {
        const path = `${OURS}/people?search=${encodeURIComponent(text)}&limit=8`;
        const { people } = await get<{ people: PickedPerson[] }>(path, { signal });
        return people.map((person) => ({
          key: person.cio_id,
          label: nameOf(person),
          detail: detailOf(person),
          value: person,
        }));
      }}
      onChoose={(option) => onChange(option.value)}
    />
  );
}
