// SPDX-License-Identifier: Apache-2.0
// Captured mail as an inbox: who would have got what, and how it looks. The mail that is open stands in the address.
import { useState } from "preact/hooks";
import { currentWorkspace, OURS } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { bytes, count } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { useSearch } from "../../lib/router";
import { LinkButton } from "../../ui/button";
import { CheckField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Time } from "../../ui/pill";
import { SearchField } from "../../ui/search";
import { Empty, Loaded } from "../../ui/states";
import { Pager } from "../../ui/table";
import { Tabs } from "../../ui/tabs";
import "./outbox.css";

interface Summary {
  index: number;
  delivery_id: string;
  from: string;
  to: string;
  copies: string[];
  subject: string;
  captured_at_ms: number;
  size: number;
}

interface Mail extends Summary {
  headers: { name: string; value: string }[];
  plain: string | null;
  html: string | null;
  attachments: { name: string; media_type: string; size: number }[];
}

const EVERY_MS = 4_000;

/** `/outbox/:index?to=&start=`. */
export default function Outbox({ params }: PageProps) {
  const [search, setSearch] = useSearch();
  const start = search.get("start");
  const to = search.get("to") ?? "";
  const asked = new URLSearchParams({ newest: "true", limit: "30" });
  if (start) asked.set("start", start);
  if (to) asked.set("recipient", to);
  const query = useQuery<{ count: number; messages: Summary[]; next: number | null }>(
    `${OURS}/outbox?${asked}`,
    { every: start ? null : EVERY_MS },
  );
  const open = params.index;
  if (query.error?.status === 404 && query.data === undefined) {
    return (
      <Page title="Inbox">
        <Empty title="Mail is not captured here">
          This server hands its mail to a provider. With the provider <code>outbox</code>, as in the demo, it
          would be kept here instead.
        </Empty>
      </Page>
    );
  }
  const rest = search.toString() ? `?${search}` : "";
  return (
    <Page title="Inbox" wide>
      <div class="row inbox-search">
        <SearchField
          label="Mail to"
          placeholder="The whole address"
          value={to}
          onChange={(next) => setSearch({ to: next, start: null })}
        />
        <p class="muted" role="status">
          {query.data &&
            `${count(query.data.count, "mail was", "mails were")} captured; none has left this server.`}
        </p>
      </div>
      <div class={`inbox${open === undefined ? "" : " inbox-open"}`}>
        <div class="inbox-list">
          <Loaded query={query} lines={10}>
            {({ messages, next }) =>
              messages.length === 0 ? (
                <Empty title={to ? "No mail to this address" : "No mail yet"}>
                  {to
                    ? "The whole address is looked for."
                    : "Trigger a broadcast, and its mails arrive here."}
                </Empty>
              ) : (
                <>
                  <ul class="inbox-mails" aria-label="Mails, newest first">
                    {messages.map((one) => (
                      <li key={one.index}>
                        <a
                          href={`/outbox/${one.index}${rest}`}
                          aria-current={String(one.index) === open ? "true" : undefined}
                        >
                          <span class="inbox-to truncate">{one.to}</span>
                          <span class="inbox-subject truncate">{one.subject || "(no subject)"}</span>
                          <span class="muted small">
                            <Time ms={one.captured_at_ms} />
                          </span>
                        </a>
                      </li>
                    ))}
                  </ul>
                  <Pager
                    next={next === null ? null : String(next)}
                    first={!start}
                    onGo={(at) => setSearch({ start: at })}
                  />
                </>
              )
            }
          </Loaded>
        </div>
        <section class="inbox-mail" aria-label="The mail">
          {open === undefined ? (
            <Empty title="Choose a mail to read it" />
          ) : (
            <>
              <p class="inbox-back">
                <a href={`/outbox${rest}`}>All mails</a>
              </p>
              <OneMail index={open} key={open} />
            </>
          )}
        </section>
      </div>
    </Page>
  );
}

function OneMail({ index }: { index: string }) {
  const query = useQuery<Mail>(`${OURS}/outbox/${encodeURIComponent(index)}`);
  return (
    <Loaded query={query} lines={8}>
      {(mail) => <Read mail={mail} />}
    </Loaded>
  );
}

function Read({ mail }: { mail: Mail }) {
  const [tab, setTab] = useState(mail.html === null ? "plain" : "html");
  const [images, setImages] = useState(false);
  const path = `${OURS}/outbox/${mail.index}`;
  const asked = new URLSearchParams({ workspace: String(currentWorkspace() ?? "") });
  return (
    <div class="stack">
      <h2 class="break">{mail.subject || "(no subject)"}</h2>
      <dl class="facts">
        <div>
          <dt>From</dt>
          <dd class="break">{mail.from}</dd>
        </div>
        <div>
          <dt>To</dt>
          <dd class="break">{[mail.to, ...mail.copies].join(", ")}</dd>
        </div>
        {mail.attachments.length > 0 && (
          <div>
            <dt>Attached</dt>
            <dd>{mail.attachments.map((one) => `${one.name} (${bytes(one.size)})`).join(", ")}</dd>
          </div>
        )}
      </dl>
      <Tabs
        label="How the mail is shown"
        value={tab}
        onChange={setTab}
        tabs={[
          { key: "html", label: "As shown" },
          { key: "plain", label: "Plain text" },
          { key: "headers", label: "Headers" },
        ]}
      >
        {tab === "html" ? (
          <div class="stack">
            <CheckField label="Load remote images" checked={images} onChange={setImages} />
            <iframe
              key={String(images)}
              class="inbox-frame"
              sandbox="allow-popups allow-popups-to-escape-sandbox"
              title={`Mail to ${mail.to}`}
              src={`${path}/html?${asked}&images=${images}`}
            />
          </div>
        ) : tab === "plain" ? (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
          <pre class="inbox-text" tabIndex={0}>
            {mail.plain ?? "This mail has no plain text."}
          </pre>
        ) : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
          <pre class="inbox-text" tabIndex={0}>
            {mail.headers.map((one) => `${one.name}: ${one.value}`).join("\n")}
          </pre>
        )}
      </Tabs>
      <div class="row">
        <LinkButton href={`/deliveries/${mail.delivery_id}`}>What became of it</LinkButton>
        <LinkButton href={`${path}/raw?${asked}`} download={`${mail.delivery_id}.eml`}>
          Download as .eml
        </LinkButton>
      </div>
    </div>
  );
}
