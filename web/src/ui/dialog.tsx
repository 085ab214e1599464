// SPDX-License-Identifier: Apache-2.0
// Native dialogs: modal, closed by Esc, the focus goes back to what opened them.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Button } from "./button";
import { Problems } from "./states";

interface DialogProps {
  title: string;
  open: boolean;
  onClose: () => void;
  children: ComponentChildren;
  /** Buttons at its end, the one that acts last. */
  actions?: ComponentChildren;
  wide?: boolean;
}

/** Where one types or chooses; without any, the focus is where the browser puts it. */
const FIRST_FIELD = [".dialog-body :is(input, select, textarea)", ".dialog-body [contenteditable=true]"]
  .map((one) => `${one}:not([disabled], [type=hidden])`)
  .join();

/** A modal dialog; its content exists only while it is open. */
export function Dialog({ title, open, onClose, children, actions, wide }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const opener = useRef<Element | null>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    if (open && !dialog.open) {
      opener.current = document.activeElement;
      dialog.showModal();
      dialog.querySelector<HTMLElement>(FIRST_FIELD)?.focus();
    } else if (!open && dialog.open) dialog.close();
    if (!open && opener.current instanceof HTMLElement && opener.current.isConnected) {
      opener.current.focus();
      opener.current = null;
    }
  }, [open]);
  return (
    <dialog
      ref={ref}
      class={`dialog${wide ? " dialog-wide" : ""}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={() => open && onClose()}
    >
      {open && (
        <>
          <header class="dialog-head">
            <h2 id={id}>{title}</h2>
            <Button kind="quiet" aria-label="Close" onClick={onClose}>
              ×
            </Button>
          </header>
          <div class="dialog-body">{children}</div>
          {actions && <footer class="dialog-actions">{actions}</footer>}
        </>
      )}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  open: boolean;
  onClose: () => void;
  /** The verb on the button, such as "Stop the trigger". */
  action: string;
  danger?: boolean;
  onConfirm: () => Promise<unknown>;
  children: ComponentChildren;
  /** What has to be typed before the button works. */
  typed?: string;
  /** Whoever shows it closes it after success, or shows what came of it in its place. */
  stay?: boolean;
}

/** Says what will happen and asks once; a failure is shown in it. */
export function Confirm({
  title,
  open,
  onClose,
  action,
  danger,
  onConfirm,
  children,
  typed,
  stay,
}: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [text, setText] = useState("");
  const id = useId();
  useEffect(() => {
    if (open) {
      setError(null);
      setText("");
    }
  }, [open]);
  return (
    <Dialog
      title={title}
      open={open}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind={danger ? "danger" : "primary"}
            busy={busy}
            disabled={typed !== undefined && text.trim() !== typed}
            onClick={async () => {
              setBusy(true);
              setError(null);
              try {
                await onConfirm();
                if (!stay) onClose();
              } catch (failure) {
                setError(failure);
              } finally {
                setBusy(false);
              }
            }}
          >
            {action}
          </Button>
        </>
      }
    >
      <div class="stack">
        <div>{children}</div>
        {typed !== undefined && (
          <div class="field">
            <label for={id} class="field-label">
              Type <strong>{typed}</strong> to go on
            </label>
            <input
              id={id}
              class="control"
              autocomplete="off"
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </div>
        )}
        {error !== null && <Problems error={error} />}
      </div>
    </Dialog>
  );
}
