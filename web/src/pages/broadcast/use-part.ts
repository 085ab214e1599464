// SPDX-License-Identifier: Apache-2.0
// One part of a broadcast, saved by itself.
import { get, OURS, patch } from "../../api/client";
import { type Autosave, useAutosave } from "../../lib/autosave";
import type { Broadcast } from "../broadcasts/types";
import { broadcastChanged } from "./frame";

/** `pick` takes the part out of a broadcast, `body` makes the edit of it; `byField`: its fields stand for themselves. */
export function useBroadcastPart<T>(
  broadcast: Broadcast,
  name: string,
  pick: (broadcast: Broadcast) => T,
  body: (value: T) => object,
  byField = false,
): Autosave<T> {
  const path = `${OURS}/broadcasts/${broadcast.id}`;
  return useAutosave<T>({
    name: `broadcast.${broadcast.id}.${name}`,
    value: pick(broadcast),
    version: broadcast.version,
    save: async (value, version) => {
      const saved = await patch<{ broadcast: Broadcast }>(path, { ...body(value), version });
      broadcastChanged(broadcast.id);
      return saved.broadcast.version;
    },
    newest: async () => {
      const newest = (await get<{ broadcast: Broadcast }>(path)).broadcast;
      return { value: pick(newest), version: newest.version };
    },
    byField,
  });
}
