// SPDX-License-Identifier: Apache-2.0
// The charts among the pages of a broadcast.
import type { PageProps } from "../../app/routes";
import { BroadcastFrame } from "../broadcast/frame";
import { BroadcastMetrics } from "./broadcast-metrics";

/** `/broadcasts/:id/metrics`. */
export default function MetricsOfBroadcast({ params }: PageProps) {
  return (
    <BroadcastFrame id={params.id ?? ""} current="metrics">
      {(broadcast) => <BroadcastMetrics key={broadcast.id} broadcastId={broadcast.id} />}
    </BroadcastFrame>
  );
}
