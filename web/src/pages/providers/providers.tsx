// SPDX-License-Identifier: Apache-2.0
// By which providers and accounts messages go. Whoever runs the server sets them; owners steer them.
import { OURS } from "../../api/client";
import { useMay } from "../../app/session";
import { useQuery } from "../../lib/query";
import { CopyButton } from "../../ui/button";
import { Page, Section } from "../../ui/page";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { byChannel } from "./accounts";
import { Bounces } from "./bounces";
import { Channel } from "./channel";
import { Domains } from "./domainlimits";
import type { DomainLimit } from "./domains";
import { type BounceMailbox, believedOf, type Hook, type Provider, placeOf, unreachable } from "./words";

interface Answer {
  providers: Provider[];
  per_domain: DomainLimit[];
  base_url: string;
  ip_addresses: string[];
  bounce_mailbox: BounceMailbox | null;
}

/** Where providers tell what became of messages. The addresses are secret, so only owners see them. */
function Hooks({ base }: { base: string }) {
  const query = useQuery<{ hooks: Hook[]; reachable: boolean }>(`${OURS}/providers/hooks`);
  return (
    <Section
      title="What becomes of messages"
      hint="Point a provider’s event webhook at its address here: deliveries, bounces and complaints are then counted, and dead addresses get no more mail. Keep the addresses secret."
    >
      <Loaded query={query}>
        {({ hooks, reachable }) => (
          <div class="stack">
            {hooks.length > 0 && unreachable(base, reachable) && (
              <p class="banner banner-warn break">{unreachable(base, reachable)}</p>
            )}
            <Table
              caption="Addresses for providers’ event webhooks"
              rows={hooks}
              rowKey={(one) => one.provider}
              columns={[
                { key: "provider", label: "Provider", show: (one) => <code>{one.provider}</code> },
                {
                  key: "url",
                  label: "Address",
                  show: (one) => (
                    <div>
                      <code class="break">{one.url}</code>
                      {placeOf(one) && <div class="muted small">{placeOf(one)}</div>}
                    </div>
                  ),
                },
                {
                  key: "copy",
                  label: "Copy the address",
                  hideLabel: true,
                  show: (one) => <CopyButton text={one.url} of={`the address for ${one.provider}`} />,
                },
                { key: "ready", label: "Believed", show: (one) => believedOf(one) },
              ]}
            />
          </div>
        )}
      </Loaded>
    </Section>
  );
}

/** `/providers`. */
export default function Providers() {
  const query = useQuery<Answer>(`${OURS}/providers`, { every: 10_000 });
  const owns = useMay("own");
  return (
    <Page title="Providers">
      <Loaded query={query}>
        {({ providers, per_domain, base_url, ip_addresses, bounce_mailbox }) => (
          <div class="stack">
            <p class="muted">
              Accounts and their credentials are set in the server’s settings file or its environment, and
              take effect when it starts again. Limits, order and switches can be changed here.
            </p>
            {providers.length === 0 && <Empty title="No provider is named">Nothing can be sent.</Empty>}
            {byChannel(providers).map(([channel, accounts]) => (
              <Channel key={channel} channel={channel} accounts={accounts} owns={owns} />
            ))}
            {(owns || per_domain.length > 0) && <Domains limits={per_domain} owns={owns} />}
            {owns && <Hooks base={base_url} />}
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
