// SPDX-License-Identifier: Apache-2.0
// The end of a list that grows: a button for older rows while there are any.
import type { Growing } from "../lib/growing";
import { Button } from "./button";
import { Problems } from "./states";

export function More<P extends { next: string }>({
  list,
  label = "Older",
}: {
  list: Growing<P>;
  label?: string;
}) {
  if (!list.pages.at(-1)?.next) return null;
  return (
    <div class="stack-tight">
      {list.error !== null && <Problems error={list.error} />}
      <div>
        <Button busy={list.busy} onClick={list.more}>
          {label}
        </Button>
      </div>
    </div>
  );
}
