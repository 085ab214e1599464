// SPDX-License-Identifier: Apache-2.0
// How the saving of a page stands, in words, with undo and what to do about conflicts.
import type { Autosave } from "../lib/autosave";
import { Button } from "./button";
import { Problems } from "./states";

function words<T>(autosave: Autosave<T>): string {
  switch (autosave.state) {
    case "waiting":
    case "saving":
      return "Saving…";
    case "failed":
      return "Not saved yet";
    case "conflict":
      return "Changed by somebody else";
    case "saved":
      return autosave.savedAt
        ? `Saved ${new Date(autosave.savedAt).toLocaleTimeString()}`
        : "All changes are saved";
  }
}

/** A line for the head of an editor. */
export function SaveState<T>({ autosave }: { autosave: Autosave<T> }) {
  return (
    <span class="row">
      <Button kind="quiet" disabled={!autosave.canUndo} onClick={() => autosave.undo()}>
        Undo
      </Button>
      <Button kind="quiet" disabled={!autosave.canRedo} onClick={() => autosave.redo()}>
        Redo
      </Button>
      <span class="muted small" role="status">
        {words(autosave)}
      </span>
    </span>
  );
}

interface TroubleProps<T> {
  autosave: Autosave<T>;
  /** The newest of the server: the value and its version. */
  theirs: () => Promise<{ value: T; version: number }>;
  /** Pointers of fields that show their own errors. */
  besides?: readonly string[];
}

/** What went wrong with saving, and what can be done; nothing when nothing did. */
export function SaveTrouble<T>({ autosave, theirs, besides }: TroubleProps<T>) {
  if (autosave.state === "conflict") {
    const settle = async (whose: "mine" | "theirs") => {
      const newest = await theirs();
      autosave.settle(whose, newest.value, newest.version);
    };
    return (
      <div class="banner banner-warn" role="alert">
        <p>
          {autosave.error?.message ??
            "This browser has changes that the server does not have, made from an older version."}
        </p>
        <div class="row">
          <Button onClick={() => settle("mine")}>Keep mine</Button>
          <Button onClick={() => settle("theirs")}>Take theirs</Button>
        </div>
      </div>
    );
  }
  if (autosave.state === "failed" && autosave.error) {
    return (
      <div class="stack-tight">
        <Problems error={autosave.error} besides={besides} />
        <div>
          <Button onClick={() => void autosave.flush()}>Save now</Button>
        </div>
      </div>
    );
  }
  return null;
}
