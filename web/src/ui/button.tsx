// SPDX-License-Identifier: Apache-2.0
import type { ButtonHTMLAttributes, ComponentChildren, Ref } from "preact";
import { useState } from "preact/hooks";
import { toast } from "./toast";

type Kind = "primary" | "plain" | "quiet" | "danger";

interface ButtonProps
  extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type" | "ref" | "disabled" | "role"> {
  kind?: Kind;
  type?: "button" | "submit";
  /** It is at work: pressed again it does nothing, and says so to screen readers. */
  busy?: boolean;
  disabled?: boolean;
  buttonRef?: Ref<HTMLButtonElement>;
  children?: ComponentChildren;
}

/** A button; at most one `primary` a view. */
export function Button({ kind = "plain", type = "button", busy, buttonRef, onClick, ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      ref={buttonRef}
      type={type}
      class={`button button-${kind}`}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    />
  );
}

/** A link that looks like a button. */
export function LinkButton({
  kind = "plain",
  ...rest
}: {
  kind?: Kind;
  href: string;
  download?: string | boolean;
  children?: ComponentChildren;
  "aria-label"?: string;
}) {
  return <a {...rest} class={`button button-${kind}`} />;
}

/** Copies a text, and says that it did; `of`: what is copied, where there are several. */
export function CopyButton({ text, label = "Copy", of }: { text: string; label?: string; of?: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Button
      kind="quiet"
      onClick={async () => {
        try {
          await navigator.clipboard.writeText(text);
          setCopied(true);
          setTimeout(() => setCopied(false), 2_000);
          toast("Copied");
        } catch {
          toast("The browser does not let this page copy. Select the text instead.", "bad");
        }
      }}
    >
      {copied ? "Copied" : label}
      {of && <span class="visually-hidden"> {of}</span>}
    </Button>
  );
}
