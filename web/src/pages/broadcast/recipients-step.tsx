// SPDX-License-Identifier: Apache-2.0
// Whom it reaches when the call names nobody.

import { useMay } from "../../app/session";
import { AudienceSummary } from "../../audience/AudienceSummary";
import { FilterBuilder } from "../../audience/FilterBuilder";
import { type Filter, faults, isEverybody } from "../../audience/filter";
import { LinkButton } from "../../ui/button";
import { SaveState, SaveTrouble } from "../../ui/savestate";
import type { Broadcast } from "../broadcasts/types";
import { useBroadcastPart } from "./use-part";

/** Conditions at the left, their reach at the right. */
export function RecipientsStep({ broadcast }: { broadcast: Broadcast }) {
  const mayEdit = useMay("edit");
  const autosave = useBroadcastPart(
    broadcast,
    "recipients",
    (one) => one.recipients,
    (recipients) => ({ recipients }),
  );
  const unfinished = !isEverybody(autosave.value) && faults(autosave.value as Filter).length > 0;
  return (
    <div class="stack">
      <div class="row row-between">
        <p class="muted">
          The default audience. Recipients that a call brings along replace it. Saved conditions apply to
          triggers from then on.
        </p>
        <SaveState autosave={autosave} />
      </div>
      {!unfinished && <SaveTrouble autosave={autosave} field="recipients" />}
      <div class="two-columns">
        <fieldset disabled={!mayEdit}>
          <legend class="visually-hidden">Conditions</legend>
          <FilterBuilder
            value={autosave.value}
            onChange={(value) => autosave.change(value)}
            showFaults={unfinished}
          />
        </fieldset>
        <AudienceSummary filter={autosave.value} broadcast={broadcast.id} />
      </div>
      <div class="row row-end">
        <LinkButton href={`/broadcasts/${broadcast.id}/goal`}>Next: goal & exit</LinkButton>
      </div>
    </div>
  );
}
