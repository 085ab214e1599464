// SPDX-License-Identifier: Apache-2.0
// How the saving of a page stands, in words, with undo and what to do about conflicts.
import { useState } from "preact/hooks";
import { Clashes } from "../compare/Clashes";
import { fieldWords } from "../compare/fields";
import type { Autosave } from "../lib/autosave";
import type { Whose } from "../lib/merging";
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

function Conflict<T>({ autosave, field }: { autosave: Autosave<T>; field: string }) {
  const [choices, setChoices] = useState<Record<string, Whose>>({});
  const merged = autosave.merged;
  return (
    <div class="banner banner-warn stack-tight">
      <p role="alert">
        {autosave.error?.message.replace(/^version: |: this is version.*$/g, "") ??
          "This browser has changes that the server does not have, made from an older version."}
      </p>
      {merged === null ? (
        <div>
          <Button onClick={() => void autosave.compare()}>Look at both</Button>
        </div>
      ) : (
        <>
          <p>
            Both of you changed{" "}
            {merged.clashes.length === 1 ? "this" : `these ${merged.clashes.length} fields`}: choose what
            stays. Nothing is lost: yours comes back with Undo, theirs stands in the history.
          </p>
          <Clashes clashes={merged.clashes} field={field} choices={choices} onChoose={setChoices} />
          {merged.theirs.length > 0 && (
            <p class="small">
              Also changed by them, and taken over:{" "}
              {merged.theirs.map((name) => fieldWords(name).toLowerCase()).join(", ")}.
            </p>
          )}
          <div>
            <Button kind="primary" onClick={() => autosave.settle(choices)}>
              Save what is chosen
            </Button>
          </div>
        </>
      )}
    </div>
  );
}

interface TroubleProps<T> {
  autosave: Autosave<T>;
  /** Pointers of fields that show their own errors. */
  besides?: readonly string[];
  /** What is edited, where it is one field. */
  field?: string;
}

/** What went wrong with saving, and what can be done; what somebody else did beside it; nothing when nothing did. */
export function SaveTrouble<T>({ autosave, besides, field = "" }: TroubleProps<T>) {
  if (autosave.state === "conflict") return <Conflict autosave={autosave} field={field} />;
  if (autosave.state === "failed" && autosave.error) {
    return (
      <div class="stack-tight">
        <Problems error={autosave.error} besides={besides} />
        <div class="row">
          {besides && autosave.error.apartFrom(besides).length === 0 && (
            <span>What is marked keeps it from being saved.</span>
          )}
          <Button onClick={() => void autosave.flush()}>Save now</Button>
        </div>
      </div>
    );
  }
  if (autosave.taken) {
    const named = autosave.taken.map((name) => fieldWords(name || field).toLowerCase()).join(", ");
    return (
      <p class="banner" role="status">
        Somebody else changed this meanwhile: {named}. Both changes are kept.
      </p>
    );
  }
  return null;
}
