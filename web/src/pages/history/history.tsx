// SPDX-License-Identifier: Apache-2.0
// The send history among the pages of a broadcast.
import type { PageProps } from "../../app/routes";
import { BroadcastFrame } from "../broadcast/frame";
import { SendHistory } from "./send-history";

/** `/broadcasts/:id/sends`. */
export default function HistoryPage({ params }: PageProps) {
  return (
    <BroadcastFrame id={params.id ?? ""} current="sends">
      {(broadcast) => <SendHistory key={broadcast.id} broadcastId={broadcast.id} />}
    </BroadcastFrame>
  );
}
