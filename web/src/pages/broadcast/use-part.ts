// SPDX-License-Identifier: Apache-2.0
// One part of a broadcast, saved by itself.
import { get, OURS, patch } from "../../api/client";
import { type Autosave, useAutosave } from "../../lib/autosave";
import type { Broadcast } from "../broadcasts/types";
import { broadcastChanged } from "./frame";

interface Part<T> {
  autosave: Autosave<T>;
  /** The newest of the server, for conflicts. */
  theirs: () => Promise<{ value: T; version: number }>;
}

/** `pick` takes the part out of a broadcast, `body` makes the edit of it. */
export function useBroadcastPart<T>(
  broadcast: Broadcast,
  name: string,
  pick: (broadcast: Broadcast) => T,
  body: (value: T) => object,
): Part<T> {
  const path = `${OURS}/broadcasts/${broadcast.id}`;
  const autosave = useAutosave<T>({
    name: `broadcast.${broadcast.id}.${name}`,
    value: pick(broadcast),
    version: broadcast.version,
    save: async (value, version) => {
      const saved = await patch<{ broadcast: Broadcast }>(path, { ...body(value), version });
      broadcastChanged(broadcast.id);
      return saved.broadcast.version;
    },
  });
  return {
    autosave,
    theirs: async () => {
      const newest = (await get<{ broadcast: Broadcast }>(path)).broadcast;
      return { value: pick(newest), version: newest.version };
    },
  };
}
