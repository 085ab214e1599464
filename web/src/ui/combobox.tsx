// SPDX-License-Identifier: Apache-2.0
// A text field that offers what it finds while one types (APG combobox with a list).
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Field } from "./field";
import { follow, stepped } from "./listkeys";

export interface Option<T> {
  key: string;
  label: string;
  detail?: string;
  value: T;
}

interface ComboboxProps<T> {
  label: string;
  hint?: string;
  error?: string;
  hideLabel?: boolean;
  placeholder?: string;
  /** What is shown while nothing is typed. */
  text: string;
  search: (text: string, signal: AbortSignal) => Promise<Option<T>[]>;
  onChoose: (option: Option<T>) => void;
  /** Whether what is typed is itself an answer; told at each keystroke. */
  onType?: (text: string) => void;
}

const PAUSE_MS = 180;

/** `search` is called a moment after typing stops; an older search is aborted. */
export function Combobox<T>(props: ComboboxProps<T>) {
  const { label, hint, error, hideLabel, placeholder, text, search, onChoose, onType } = props;
  const [typed, setTyped] = useState<string | null>(null);
  const [found, setFound] = useState<Option<T>[]>([]);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [failed, setFailed] = useState(false);
  const [busy, setBusy] = useState(false);
  const list = useId();
  /** Pressed before the list that belongs to the text has come. */
  const pressed = useRef<string[]>([]);
  const newest = useRef({ search, choose: (_: Option<T>) => {} });
  // With the drawing: from the next key on, the list that is shown is known to be an older one.
  useLayoutEffect(() => {
    pressed.current = [];
    if (!open) return;
    const aborting = new AbortController();
    setBusy(true);
    setAt(-1);
    const timer = setTimeout(async () => {
      try {
        const options = await newest.current.search(typed ?? "", aborting.signal);
        if (aborting.signal.aborted) return;
        const { at: to, chosen } = follow(pressed.current, options.length);
        setFound(options);
        setAt(to);
        setFailed(false);
        const option = options[to];
        if (chosen && option) newest.current.choose(option);
      } catch {
        if (!aborting.signal.aborted) setFailed(true);
      } finally {
        if (!aborting.signal.aborted) setBusy(false);
      }
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      aborting.abort();
    };
  }, [typed, open]);
  const choose = (option: Option<T>) => {
    setTyped(null);
    setOpen(false);
    onChoose(option);
  };
  newest.current = { search, choose };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) setOpen(true);
      else if (busy) pressed.current.push(event.key);
      else if (found.length > 0) setAt(stepped(at, event.key === "ArrowDown" ? 1 : -1, found.length));
    } else if (event.key === "Enter" && open && busy && pressed.current.length > 0) {
      event.preventDefault();
      pressed.current.push("Enter");
    } else if (event.key === "Enter" && open) {
      const option = busy ? undefined : found[at];
      if (option) {
        event.preventDefault();
        choose(option);
      }
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
      setTyped(null);
    }
  };
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel}>
      {(ids) => (
        <div class="combobox">
          <input
            {...ids}
            class="control"
            role="combobox"
            autocomplete="off"
            spellcheck={false}
            placeholder={placeholder}
            aria-autocomplete="list"
            aria-expanded={open}
            aria-controls={open ? list : undefined}
            aria-activedescendant={open && at >= 0 ? `${list}-${at}` : undefined}
            value={typed ?? text}
            onClick={() => setOpen(true)}
            onBlur={() => {
              setOpen(false);
              if (!onType) setTyped(null);
            }}
            onInput={(event) => {
              setTyped(event.currentTarget.value);
              setOpen(true);
              onType?.(event.currentTarget.value);
            }}
            onKeyDown={onKeyDown}
          />
          {open && (
            <div id={list} role="listbox" aria-label={label} class="combobox-list">
              {found.map((option, index) => (
                <div
                  key={option.key}
                  id={`${list}-${index}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={index === at}
                  class="combobox-option"
                  onPointerDown={(event) => {
                    event.preventDefault();
                    choose(option);
                  }}
                >
                  <span>{option.label}</span>
                  {option.detail && <span class="muted">{option.detail}</span>}
                </div>
              ))}
              {found.length === 0 && (
                <div
                  role="option"
                  aria-disabled="true"
                  aria-selected="false"
                  tabIndex={-1}
                  class="combobox-note"
                >
                  {failed ? "The search failed" : busy ? "Searching…" : "Nothing found"}
                </div>
              )}
            </div>
          )}
        </div>
      )}
    </Field>
  );
}
