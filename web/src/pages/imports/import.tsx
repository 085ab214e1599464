// SPDX-License-Identifier: Apache-2.0
// One import: how far it is, what was wrong. Under `new`, the steps that lead to one.
import { useEffect, useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { useMay } from "../../app/session";
import { count, number, people, percent } from "../../lib/format";
import { invalidate, useQuery } from "../../lib/query";
import { Button, LinkButton } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { Page, Section } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { Loaded, NoPermission } from "../../ui/states";
import "./imports.css";
import { ImportSteps } from "./steps";
import { type Import, isOver, type RowError, standing } from "./types";
import { WrongRows } from "./wrong-rows";

const PARENT = { href: "/imports", label: "Imports" };
const EVERY_MS = 1_000;

/** `/imports/:id`. */
export default function ImportPage({ params }: PageProps) {
  const mayEdit = useMay("edit");
  if (params.id !== "new") return <Progress id={params.id ?? ""} />;
  if (mayEdit) return <ImportSteps parent={PARENT} />;
  return (
    <Page title="Import a CSV file" parent={PARENT}>
      <NoPermission what="import people" />
    </Page>
  );
}

function Progress({ id }: { id: string }) {
  const path = `/v1/imports/${encodeURIComponent(id)}`;
  const query = useQuery<{ import: Import }>(path);
  const state = query.data?.import.state;
  const running = state !== undefined && !isOver(state);
  const polled = useQuery<{ import: Import }>(running ? path : null, { every: EVERY_MS });
  const over = state !== undefined && isOver(state);
  const one = (polled.data ?? query.data)?.import;
  const mayEdit = useMay("edit");
  const [cancelling, setCancelling] = useState(false);
  useEffect(() => {
    if (!over) return;
    for (const path of [`${OURS}/people`, `${OURS}/segments`, "/v1/segments"]) invalidate(path);
  }, [over]);
  return (
    <Page
      title={query.data?.import.name ?? "Import"}
      parent={PARENT}
      badge={one && <Pill tone={standing(one).tone}>{standing(one).words}</Pill>}
      actions={
        running &&
        mayEdit &&
        one &&
        !one.clarion.cancelled && <Button onClick={() => setCancelling(true)}>Cancel the import</Button>
      }
    >
      <Loaded query={polled.data ? polled : query} lines={6}>
        {({ import: one }) => <Facts one={one} />}
      </Loaded>
      {over && (query.data?.import.clarion.rows_wrong ?? 0) > 0 && <Wrong id={id} />}
      <Confirm
        title="Cancel this import?"
        open={cancelling}
        danger
        action="Cancel the import"
        onClose={() => setCancelling(false)}
        onConfirm={async () => {
          await post(`${OURS}/imports/${encodeURIComponent(id)}/cancel`);
          setCancelling(false);
          invalidate(path);
          invalidate(`${OURS}/imports`);
        }}
      >
        Rows that are in stay as they are; up to a thousand more may follow. The file is deleted.
      </Confirm>
    </Page>
  );
}

function Facts({ one }: { one: Import }) {
  const seen = one.rows_imported + one.clarion.rows_wrong;
  return (
    <>
      {one.error && (
        <p class={`banner ${one.clarion.cancelled ? "banner-warn" : "banner-bad"}`} role="alert">
          {one.error}
        </p>
      )}
      {one.rows_to_import > 0 && (
        <div class="stack-tight">
          <progress
            class="import-progress"
            aria-label="Rows that are in"
            max={Math.max(one.rows_to_import, seen)}
            value={seen}
          />
          <p class="muted" role="status">
            {isOver(one.state)
              ? `${count(one.rows_imported, "row is", "rows are")} in.`
              : `${percent(seen, one.rows_to_import)} of ${number(one.rows_to_import)} rows`}
          </p>
        </div>
      )}
      <dl class="facts">
        <div>
          <dt>Rows in</dt>
          <dd>{number(one.rows_imported)}</dd>
        </div>
        <div>
          <dt>Wrong</dt>
          <dd>{number(one.clarion.rows_wrong)}</dd>
        </div>
        {one.clarion.segment_id !== null && (
          <div>
            <dt>Put into the segment</dt>
            <dd>
              <a href={`/segments/${one.clarion.segment_id}`}>{people(one.clarion.rows_joined)}</a>
            </dd>
          </div>
        )}
        <div>
          <dt>Found by</dt>
          <dd>{one.identifier}</dd>
        </div>
        <div>
          <dt>Begun</dt>
          <dd>
            <Time ms={one.created_at * 1_000} />
          </dd>
        </div>
      </dl>
      {one.state === "imported" && one.type === "people" && (
        <div class="row">
          <LinkButton href="/people">See the people</LinkButton>
        </div>
      )}
    </>
  );
}

function Wrong({ id }: { id: string }) {
  const query = useQuery<{ errors: RowError[]; next: number }>(`${OURS}/imports/${id}/errors?limit=1000`);
  return (
    <Section title="Rows that were wrong" hint="They were left out; the others are in.">
      <Loaded query={query} lines={4}>
        {({ errors, next }) => <WrongRows errors={errors} more={next > 0} />}
      </Loaded>
    </Section>
  );
}
