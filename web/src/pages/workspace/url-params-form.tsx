// SPDX-License-Identifier: Apache-2.0
// What is added to the links of every message.
import { useState } from "preact/hooks";
import { OURS, patch } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate } from "../../lib/query";
import { Button } from "../../ui/button";
import { TextArea } from "../../ui/field";
import { useSaving } from "../../ui/saving";
import { toast } from "../../ui/toast";
import { linesOf, type Param, paramsOf, pointersOf, refusalOf, USUAL } from "./url-params";

const PATH = `${OURS}/workspace`;

/** Empty for none. */
export function UrlParamsForm({ params }: { params: readonly Param[] }) {
  const may = useMay("own");
  const [edited, setEdited] = useState<string | null>(null);
  const lines = edited ?? linesOf(params);
  const written = paramsOf(lines);
  const saving = useSaving(pointersOf(written.length));
  return (
    <form
      class="card stack"
      aria-label="URL parameters"
      onSubmit={async (event) => {
        event.preventDefault();
        const done = await saving.run(async () => {
          await patch(PATH, { url_parameters: written });
          invalidate(PATH);
        });
        if (done) toast("Saved");
      }}
    >
      <TextArea
        label="Parameters"
        hint="One in a line, such as utm_campaign={{ campaign.name }}, with Liquid. Empty: none."
        value={lines}
        disabled={!may}
        spellcheck={false}
        error={refusalOf(saving.about, written.length)}
        onInput={setEdited}
      />
      {saving.problems}
      <div class="row">
        <Button type="submit" disabled={!may} busy={saving.busy}>
          Save the URL parameters
        </Button>
        {written.length === 0 && (
          <Button kind="quiet" disabled={!may} onClick={() => setEdited(linesOf(USUAL))}>
            Fill in the usual ones
          </Button>
        )}
      </div>
    </form>
  );
}
