// SPDX-License-Identifier: Apache-2.0
// A stored message of a broadcast as one of its recipients will get it, with the data of a call that is being written.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Audience } from "../audience/filter";
import { nameOf } from "../audience/PersonPicker";
import { Button } from "../ui/button";
import { SelectField } from "../ui/field";
import { Lookalike } from "./Lookalike";
import { faultWords, outcomeWords, placeWords } from "./message";
import { PreviewFrame } from "./PreviewFrame";
import { usePeople } from "./use-people";
import { usePreview } from "./use-preview";

interface Props {
  broadcastId: number;
  /** The broadcast's actions; what is no message that somebody reads, such as a webhook, is left out. */
  actions: readonly { id: number; kind: string; name: string }[];
  audience: Audience;
  /** Somebody whom the call names; else some of the audience. */
  named?: { id: string } | { email: string } | { cio_id: string };
  /** Somebody whom the call reaches: shown before others of the audience are asked for. */
  first?: { cio_id: string };
  data: Record<string, unknown>;
}

const READ = new Set(["email", "sms", "push", "in_app", "inbox_message", "whatsapp", "slack"]);

export function PreviewMessage({ broadcastId, actions: all, audience, named, first, data }: Props) {
  const actions = all.filter((one) => READ.has(one.kind));
  const [chosen, setChosen] = useState<number | null>(null);
  const [others, setOthers] = useState(false);
  const people = usePeople(audience);
  const action = actions.find((one) => one.id === chosen) ?? actions[0];
  const known = named ?? (!others && first ? { cio_id: first.cio_id } : undefined);
  const person = known ?? (people.person ? { cio_id: people.person.cio_id } : undefined);
  const ready = action !== undefined && (known !== undefined || !people.waiting);
  if (!action) return null;
  return (
    <section class="stack-tight" aria-label="A message as it will be">
      {actions.length > 1 && (
        <SelectField
          label="Message"
          value={String(action.id)}
          onChange={(id) => setChosen(Number(id))}
          options={actions.map((one) => [String(one.id), one.name] as const)}
        />
      )}
      <Rendered
        key={action.id}
        kind={action.kind}
        body={
          ready ? JSON.stringify({ broadcast_id: broadcastId, action_id: action.id, person, data }) : null
        }
      >
        {!named && people.count > 1 && (
          <Button kind="quiet" onClick={() => (first && !others ? setOthers(true) : people.step(1))}>
            Next person
          </Button>
        )}
      </Rendered>
    </section>
  );
}

interface RenderedProps {
  kind: string;
  /** Of the call that renders it; null: not yet. */
  body: string | null;
  /** What chooses another person. */
  children: ComponentChildren;
}

/** For whom, what is wrong, and the message. */
function Rendered({ kind, body, children }: RenderedProps) {
  const { shown } = usePreview(body);
  const answer = shown?.answer;
  const skipped = answer && outcomeWords(answer, kind);
  return (
    <>
      <div class="row row-between">
        <p class="muted small break">As {answer?.person ? nameOf(answer.person) : "nobody in particular"}</p>
        {children}
      </div>
      {answer?.errors.map((fault) => (
        <p key={`${fault.field}${fault.message}`} class="field-error">
          {placeWords(fault)}: {faultWords(fault)}
        </p>
      ))}
      {answer?.person && skipped && (
        <p class="banner banner-warn">
          {nameOf(answer.person)} {skipped}.
        </p>
      )}
      {kind === "email" ? (
        <>
          <p class="truncate">
            <strong>{typeof shown?.message.subject === "string" ? shown.message.subject : "…"}</strong>
          </p>
          <div class="preview-small">
            {shown?.url && (
              <PreviewFrame url={`${shown.url}?theme=light`} title="The message as it will be" />
            )}
          </div>
        </>
      ) : (
        <div class="preview-alike">
          {shown && (
            <Lookalike
              kind={kind}
              message={shown.message}
              url={shown.url}
              width="phone"
              dark={false}
              images={false}
            />
          )}
        </div>
      )}
    </>
  );
}
