// SPDX-License-Identifier: Apache-2.0
// Metrics over time of a broadcast that is chosen here; the choice stands in the address.
import { OURS } from "../../api/client";
import { useQuery } from "../../lib/query";
import { useSearch } from "../../lib/router";
import { LinkButton } from "../../ui/button";
import { SelectField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Empty, Loaded } from "../../ui/states";
import { BroadcastMetrics } from "./broadcast-metrics";

interface Known {
  id: number;
  name: string;
  last_trigger: { created_at: number } | null;
}

/** `/performance?broadcast=`. */
export default function Metrics() {
  const [search, setSearch] = useSearch();
  const query = useQuery<{ broadcasts: Known[] }>(`${OURS}/broadcasts?limit=1000`);
  const broadcasts = query.data?.broadcasts ?? [];
  const [latest] = [...broadcasts].sort(
    (one, other) => (other.last_trigger?.created_at ?? 0) - (one.last_trigger?.created_at ?? 0),
  );
  const chosen = Number(search.get("broadcast")) || latest?.id;
  return (
    <Page
      title="Metrics"
      actions={
        chosen ? <LinkButton href={`/broadcasts/${chosen}/sends`}>Send history</LinkButton> : undefined
      }
    >
      <Loaded query={query}>
        {() =>
          chosen === undefined ? (
            <Empty
              title="There is no broadcast yet"
              action={<LinkButton href="/broadcasts">Go to broadcasts</LinkButton>}
            >
              Charts and numbers come with the first trigger.
            </Empty>
          ) : (
            <>
              <div class="metrics-choice">
                <SelectField
                  label="Broadcast"
                  value={String(chosen)}
                  onChange={(broadcast) => setSearch({ broadcast })}
                  options={broadcasts.map((one) => [String(one.id), one.name] as const)}
                />
              </div>
              <BroadcastMetrics key={chosen} broadcastId={chosen} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
