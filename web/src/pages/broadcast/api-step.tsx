// SPDX-License-Identifier: Apache-2.0
// Everything that an engineer needs to trigger it.
import { useState } from "preact/hooks";
import { OURS } from "../../api/client";
import { useQuery } from "../../lib/query";
import { CopyButton } from "../../ui/button";
import { Section } from "../../ui/page";
import { Loading } from "../../ui/states";
import { Tabs } from "../../ui/tabs";
import type { Broadcast } from "../broadcasts/types";
import { curl, node, python } from "./samples";

export interface SampleData {
  wanted: Record<string, unknown>;
  earlier: { trigger_id: number; created_at: number; data: Record<string, unknown> }[];
}

const LANGUAGES = [
  { key: "curl", label: "curl", make: curl },
  { key: "python", label: "Python", make: python },
  { key: "node", label: "Node", make: node },
] as const;

/** Id, calls in three languages with the broadcast's own data, and where the rest is written. */
export function ApiStep({ broadcast }: { broadcast: Broadcast }) {
  const sample = useQuery<SampleData>(`${OURS}/broadcasts/${broadcast.id}/sample_data`);
  const [language, setLanguage] = useState<string>("curl");
  const chosen = LANGUAGES.find((one) => one.key === language) ?? LANGUAGES[0];
  if (!sample.data) return <Loading lines={6} />;
  const body = { data: sample.data.wanted };
  const text = chosen.make(location.origin, broadcast.id, body);
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
        <Tabs label="Languages" tabs={LANGUAGES} value={language} onChange={setLanguage}>
          <div class="stack-tight">
            <pre class="code-sample">
              <code>{text}</code>
            </pre>
            <div>
              <CopyButton text={text} label="Copy the call" />
            </div>
          </div>
        </Tabs>
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
