// SPDX-License-Identifier: Apache-2.0
// Tabs in one page (APG: arrow keys move and choose), and links that look like tabs for steps with addresses.
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface TabsProps {
  label: string;
  tabs: readonly { key: string; label: ComponentChildren }[];
  value: string;
  onChange: (key: string) => void;
  children: ComponentChildren;
}

/** The chosen tab's content is `children`. */
export function Tabs({ label, tabs, value, onChange, children }: TabsProps) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const go = (index: number) => {
    const tab = tabs[(index + tabs.length) % tabs.length];
    if (!tab) return;
    onChange(tab.key);
    list.current?.querySelector<HTMLElement>(`#${CSS.escape(`${id}-${tab.key}`)}`)?.focus();
  };
  return (
    <div class="tabs">
      <div
        ref={list}
        role="tablist"
        aria-label={label}
        class="tablist"
        onKeyDown={(event) => {
          const at = tabs.findIndex((tab) => tab.key === value);
          const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
          if (to === undefined) return;
          event.preventDefault();
          go(to);
        }}
      >
        {tabs.map((tab) => (
          <button
            key={tab.key}
            id={`${id}-${tab.key}`}
            type="button"
            role="tab"
            class="tab"
            aria-selected={tab.key === value}
            aria-controls={`${id}-panel`}
            tabIndex={tab.key === value ? 0 : -1}
            onClick={() => onChange(tab.key)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${value}`} class="tabpanel">
        {children}
      </div>
    </div>
  );
}

/** Pages that belong together, each with an address of its own. */
export function TabLinks({
  label,
  links,
}: {
  label: string;
  links: readonly { href: string; label: ComponentChildren; current: boolean }[];
}) {
  const list = useRef<HTMLElement>(null);
  const current = links.find((link) => link.current)?.href;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another one may be out of sight
  useLayoutEffect(() => {
    const link = list.current?.querySelector<HTMLElement>("[aria-current]");
    // Not scrollIntoView, which would move the page as well.
    if (list.current && link) list.current.scrollLeft = link.offsetLeft - list.current.offsetLeft - 16;
  }, [current]);
  return (
    <nav ref={list} aria-label={label} class="tablist">
      {links.map((link) => (
        <a key={link.href} href={link.href} class="tab" aria-current={link.current ? "page" : undefined}>
          {link.label}
        </a>
      ))}
    </nav>
  );
}
