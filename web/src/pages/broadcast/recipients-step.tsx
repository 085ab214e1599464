// SPDX-License-Identifier: Apache-2.0
// Whom it reaches when the call names nobody.
import { SavedAudience } from "../../audience/SavedAudience";
import { LinkButton } from "../../ui/button";
import type { Broadcast } from "../broadcasts/types";
import { useBroadcastPart } from "./use-part";

export function RecipientsStep({ broadcast }: { broadcast: Broadcast }) {
  const autosave = useBroadcastPart(
    broadcast,
    "recipients",
    (one) => one.recipients,
    (recipients) => ({ recipients }),
  );
  return (
    <div class="stack">
      <SavedAudience
        autosave={autosave}
        field="recipients"
        broadcast={broadcast.id}
        intro={
          <p class="muted">
            The default audience. Recipients that a call brings along replace it. Saved conditions apply to
            triggers from then on.
          </p>
        }
      />
      <div class="row row-end">
        <LinkButton href={`/broadcasts/${broadcast.id}/goal`}>Next: goal & exit</LinkButton>
      </div>
    </div>
  );
}
