// SPDX-License-Identifier: Apache-2.0
// By which providers messages go: to look at. Whoever runs the server sets them.
import { OURS } from "../../api/client";
import { useMay } from "../../app/session";
import { useQuery } from "../../lib/query";
import { Page, Section } from "../../ui/page";
import { Pill } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { Bounces } from "./bounces";
import {
  type BounceMailbox,
  believedOf,
  type Hook,
  type Provider,
  type Setting,
  variableOf,
  wordsOf,
} from "./words";

interface Answer {
  providers: Provider[];
  base_url: string;
  ip_addresses: string[];
  bounce_mailbox: BounceMailbox | null;
}

function Value({ of }: { of: Setting }) {
  if (of.secret) return <span class="muted">{of.given ? "set, not shown" : "not set"}</span>;
  return of.given ? <code class="break">{of.value}</code> : <span class="muted">not set</span>;
}

function One({ provider }: { provider: Provider }) {
  return (
    <Section
      title={provider.channel === "email" ? "E-mail" : provider.channel}
      hint={`Other providers: ${provider.others.join(", ")}. The setting ${provider.channel}.provider chooses.`}
      actions={
        <Pill tone={provider.captures ? "warn" : "good"}>
          {provider.captures ? "captured" : provider.provider}
        </Pill>
      }
    >
      <ul>
        {wordsOf(provider).map((words) => (
          <li key={words}>{words}</li>
        ))}
      </ul>
      <Table
        caption={`Settings of ${provider.provider}`}
        rows={provider.settings}
        rowKey={(one) => one.name}
        columns={[
          { key: "name", label: "Setting", show: (one) => one.name },
          { key: "value", label: "Value", show: (one) => <Value of={one} /> },
          {
            key: "variable",
            label: "Environment variable",
            show: (one) => <code class="break">{variableOf(provider.provider, one.name)}</code>,
          },
        ]}
      />
      <p>
        To see that it works, send a test from a message: open a broadcast, its message, then “Send a test”.
        {provider.captures && (
          <>
            {" "}
            What was captured is in the <a href="/outbox">inbox</a>.
          </>
        )}
      </p>
    </Section>
  );
}

/** Where providers tell what became of messages. The addresses are secret, so only owners see them. */
function Hooks() {
  const query = useQuery<{ hooks: Hook[] }>(`${OURS}/providers/hooks`);
  return (
    <Section
      title="What becomes of messages"
      hint="Point a provider’s event webhook at its address here: deliveries, bounces and complaints are then counted, and dead addresses get no more mail. Keep the addresses secret."
    >
      <Loaded query={query}>
        {({ hooks }) => (
          <Table
            caption="Addresses for providers’ event webhooks"
            rows={hooks}
            rowKey={(one) => one.provider}
            columns={[
              { key: "provider", label: "Provider", show: (one) => one.provider },
              { key: "url", label: "Address", show: (one) => <code class="break">{one.url}</code> },
              { key: "ready", label: "Believed", show: (one) => believedOf(one) },
            ]}
          />
        )}
      </Loaded>
    </Section>
  );
}

/** `/providers`. */
export default function Providers() {
  const query = useQuery<Answer>(`${OURS}/providers`);
  const owns = useMay("own");
  return (
    <Page title="Providers">
      <Loaded query={query}>
        {({ providers, base_url, ip_addresses, bounce_mailbox }) => (
          <div class="stack">
            <p class="muted">
              Providers are set in the server’s settings file or its environment, and take effect when it
              starts again.
            </p>
            {providers.length === 0 && <Empty title="No provider is named">Nothing can be sent.</Empty>}
            {providers.map((one) => (
              <One key={one.channel} provider={one} />
            ))}
            {owns && <Hooks />}
            {bounce_mailbox && <Bounces mailbox={bounce_mailbox} />}
            <Section title="Links and addresses">
              <p>
                Links in messages lead through <code class="break">{base_url}</code>.
              </p>
              <p>
                {ip_addresses.length > 0
                  ? `Messages come from ${ip_addresses.join(", ")}.`
                  : "No IP addresses are named (server.ip_addresses)."}
              </p>
            </Section>
          </div>
        )}
      </Loaded>
    </Page>
  );
}
