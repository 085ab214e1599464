// SPDX-License-Identifier: Apache-2.0
// The frame of a page's content: title, what can be done, the rest.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface PageProps {
  title: string;
  /** Stands before the title in the tab and above it: where this page belongs. */
  parent?: { href: string; label: string };
  actions?: ComponentChildren;
  /** Beside the title: a state. */
  badge?: ComponentChildren;
  children: ComponentChildren;
  /** Takes the whole width, such as the composer. */
  wide?: boolean;
}

let visited = false;

/** Sets the tab's title and moves the focus to the heading after a navigation (not at the first load). */
export function Page({ title, parent, actions, badge, children, wide }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    document.title = `${title} · Clarion`;
  }, [title]);
  useLayoutEffect(() => {
    if (visited) heading.current?.focus({ preventScroll: true });
    visited = true;
  }, []);
  return (
    <div class={`page${wide ? " page-wide" : ""}`}>
      <header class="page-head">
        <div class="page-title">
          {parent && (
            <p class="page-parent">
              <a href={parent.href}>{parent.label}</a>
            </p>
          )}
          <div class="row">
            <h1 ref={heading} tabIndex={-1}>
              {title}
            </h1>
            {badge}
          </div>
        </div>
        {actions && <div class="row page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A part of a page with its own heading. */
export function Section({
  title,
  hint,
  actions,
  children,
}: {
  title: string;
  hint?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="section">
      <div class="section-head">
        <div>
          <h2>{title}</h2>
          {hint && <p class="field-hint">{hint}</p>}
        </div>
        {actions && <div class="row">{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** One of a `dl` of facts that stand in columns. */
export function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
