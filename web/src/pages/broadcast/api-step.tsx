// SPDX-License-Identifier: Apache-2.0
// Everything that an engineer needs to trigger it.
import { OURS } from "../../api/client";
import { useQuery } from "../../lib/query";
import { CopyButton } from "../../ui/button";
import { Section } from "../../ui/page";
import { Loading } from "../../ui/states";
import type { Broadcast } from "../broadcasts/types";
import { CallSamples } from "./call-samples";

export interface SampleData {
  wanted: Record<string, unknown>;
  earlier: { trigger_id: number; created_at: number; data: Record<string, unknown> }[];
}

/** Id, calls in three languages with the broadcast's own data, and where the rest is written. */
export function ApiStep({ broadcast }: { broadcast: Broadcast }) {
  const sample = useQuery<SampleData>(`${OURS}/broadcasts/${broadcast.id}/sample_data`);
  if (!sample.data) return <Loading lines={6} />;
  return (
    <div class="stack">
      {broadcast.state !== "running" && (
        <p class="banner banner-warn">
          It is not active: a call is refused until it is.{" "}
          <a href={`/broadcasts/${broadcast.id}/review`}>Review it</a>
        </p>
      )}
      <Section title="Trigger it" hint="The data is made from what its messages ask for.">
        <dl class="facts">
          <dt>Broadcast id</dt>
          <dd class="row">
            <code>{broadcast.id}</code> <CopyButton text={String(broadcast.id)} />
          </dd>
          <dt>Call</dt>
          <dd>
            <code>POST /v1/campaigns/{broadcast.id}/triggers</code>
          </dd>
          <dt>Key</dt>
          <dd>
            an App API key, from <a href="/keys">API keys</a>
          </dd>
        </dl>
        <CallSamples id={broadcast.id} body={{ data: sample.data.wanted }} />
      </Section>
      <Section title="Whom it reaches">
        <p>
          Without recipients in the call, those of the{" "}
          <a href={`/broadcasts/${broadcast.id}/recipients`}>Recipients</a> step. With one of{" "}
          <code>recipients</code>, <code>ids</code>, <code>emails</code>, <code>per_user_data</code> or{" "}
          <code>data_file_url</code>, those instead. All of it is in the <a href="/docs">API reference</a>.
        </p>
      </Section>
    </div>
  );
}
