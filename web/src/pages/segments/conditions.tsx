// SPDX-License-Identifier: Apache-2.0
// The conditions of a data-driven segment, for a new one or an old one: built, said and counted while one builds.
import { useEffect, useState } from "preact/hooks";
import { ApiError, OURS, patch, post } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { FilterBuilder } from "../../audience/FilterBuilder";
import { type Audience, blank, type Filter, faults, isEverybody } from "../../audience/filter";
import { people } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { navigate } from "../../lib/router";
import { Button, LinkButton } from "../../ui/button";
import { TextArea, TextField } from "../../ui/field";
import { Page, Section } from "../../ui/page";
import { useSaving } from "../../ui/saving";
import { ErrorState, Loading, Problems } from "../../ui/states";
import { type Segment, segmentsChanged } from "./segments";

const PAUSE_MS = 350;

interface Found {
  people: number;
  exact: boolean;
  sentence: string;
}

/** What conditions say and how many people they find, a moment after they stop changing; null: not known now. */
function useFound(
  conditions: Audience,
  whole: boolean,
): { found: Found | null; error: unknown; stale: boolean } {
  const [state, setState] = useState<{ found: Found | null; error: unknown; stale: boolean }>({
    found: null,
    error: null,
    stale: true,
  });
  const body = JSON.stringify({ conditions });
  useEffect(() => {
    setState((before) => ({ ...before, stale: true }));
    if (!whole) return;
    const aborting = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const options = { signal: aborting.signal };
        const found = await post<Found>(`${OURS}/segments/count`, JSON.parse(body), options);
        setState({ found, error: null, stale: false });
      } catch (error) {
        if (!aborting.signal.aborted) setState({ found: null, error, stale: false });
      }
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      aborting.abort();
    };
  }, [body, whole]);
  return state;
}

function FoundSummary({ conditions, whole }: { conditions: Audience; whole: boolean }) {
  const { found, error, stale } = useFound(conditions, whole);
  return (
    <section class="reach" aria-label="Whom they find">
      {found && (
        <p>
          Finds <strong>{found.sentence}</strong>
        </p>
      )}
      <p class="reach-number" aria-live="polite" aria-busy={stale}>
        {found && !stale && (found.exact ? people(found.people) : `about ${people(found.people)}`)}
        {(!found || stale) && error === null && (whole ? "…" : "Finish the conditions")}
      </p>
      {error !== null && <Problems error={error} />}
    </section>
  );
}

function Editor({ before }: { before: Segment | null }) {
  const [name, setName] = useState(before?.name ?? "");
  const [description, setDescription] = useState(before?.description ?? "");
  const [conditions, setConditions] = useState<Audience>(
    (before?.conditions as Audience | null | undefined) ?? { and: [blank()] },
  );
  const [tried, setTried] = useState(false);
  const saving = useSaving(["/name"]);
  const whole = !isEverybody(conditions) && faults(conditions as Filter).length === 0;
  const save = async () => {
    setTried(true);
    if (!whole) return;
    await saving.run(async () => {
      const body = { name, description, conditions };
      const answer = before
        ? await patch<{ segment: Segment }>(`${OURS}/segments/${before.id}`, body)
        : await post<{ segment: Segment }>(`${OURS}/segments`, body);
      segmentsChanged();
      navigate(`/segments/${answer.segment.id}`);
    });
  };
  return (
    <Page
      title={before ? `Conditions of ${before.name}` : "A data-driven segment"}
      parent={{ href: "/segments", label: "Segments" }}
      actions={
        <>
          <LinkButton href={before ? `/segments/${before.id}` : "/segments"}>Cancel</LinkButton>
          <Button kind="primary" busy={saving.busy} onClick={save}>
            {before ? "Save and build anew" : "Make it"}
          </Button>
        </>
      }
    >
      <div class="stack">
        {saving.problems}
        <TextField label="Name" value={name} error={saving.about("/name")} onInput={setName} />
        <TextArea label="Description" rows={2} value={description} onInput={setDescription} />
        <Section title="Who is in it" hint="People come and go as they change, and as time passes.">
          <FilterBuilder value={conditions} onChange={setConditions} showFaults={tried} rich />
        </Section>
        {before && (
          <p class="muted">
            With other conditions everybody is looked at anew; until it is their turn, people stay as they
            are.
          </p>
        )}
        <FoundSummary conditions={conditions} whole={whole} />
      </div>
    </Page>
  );
}

function Changing({ id }: { id: string }) {
  const query = useQuery<{ segment: Segment }>(`${OURS}/segments/${Number(id)}`);
  if (query.data) return <Editor before={query.data.segment} />;
  return (
    <Page title="Conditions" parent={{ href: "/segments", label: "Segments" }}>
      {query.error instanceof ApiError ? (
        <ErrorState error={query.error} onRetry={query.refetch} />
      ) : (
        <Loading lines={4} />
      )}
    </Page>
  );
}

/** `/segments/new` and `/segments/:id/conditions`. */
export default function Conditions({ params }: PageProps) {
  return params.id ? <Changing id={params.id} /> : <Editor before={null} />;
}
