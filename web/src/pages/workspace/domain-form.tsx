// SPDX-License-Identifier: Apache-2.0
// The domain by which links in messages lead here.
import { useState } from "preact/hooks";
import { del, OURS, post, put } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate, useQuery } from "../../lib/query";
import { Button } from "../../ui/button";
import { TextField } from "../../ui/field";
import { Pill, Time } from "../../ui/pill";
import { useSaving } from "../../ui/saving";
import { Loaded } from "../../ui/states";
import { toast } from "../../ui/toast";
import { adviceOf, type DomainAnswer, leadingBy } from "./domain";

const PATH = `${OURS}/workspace/tracking_domain`;

function Form({ answer }: { answer: DomainAnswer }) {
  const may = useMay("own");
  const own = answer.tracking_domain;
  const [edited, setUrl] = useState<string | null>(null);
  const url = edited ?? own?.url ?? "";
  const saving = useSaving(["/url"]);
  const run = async (what: () => Promise<unknown>, said: string) => {
    const done = await saving.run(async () => {
      await what();
      invalidate(PATH);
      setUrl(null);
    });
    if (done) toast(said);
  };
  const advice = adviceOf(own);
  return (
    <form
      class="card stack"
      aria-label="Domain of links"
      onSubmit={(event) => {
        event.preventDefault();
        void run(() => (url.trim() ? put(PATH, { url }) : del(PATH)), "Saved");
      }}
    >
      <p>
        {leadingBy(answer)}{" "}
        {own && <Pill tone={own.used ? "good" : "warn"}>{own.used ? "in use" : "not in use"}</Pill>}
      </p>
      {own?.failure && <p class="break">{own.failure}</p>}
      {advice && <p class="break">{advice}</p>}
      {own?.checked_at && (
        <p class="muted">
          Looked at <Time ms={own.checked_at * 1_000} ago />.
        </p>
      )}
      <TextField
        label="Domain"
        hint="Such as links.example.com. Empty: the installation’s own address."
        value={url}
        disabled={!may}
        error={saving.about("/url")}
        onInput={setUrl}
      />
      {saving.problems}
      <div class="row">
        <Button type="submit" disabled={!may} busy={saving.busy}>
          Save the domain
        </Button>
        {own && (
          <Button
            kind="quiet"
            disabled={!may}
            busy={saving.busy}
            onClick={() => void run(() => post(`${PATH}/check`, {}), "Looked again")}
          >
            Look again
          </Button>
        )}
      </div>
    </form>
  );
}

/** With what is known of it. */
export function DomainForm() {
  const query = useQuery<DomainAnswer>(PATH);
  return <Loaded query={query}>{(answer) => <Form answer={answer} />}</Loaded>;
}
