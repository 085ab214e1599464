// SPDX-License-Identifier: Apache-2.0
// One import: how far it is, what was wrong. Under `new`, the steps that lead to one.
import { useEffect } from "preact/hooks";
import { OURS } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { useMay } from "../../app/session";
import { count, number, percent } from "../../lib/format";
import { invalidate, useQuery } from "../../lib/query";
import { LinkButton } from "../../ui/button";
import { Page, Section } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { Loaded, NoPermission } from "../../ui/states";
import "./imports.css";
import { ImportSteps } from "./steps";
import { type Import, isOver, type RowError, STATE_TONES, STATE_WORDS } from "./types";
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
  useEffect(() => {
    if (over) invalidate(`${OURS}/people`);
  }, [over]);
  return (
    <Page
      title={query.data?.import.name ?? "Import"}
      parent={PARENT}
      badge={state && <Pill tone={STATE_TONES[state]}>{STATE_WORDS[state]}</Pill>}
    >
      <Loaded query={polled.data ? polled : query} lines={6}>
        {({ import: one }) => <Facts one={one} />}
      </Loaded>
      {over && (query.data?.import.clarion.rows_wrong ?? 0) > 0 && <Wrong id={id} />}
    </Page>
  );
}

function Facts({ one }: { one: Import }) {
  const seen = one.rows_imported + one.clarion.rows_wrong;
  return (
    <>
      {one.error && (
        <p class="banner banner-bad" role="alert">
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
