// SPDX-License-Identifier: Apache-2.0
// Native dialogs: modal, closed by Esc, the focus goes back to what opened them.
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "./button";
import { type Saving, useSaving } from "./saving";

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

/** What opened each dialog, and the dialog that it stands in, if it does. */
const openers = new WeakMap<Element, { opener: Element | null; within: Element | null }>();

/** Give the focus back: to what opened it; where that went with another dialog, to what opened that one. */
function giveBack(dialog: Element): void {
  const known = openers.get(dialog);
  if (!known) return;
  const { opener, within } = known;
  if (opener instanceof HTMLElement && opener.isConnected) {
    opener.focus();
    // Not while another dialog is open that came in its place: that one asks again.
    if (document.activeElement === opener) openers.delete(dialog);
  } else if (within) giveBack(within);
}

/** A modal dialog; its content exists only while it is open. */
export function Dialog({ title, open, onClose, children, actions, wide }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const gone = useRef(false);
  const id = useId();
  // With the drawing, not a frame later: what is typed next belongs into it.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    if (open && !dialog.open) {
      const opener = document.activeElement;
      openers.set(dialog, { opener, within: opener?.closest("dialog") ?? null });
      dialog.showModal();
      dialog.querySelector<HTMLElement>(FIRST_FIELD)?.focus();
    } else if (!open) {
      if (dialog.open) dialog.close();
      giveBack(dialog);
    }
  }, [open]);
  useLayoutEffect(() => {
    const dialog = ref.current;
    return () => {
      // Taken away while it is open. Nothing outside takes the focus before it is closed, and what it says of that
      // would reach whatever stands in its place by then.
      gone.current = true;
      if (!dialog?.open) return;
      dialog.close();
      giveBack(dialog);
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={`dialog${wide ? " dialog-wide" : ""}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={() => open && !gone.current && onClose()}
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

interface FormProps {
  title: string;
  onClose: () => void;
  saving: Saving;
  /** Closes when it went well. */
  onSave: () => Promise<unknown>;
  /** What its button says: a verb, and of what. */
  action?: ComponentChildren;
  danger?: boolean;
  /** Nothing is to be saved yet. */
  disabled?: boolean;
  wide?: boolean;
  children: ComponentChildren;
}

/** Open while it is there, with a form in it: Enter or its button saves, and closes it. */
export function FormDialog(props: FormProps) {
  const { title, onClose, saving, onSave, action = "Save", danger, disabled, wide, children } = props;
  const form = useId();
  return (
    <Dialog
      title={title}
      open
      wide={wide}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind={danger ? "danger" : "primary"}
            type="submit"
            form={form}
            busy={saving.busy}
            disabled={disabled}
          >
            {action}
          </Button>
        </>
      }
    >
      <form
        id={form}
        class="stack"
        noValidate
        onSubmit={async (event) => {
          event.preventDefault();
          if (!saving.busy && !disabled && (await saving.run(onSave))) onClose();
        }}
      >
        {children}
        {saving.problems}
      </form>
    </Dialog>
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
  const saving = useSaving();
  const { fail } = saving;
  const [text, setText] = useState("");
  const id = useId();
  useLayoutEffect(() => {
    if (open) {
      fail(null);
      setText("");
    }
  }, [open, fail]);
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
            busy={saving.busy}
            disabled={typed !== undefined && text.trim() !== typed}
            onClick={async () => {
              if ((await saving.run(onConfirm)) && !stay) onClose();
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
        {saving.problems}
      </div>
    </Dialog>
  );
}
