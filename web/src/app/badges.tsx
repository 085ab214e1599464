// SPDX-License-Identifier: Apache-2.0
// Small counts beside entries of the navigation; all from one call that the shell polls.
import { OURS } from "../api/client";
import { number } from "../lib/format";
import { useQuery } from "../lib/query";

/** `GET /progress`: what runs and what waits for somebody. */
interface Counts {
  badges?: { running_triggers: number; drafts: number; in_doubt: number };
}

const EVERY_MS = 10_000;

/** The count that belongs to a path of the navigation, if there is one to tell. */
export function Badge({ path }: { path: string }) {
  const of = { "/broadcasts": "running_triggers", "/drafts": "drafts", "/deliveries": "in_doubt" }[path] as
    | keyof NonNullable<Counts["badges"]>
    | undefined;
  const { data } = useQuery<Counts>(of ? `${OURS}/progress` : null, { every: EVERY_MS });
  const count = of && data?.badges ? data.badges[of] : 0;
  if (!of || count === 0) return null;
  const words = { running_triggers: "running", drafts: "waiting", in_doubt: "in doubt" }[of];
  return (
    <span class="side-badge">
      {number(count)} <span class="visually-hidden">{words}</span>
    </span>
  );
}
