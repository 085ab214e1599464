// SPDX-License-Identifier: Apache-2.0
// One send while it runs and afterwards: numbers, what limits it, what went wrong, and what can be done about it.
import { useEffect, useRef, useState } from "preact/hooks";
import { OURS } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { Sparkline } from "../../charts/Sparkline";
import { StackedBar } from "../../charts/StackedBar";
import { number, people } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { LinkButton } from "../../ui/button";
import { Fact, Page, Section } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Causes } from "./causes";
import { Controls } from "./controls";
import { Entries, Heard } from "./heard";
import { InDoubt } from "./in-doubt";
import {
  announcement,
  brokenBy,
  endWords,
  isGrave,
  lookEvery,
  paceWords,
  partsOf,
  percentDone,
  pulse,
  rateWords,
  STATE_WORDS,
  toneOf,
} from "./progress";
import { Repeats } from "./repeats";
import "./trigger.css";
import type { Progress } from "./types";

const SOON_MS = 5_000; // a moment that is nearer is not worth a word

/** `/triggers/:id`. */
export default function TriggerPage({ params }: PageProps) {
  const id = Number(params.id);
  const [every, setEvery] = useState<number | null>(1_000);
  const query = useQuery<{ triggers: Progress[] }>(
    Number.isSafeInteger(id) ? `${OURS}/progress?ids=${id}` : null,
    { every },
  );
  const progress = query.data?.triggers[0];
  useEffect(() => setEvery(lookEvery(progress, Date.now())), [progress]);
  if (query.data && !progress)
    return (
      <Page title="Trigger">
        <Empty title="There is no such trigger in this workspace" />
      </Page>
    );
  if (!progress)
    return (
      <Page title="Trigger">
        <Loaded query={query}>{() => null}</Loaded>
      </Page>
    );
  return (
    <Page
      title={`Trigger ${progress.id}`}
      parent={{ href: `/broadcasts/${progress.broadcast.id}`, label: progress.broadcast.name }}
      badge={
        <Pill tone={toneOf(progress.state, progress.paused)}>
          {progress.paused ? "paused" : (STATE_WORDS[progress.state] ?? progress.state)}
        </Pill>
      }
      actions={<Controls progress={progress} onDone={query.refetch} />}
    >
      {query.error && (
        <p class="banner banner-warn" role="status">
          Not up to date: {query.error.message}
        </p>
      )}
      <Live progress={progress} />
      <InDoubt progress={progress} onDone={query.refetch} />
      <Causes progress={progress} onDone={query.refetch} />
      <Heard progress={progress} />
      <Entries progress={progress} />
      <Repeats progress={progress} />
    </Page>
  );
}

function Live({ progress }: { progress: Progress }) {
  const { numbers, resolved } = progress;
  const percent = percentDone(progress);
  const before = useRef<number | null>(null);
  const [said, setSaid] = useState("");
  useEffect(() => {
    const words = announcement(before.current, percent, progress);
    before.current = percent;
    if (words) setSaid(words);
  }, [percent, progress]);
  const now = Date.now();
  return (
    <Section title="Progress" actions={<Reports progress={progress} />}>
      <div class="card">
        <p class="visually-hidden" role="status">
          {said}
        </p>
        <div class="row row-between">
          <p class="trigger-percent">
            <strong>{percent} %</strong>{" "}
            <span class="muted">
              {number(numbers.accounts - numbers.left)} of {number(numbers.accounts)} messages
            </span>
          </p>
          {progress.running && (
            <p class="row">
              <Sparkline values={pulse(progress.handed_over_at)} /> {rateWords(progress.rate)}
            </p>
          )}
        </div>
        <StackedBar label="Messages" parts={partsOf(numbers)} total={numbers.accounts} />
        {progress.failure && <p class="banner banner-bad">It failed: {progress.failure}</p>}
        {brokenBy(progress) && (
          <div class="banner banner-bad" role="status">
            <p>
              <strong>It paused itself:</strong> {brokenBy(progress)}.
            </p>
            <p class="small">
              “Not sent” below says what the provider told. Once that is mended, <em>Resume</em> lets it go on
              with the {number(numbers.left)} messages that are left, and counts anew from there;{" "}
              <em>Stop</em> ends it for good. The limits are those of the <a href="/workspace">workspace</a>.
            </p>
          </div>
        )}
        {progress.held_back
          .filter((held) => !(held.what === "paused" && held.words))
          .map((held) => (
            <p key={held.what} class="trigger-held">
              <Pill tone={isGrave(held) ? "bad" : "warn"}>Waits</Pill> {held.meaning}
              {held.until !== null && held.until * 1_000 > now + SOON_MS && (
                <>
                  {" "}
                  until <Time ms={held.until * 1_000} />
                </>
              )}
              {held.words && <span class="muted"> – “{held.words}”</span>}
            </p>
          ))}
      </div>
      <div class="grid-2">
        <dl class="facts trigger-facts">
          <Fact label="People resolved">
            {number(resolved.people)}
            {resolved.expected !== null &&
              resolved.expected !== resolved.people &&
              ` of ${number(resolved.expected)}`}
            {!resolved.done && ` (${Math.floor(100 * resolved.share)} % looked at)`}
          </Fact>
          <Fact label="With something to send">{people(progress.recipients)}</Fact>
          <Fact label="Messages made">{number(numbers.made)}</Fact>
          <Fact label="Handed over">{number(numbers.handed_over)}</Fact>
          {resolved.errors > 0 && <Fact label="Entries that name nobody">{number(resolved.errors)}</Fact>}
        </dl>
        <dl class="facts trigger-facts">
          <Fact label="Triggered">
            <Time ms={progress.created_at * 1_000} ago exact />
          </Fact>
          <Fact label="By">{progress.triggered_by ?? "–"}</Fact>
          {progress.processed_at !== null ? (
            <Fact label="Finished">
              <Time ms={progress.processed_at * 1_000} exact />
            </Fact>
          ) : (
            <Fact label="Ends">{endWords(progress, now)}</Fact>
          )}
          {progress.running && <Fact label="Speed">{paceWords(progress.pace)}</Fact>}
          {progress.priority !== 0 && <Fact label="Priority">{number(progress.priority)}</Fact>}
          {progress.changed_by && <Fact label="Changed by">{progress.changed_by}</Fact>}
        </dl>
      </div>
    </Section>
  );
}

function Reports({ progress }: { progress: Progress }) {
  return (
    <>
      <LinkButton kind="quiet" href={`/deliveries?trigger=${progress.id}`}>
        Deliveries
      </LinkButton>
      {progress.numbers.drafted > 0 && (
        <LinkButton kind="quiet" href={`/drafts?trigger=${progress.id}`}>
          {progress.numbers.drafted === 1 ? "1 draft" : `${number(progress.numbers.drafted)} drafts`}
        </LinkButton>
      )}
      <LinkButton kind="quiet" href={`/broadcasts/${progress.broadcast.id}/metrics`}>
        Metrics
      </LinkButton>
      <LinkButton kind="quiet" href={`/broadcasts/${progress.broadcast.id}/sends`}>
        Send history
      </LinkButton>
    </>
  );
}
