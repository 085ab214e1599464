// SPDX-License-Identifier: Apache-2.0
// Who else has a broadcast open.
import { useEffect, useState } from "preact/hooks";
import { OURS, post } from "../../api/client";

const HEARTBEAT_MS = 15_000;

interface Editing {
  others: { name: string; seen_at: number }[];
  version: number;
  changed_by: string | null;
}

/** Says that it is open here, and who else has it open. */
export function useOthers(id: string): string[] {
  const [others, setOthers] = useState<string[]>([]);
  useEffect(() => {
    let here = true;
    const beat = async () => {
      if (document.visibilityState !== "visible") return;
      try {
        const told = await post<Editing>(`${OURS}/broadcasts/${encodeURIComponent(id)}/editing`);
        if (here) setOthers(told.others.map((one) => one.name));
      } catch {
        // Who else is there is only a courtesy.
      }
    };
    void beat();
    const timer = setInterval(beat, HEARTBEAT_MS);
    return () => {
      here = false;
      clearInterval(timer);
    };
  }, [id]);
  return others;
}

/** Says so, where somebody has. */
export function Others({ others }: { others: readonly string[] }) {
  if (others.length === 0) return null;
  return (
    <p class="banner banner-warn" role="status">
      {others.join(" and ")} {others.length === 1 ? "has" : "have"} this broadcast open, too.
    </p>
  );
}
