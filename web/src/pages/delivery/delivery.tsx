// SPDX-License-Identifier: Apache-2.0
// One message to one person: what happened to it, what it said, what it was made of.
import { useState } from "preact/hooks";
import { currentWorkspace, OURS } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { bytes, number } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { CopyButton, LinkButton } from "../../ui/button";
import { CheckField } from "../../ui/field";
import { Fact, Page, Section } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { type Moment, messageOf, nameOf, tell } from "../deliveries/words";
import { ACCOUNT_WORDS, accountTone } from "../trigger/progress";
import type { Delivery } from "../trigger/types";
import "./delivery.css";

interface Whole extends Delivery {
  place: number;
  attachments: { name: string; size: number }[];
  data: Record<string, unknown>;
  data_removed_at: number | null;
  timeline: Moment[];
  view_url: string;
}

const EVERY_MS = 3_000;

/** `/deliveries/:id`. */
export default function DeliveryPage({ params }: PageProps) {
  const path = `${OURS}/deliveries/${encodeURIComponent(params.id ?? "")}`;
  const [waits, setWaits] = useState(false);
  const query = useQuery<{ delivery: Whole }>(path, { every: waits ? EVERY_MS : null });
  const queued = query.data?.delivery.state === "queued";
  if (queued !== waits) setWaits(queued);
  const found = query.data?.delivery;
  return (
    <Page
      title={found ? nameOf(found.person) : "Delivery"}
      parent={
        found
          ? {
              href: `/triggers/${found.trigger_id}`,
              label: `${found.broadcast.name}, trigger ${found.trigger_id}`,
            }
          : { href: "/deliveries", label: "Deliveries" }
      }
      badge={found && <Pill tone={accountTone(found.state)}>{ACCOUNT_WORDS[found.state]}</Pill>}
      actions={
        found && (
          <>
            <CopyButton text={location.href} label="Copy link" />
            <LinkButton href={`/deliveries?person=cio_${found.person.cio_id}`}>All of this person</LinkButton>
          </>
        )
      }
    >
      <Loaded query={query} lines={10}>
        {({ delivery }) => <Shown delivery={delivery} path={path} />}
      </Loaded>
    </Page>
  );
}

function Shown({ delivery, path }: { delivery: Whole; path: string }) {
  return (
    <div class="delivery">
      <div class="stack">
        <Section title="Timeline">
          <ol class="timeline">
            {delivery.timeline.map((moment, no) => (
              <Happened key={`${no} ${moment.what}`} moment={moment} />
            ))}
          </ol>
        </Section>
        <Section title="Details">
          <dl class="facts">
            <Fact label="Sent to">{delivery.recipient ?? "–"}</Fact>
            {delivery.account && <Fact label="Through">{delivery.account}</Fact>}
            <Fact label="Message">{messageOf(delivery.action)}</Fact>
            {delivery.attachments.length > 0 && (
              <Fact label="Attachments">
                {delivery.attachments.map((one) => `${one.name} (${bytes(one.size)})`).join(", ")}
              </Fact>
            )}
            {delivery.reason && <Fact label="Reason">{delivery.meaning ?? delivery.reason}</Fact>}
            <Fact label="Attempts">{number(delivery.attempts)}</Fact>
            {delivery.again > 0 && <Fact label="Sent again">{number(delivery.again)} times asked for</Fact>}
            <Fact label="Place in the audience">{number(delivery.place)}</Fact>
            <Fact label="Delivery id">
              <code>{delivery.id}</code>
            </Fact>
          </dl>
        </Section>
        <Section
          title="Data that it used"
          hint="The trigger's data, with the person's own where there was some."
        >
          {delivery.data_removed_at !== null ? (
            <Empty title="It was removed with time" />
          ) : Object.keys(delivery.data).length === 0 ? (
            <p class="muted">None.</p>
          ) : (
            <pre class="delivery-data">{JSON.stringify(delivery.data, null, 2)}</pre>
          )}
        </Section>
      </div>
      <Message delivery={delivery} path={path} />
    </div>
  );
}

function Happened({ moment }: { moment: Moment }) {
  const told = tell(moment);
  return (
    <li class={`moment moment-${told.tone}`}>
      <div class="break">
        <strong>{told.title}</strong>
        {moment.at !== null && (
          <>
            {" "}
            <span class="muted small">
              <Time ms={moment.at * 1_000} exact />
            </span>
          </>
        )}
      </div>
      {(told.code !== null || told.text) && (
        <div class="small break">
          {told.code !== null && <code>{told.code}</code>} {told.text}
        </div>
      )}
      {told.more.map((line) => (
        <div key={line} class="muted small break">
          {line}
        </div>
      ))}
    </li>
  );
}

function Message({ delivery, path }: { delivery: Whole; path: string }) {
  const [images, setImages] = useState(false);
  const query = new URLSearchParams({ workspace: String(currentWorkspace() ?? ""), images: String(images) });
  return (
    <Section
      title="The message"
      hint="Made again from the trigger's frozen content and what is known of the person today. Looking does not count as an open."
    >
      <CheckField label="Load remote images" checked={images} onChange={setImages} />
      <iframe
        key={String(images)}
        class="delivery-frame"
        sandbox=""
        title={`Message to ${nameOf(delivery.person)}`}
        src={`${path}/html?${query}`}
      />
    </Section>
  );
}
