// SPDX-License-Identifier: Apache-2.0
// What a person wants to get: everything or nothing, each topic, and whether their address takes mail.
import { useEffect, useState } from "preact/hooks";
import { OURS, patch } from "../../api/client";
import { useMay } from "../../app/session";
import { useQuery } from "../../lib/query";
import { CheckField } from "../../ui/field";
import { Section } from "../../ui/page";
import { Time } from "../../ui/pill";
import { useSaving } from "../../ui/saving";
import { Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { toast } from "../../ui/toast";
import type { Suppressed } from "../suppression/kinds";
import { changedPerson } from "./attributes";

interface Topic {
  id: number;
  identifier: string;
  name: string;
  description: string;
  subscribed: boolean;
}

interface Preferences {
  customer: { unsubscribed: boolean; topics: Topic[] };
}

/** The attribute that one topic is changed by. */
function keyOf(topic: Topic): string {
  return `cio_subscription_preferences.topics.${topic.identifier}`;
}

export function Subscriptions({ cio, email }: { cio: string; email: string | null }) {
  const query = useQuery<Preferences>(`/v1/customers/${cio}/subscription_preferences?id_type=cio_id`);
  const center = useQuery<{ url: string }>(`/v1/subscription_center/${cio}/token?id_type=cio_id`);
  const mayEdit = useMay("edit");
  const saving = useSaving();
  // What was chosen, until the server has told it again.
  const [chosen, setChosen] = useState<Record<string, boolean>>({});
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever newly came
  useEffect(() => setChosen({}), [query.data]);
  const set = (attribute: string, value: boolean, on: boolean, words: string) =>
    saving.run(async () => {
      setChosen({ [attribute]: on });
      try {
        await patch(`${OURS}/people/${cio}`, { attributes: { [attribute]: value } });
      } catch (error) {
        setChosen({});
        throw error;
      }
      changedPerson(cio);
      toast(words);
    });
  return (
    <div class="stack">
      {saving.problems}
      <Loaded query={query} lines={4}>
        {({ customer: { unsubscribed, topics } }) => (
          <>
            <Section title="Everything">
              <CheckField
                label="Gets what is sent"
                hint="Off: only messages that go to unsubscribed people too."
                checked={chosen.unsubscribed ?? !unsubscribed}
                disabled={!mayEdit || saving.busy}
                onChange={(wanted) =>
                  set("unsubscribed", !wanted, wanted, wanted ? "Subscribed again" : "Unsubscribed")
                }
              />
            </Section>
            <Section
              title="Topics"
              hint={
                unsubscribed
                  ? "Unsubscribed from everything: until that changes, no topic is sent."
                  : "Broadcasts about a topic go only to who is subscribed to it."
              }
            >
              {topics.length === 0 ? (
                <p class="muted">
                  There are no <a href="/topics">topics</a> yet.
                </p>
              ) : (
                <div class="stack-tight">
                  {topics.map((one) => (
                    <CheckField
                      key={one.id}
                      label={one.name}
                      hint={one.description}
                      checked={chosen[keyOf(one)] ?? one.subscribed}
                      disabled={!mayEdit || saving.busy}
                      onChange={(wanted) =>
                        set(
                          keyOf(one),
                          wanted,
                          wanted,
                          wanted ? `Subscribed to ${one.name}` : `Unsubscribed from ${one.name}`,
                        )
                      }
                    />
                  ))}
                </div>
              )}
              {center.data && (
                <p>
                  <a href={center.data.url} target="_blank" rel="noreferrer">
                    Their own page of preferences
                  </a>
                </p>
              )}
            </Section>
          </>
        )}
      </Loaded>
      {email && <Address email={email} mayEdit={mayEdit} />}
    </div>
  );
}

/** Under which reasons the address gets no mail. */
function Address({ email, mayEdit }: { email: string; mayEdit: boolean }) {
  const query = useQuery<{ suppressions: Suppressed[] }>(
    `/v1/esp/search_suppression/${encodeURIComponent(email)}`,
  );
  return (
    <Section title={`The address ${email}`}>
      <Loaded query={query} lines={2}>
        {({ suppressions }) =>
          suppressions.length === 0 ? (
            <p class="muted">Takes mail: it is not suppressed.</p>
          ) : (
            <>
              <Table
                caption="Why the address gets no mail"
                rows={suppressions}
                rowKey={(one) => `${one.created} ${one.reason}`}
                columns={[
                  {
                    key: "reason",
                    label: "What was said",
                    show: (one) => <span class="break">{one.reason}</span>,
                  },
                  { key: "status", label: "Status", show: (one) => one.status || "–" },
                  { key: "at", label: "Since", show: (one) => <Time ms={one.created * 1_000} /> },
                ]}
              />
              <p>
                <a href={`/suppression?email=${encodeURIComponent(email)}`}>
                  {mayEdit ? "Let it have mail again" : "Among the suppressed addresses"}
                </a>
              </p>
            </>
          )
        }
      </Loaded>
    </Section>
  );
}
