// SPDX-License-Identifier: Apache-2.0
// The send history of a broadcast as a page of its own.
import { OURS } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { useQuery } from "../../lib/query";
import { LinkButton } from "../../ui/button";
import { Page } from "../../ui/page";
import { SendHistory } from "./send-history";

/** `/history/:id`. */
export default function HistoryPage({ params }: PageProps) {
  const id = Number(params.id);
  const { data } = useQuery<{ broadcast: { name: string } }>(`${OURS}/broadcasts/${id}`);
  return (
    <Page
      title="Send history"
      parent={{ href: `/broadcasts/${id}`, label: data?.broadcast.name ?? `Broadcast ${id}` }}
      actions={<LinkButton href={`/metrics?broadcast=${id}`}>Metrics</LinkButton>}
    >
      <SendHistory broadcastId={id} />
    </Page>
  );
}
