// SPDX-License-Identifier: Apache-2.0
// What stands in the way of activating, what to think about, and the button.
import { useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { useMay } from "../../app/session";
import { useReach } from "../../audience/AudienceSummary";
import { useSegments } from "../../audience/FilterBuilder";
import { isEverybody, sentence } from "../../audience/filter";
import {
  type Count,
  isUneven,
  leftOutOfAll,
  leftOutWords,
  willGetOf,
  willGetWords,
} from "../../audience/reach";
import { valueWords } from "../../compare/fields";
import { withoutName } from "../../lib/fieldnames";
import { people } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { navigate } from "../../lib/router";
import { Button, LinkButton } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { Section } from "../../ui/page";
import { Loaded } from "../../ui/states";
import { type Action, actionName, type Broadcast } from "../broadcasts/types";
import { weightWords } from "../composer/attached";
import { broadcastChanged } from "./frame";
import { goalWords } from "./goal";
import { placeOf } from "./places";

export interface Finding {
  field: string;
  message: string;
  line: number | null;
  column: number | null;
  quiet?: boolean; // a setting that may be meant so
}

export interface Review {
  ready: boolean;
  problems: Finding[];
  warnings: Finding[];
}

function Findings({ broadcast, findings }: { broadcast: Broadcast; findings: Finding[] }) {
  return (
    <ul class="stack-tight">
      {findings.map((finding) => {
        const place = placeOf(broadcast, finding);
        return (
          <li key={finding.field + finding.message + finding.line}>
            <a href={place.href}>{place.words}</a>: {withoutName(finding.message, finding.field)}
            {finding.line !== null && (
              <span class="muted">
                {" "}
                (line {finding.line}
                {finding.column !== null && `, column ${finding.column}`})
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** Its warnings, without those that are settings, and these. */
function sorted(found: Review): Review & { quiet: Finding[] } {
  const [quiet, warnings] = [true, false].map((of) => found.warnings.filter((one) => !!one.quiet === of));
  return { ...found, warnings: warnings ?? [], quiet: quiet ?? [] };
}

/** How many get one of the messages, and why the others do not. */
function Getting({ count, action }: { count: Count; action: number }) {
  const found = count.actions.find((one) => one.id === action);
  if (!found) return null;
  const out = leftOutWords(found.left_out, found.kind);
  return (
    <>
      {" "}
      — {willGetOf(count, action)}
      {out.length > 0 && <span class="muted"> (left out: {out.join(", ")})</span>}
    </>
  );
}

function weightOf(action: Action, count: Count | null): string {
  const found = count?.actions.find((one) => one.id === action.id);
  return weightWords(action.attachments ?? [], found?.will_get ?? null);
}

/** The last step. */
export function ReviewStep({ broadcast }: { broadcast: Broadcast }) {
  const maySend = useMay("send");
  const review = useQuery<Review>(`${OURS}/broadcasts/${broadcast.id}/review`);
  const { count } = useReach(broadcast.recipients, broadcast.id);
  const segments = useSegments();
  const names = new Map(segments.map((one) => [one.id, one.name]));
  const [asking, setAsking] = useState(false);
  const sending = broadcast.actions.filter((action) => action.sending_state !== "off");
  return (
    <Loaded query={{ ...review, data: review.data && sorted(review.data) }} lines={4}>
      {({ ready, problems, warnings, quiet }) => (
        <div class="stack">
          {problems.length > 0 && (
            <div class="banner banner-bad">
              <h2>Needs fixing</h2>
              <Findings broadcast={broadcast} findings={problems} />
            </div>
          )}
          {warnings.length > 0 && (
            <div class="banner banner-warn">
              <h2>To think about</h2>
              <p>These do not keep it from being activated.</p>
              <Findings broadcast={broadcast} findings={warnings} />
            </div>
          )}
          {ready && warnings.length === 0 && (
            <p class="banner banner-good" role="status">
              Nothing stands in the way.
            </p>
          )}
          {quiet.length > 0 && (
            <Section title="Quietly set" hint="As it is set now. Nobody sees it when messages go out.">
              <Findings broadcast={broadcast} findings={quiet} />
            </Section>
          )}
          <Section title="In words">
            <dl class="facts">
              <dt>Recipients</dt>
              <dd>
                {sentence(broadcast.recipients, names)}
                {count && ` — ${count.exact ? "" : "about "}${people(count.people)} now`}
                {count && leftOutOfAll(count).length > 0 && (
                  <>
                    , {willGetWords(count)}{" "}
                    <span class="muted">(left out: {leftOutOfAll(count).join(", ")})</span>
                  </>
                )}
              </dd>
              <dt>Messages</dt>
              <dd>
                {sending.length === 0 && "none"}
                {sending.map((action) => (
                  <div key={action.id}>
                    {actionName(action)}
                    {!isEverybody(action.condition) && (
                      <span class="muted"> (only where {sentence(action.condition, names)})</span>
                    )}
                    {count && isUneven(count) && <Getting count={count} action={action.id} />}
                    {weightOf(action, count) && <span class="muted"> — {weightOf(action, count)}</span>}
                  </div>
                ))}
              </dd>
              <dt>Goal</dt>
              <dd>{goalWords(broadcast.goal, names)}</dd>
              <dt>Somebody leaves it early</dt>
              <dd>{valueWords("exit_when", broadcast.exit_when)}</dd>
              <dt>When nobody knows whether a message arrived</dt>
              <dd>
                {broadcast.doubt_policy === "hold"
                  ? "it is listed as in doubt, until somebody decides"
                  : "it is handed over again with the same Message-ID"}
              </dd>
            </dl>
          </Section>
          <div class="row">
            {broadcast.state === "running" ? (
              <LinkButton href={`/broadcasts/${broadcast.id}/api`}>
                It is active: how to trigger it
              </LinkButton>
            ) : (
              <Button kind="primary" disabled={!ready || !maySend} onClick={() => setAsking(true)}>
                Activate
              </Button>
            )}
            {!maySend && <span class="muted">Activating takes the role sender.</span>}
            {maySend && !ready && broadcast.state !== "running" && (
              <span class="muted">What needs fixing keeps it from being activated.</span>
            )}
          </div>
          <Confirm
            title={`Activate ${broadcast.name}?`}
            open={asking}
            action="Activate"
            onClose={() => setAsking(false)}
            onConfirm={async () => {
              await post(`${OURS}/broadcasts/${broadcast.id}/activate`);
              broadcastChanged(broadcast.id);
              navigate(`/broadcasts/${broadcast.id}/api`);
            }}
          >
            Nothing is sent by this. From now on it accepts triggers: each sends{" "}
            {sending.length === 1 ? "a message" : `${sending.length} messages`} to everybody whom it reaches.
          </Confirm>
        </div>
      )}
    </Loaded>
  );
}
