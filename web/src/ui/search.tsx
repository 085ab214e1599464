// SPDX-License-Identifier: Apache-2.0
// A field that narrows a list; what stands in it is part of the page's address.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
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
  const told = useRef(value);
  // What this field has told comes back as its value, and by then more may be typed, or a blank at the end.
  useLayoutEffect(() => {
    if (value !== told.current) setText(value);
    told.current = value;
  }, [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was typed counts
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => {
      told.current = text.trim();
      onChange(told.current || null);
    }, PAUSE_MS);
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
