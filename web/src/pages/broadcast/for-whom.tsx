// SPDX-License-Identifier: Apache-2.0
// Whom of the audience one message is for, in a line, and where that is changed.
import { useSegments } from "../../audience/FilterBuilder";
import { isEverybody, sentence } from "../../audience/filter";
import { type Count, willGetOf } from "../../audience/reach";
import { type Action, actionName } from "../broadcasts/types";

interface Props {
  broadcast: number;
  action: Action;
  /** Counted with the broadcast's messages; null: not known. */
  count?: Count | null;
}

export function ForWhom({ broadcast, action, count = null }: Props) {
  const segments = useSegments();
  const names = new Map(segments.map((one) => [one.id, one.name]));
  const name = actionName(action);
  const href = `/broadcasts/${broadcast}/actions/${action.id}/condition`;
  const getting = willGetOf(count, action.id);
  if (isEverybody(action.condition))
    return (
      <p class="small">
        <span class="muted">For everybody in the audience.</span>{" "}
        <a href={href} aria-label={`Add a condition to ${name}`}>
          Add a condition
        </a>
      </p>
    );
  return (
    <p class="small break">
      <span class="muted">Only where</span> {sentence(action.condition, names)}
      {getting && <span class="muted"> — {getting}</span>}{" "}
      <a href={href} aria-label={`Change the condition of ${name}`}>
        Change
      </a>
    </p>
  );
}
