// SPDX-License-Identifier: Apache-2.0
// A menu under a button (APG menu button): arrows, Home and End move, Esc closes, the focus goes back.
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface MenuItem {
  label: string;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
}

/** `label`: what screen readers hear; `children`: what the button shows. */
export function Menu({
  label,
  items,
  children,
}: {
  label: string;
  items: readonly MenuItem[];
  children?: ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const fromEnd = useRef(false);
  const id = useId();
  const entries = () => [...(root.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];
  // With the drawing, not a frame later: the next key may be here before it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it opens
  useLayoutEffect(() => {
    if (!open) return;
    const found = fromEnd.current ? entries().reverse() : entries();
    (found.find((one) => one.ariaDisabled !== "true") ?? found[0])?.focus();
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  const show = (from: "start" | "end") => {
    fromEnd.current = from === "end";
    setOpen(true);
  };
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const found = entries();
    const at = found.indexOf(document.activeElement as HTMLElement);
    const to = {
      ArrowDown: (at + 1) % found.length,
      ArrowUp: at <= 0 ? found.length - 1 : at - 1,
      Home: 0,
      End: found.length - 1,
    }[event.key];
    if (open && event.key === "Escape") close();
    else if (open && to !== undefined) found[to]?.focus();
    else if (event.key === "ArrowDown") show("start");
    else if (event.key === "ArrowUp") show("end");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      class="menu"
      ref={root}
      onFocusOut={(event) => {
        if (event.relatedTarget && !root.current?.contains(event.relatedTarget as Node)) setOpen(false);
      }}
    >
      <button
        ref={button}
        type="button"
        class="button button-quiet"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-label={label}
        onKeyDown={onKeyDown}
        onClick={() => (open ? setOpen(false) : show("start"))}
      >
        {children ? (
          <>
            {children} <span aria-hidden="true">▾</span>
          </>
        ) : (
          "⋯"
        )}
      </button>
      {open && (
        <div id={id} role="menu" aria-label={label} class="menu-items" onKeyDown={onKeyDown}>
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              class={`menu-item${item.danger ? " menu-danger" : ""}`}
              tabIndex={-1}
              aria-disabled={item.disabled || undefined}
              onClick={() => {
                if (item.disabled) return;
                close();
                item.onSelect();
              }}
            >
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
