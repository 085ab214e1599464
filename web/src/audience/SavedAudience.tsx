// SPDX-License-Identifier: Apache-2.0
// Conditions that save themselves, with whom they reach beside them.
import type { ComponentChildren } from "preact";
import { useMay } from "../app/session";
import type { Autosave } from "../lib/autosave";
import { SaveState, SaveTrouble } from "../ui/savestate";
import { AudienceSummary } from "./AudienceSummary";
import { FilterBuilder } from "./FilterBuilder";
import { type Audience, type Filter, faults, isEverybody } from "./filter";

interface SavedAudienceProps {
  autosave: Autosave<Audience>;
  /** What is edited, as conflicts call it. */
  field: "recipients" | "condition";
  /** Beside how its saving stands: what the conditions are for. */
  intro: ComponentChildren;
  /** Whom they reach, where that is not the conditions alone. */
  reached?: Audience;
  /** Whose messages and topic decide who gets anything; without: only who matches is shown. */
  broadcast?: number;
}

/** Conditions at the left, their reach at the right; unfinished ones say what is missing before the server does. */
export function SavedAudience({ autosave, field, intro, reached, broadcast }: SavedAudienceProps) {
  const mayEdit = useMay("edit");
  const { value } = autosave;
  const unfinished = !isEverybody(value) && faults(value as Filter).length > 0;
  return (
    <>
      <div class="row row-between">
        {intro}
        <SaveState autosave={autosave} />
      </div>
      {!unfinished && <SaveTrouble autosave={autosave} field={field} />}
      <div class="two-columns">
        <fieldset disabled={!mayEdit}>
          <legend class="visually-hidden">Conditions</legend>
          <FilterBuilder
            value={value}
            onChange={(changed) => autosave.change(changed)}
            showFaults={unfinished}
          />
        </fieldset>
        <AudienceSummary filter={reached ?? value} broadcast={broadcast} bare={broadcast === undefined} />
      </div>
    </>
  );
}
