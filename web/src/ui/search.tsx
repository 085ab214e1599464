// SPDX-License-Identifier: Apache-2.0
// A field that narrows a list; what stands in it is part of the page's address.
import { useEffect, useState } from "preact/hooks";
import { TextField } from "./field";

const PAUSE_MS = 400; // after the last key

interface SearchFieldProps {
  label: string;
  placeholder: string;
  value: string;
  /** Told after a pause; null when the field is empty. */
  onChange: (value: string | null) => void;
}

/** Asks once somebody stops typing. */
export function SearchField({ label, placeholder, value, onChange }: SearchFieldProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was typed counts
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text.trim() || null), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <TextField
      label={label}
      type="search"
      value={text}
      onInput={setText}
      placeholder={placeholder}
      spellcheck={false}
    />
  );
}
