// SPDX-License-Identifier: Apache-2.0
// What stands around every page of one broadcast: its name and state, its steps, who else has it open.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ApiError, OURS } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate, type Query, useQuery } from "../../lib/query";
import { useSearch } from "../../lib/router";
import { Button } from "../../ui/button";
import { Page } from "../../ui/page";
import { ErrorState, Loaded } from "../../ui/states";
import { TabLinks } from "../../ui/tabs";
import { StatePill } from "../broadcasts/state";
import type { Broadcast } from "../broadcasts/types";
import { Others, useOthers } from "./presence";
import { SettingsDialog } from "./settings-dialog";
import { TriggerDialog } from "./trigger-dialog";
import "./broadcast.css";

export const STEPS = [
  ["", "Overview"],
  ["recipients", "Recipients"],
  ["goal", "Goal & exit"],
  ["workflow", "Workflow"],
  ["review", "Review"],
  ["api", "API"],
  ["sends", "Sends"],
  ["metrics", "Metrics"],
  ["history", "History"],
] as const;

/** The broadcast of a number. */
export function useBroadcast(id: string): Query<{ broadcast: Broadcast }> {
  return useQuery<{ broadcast: Broadcast }>(`${OURS}/broadcasts/${encodeURIComponent(id)}`);
}

/** After something of it was changed: what is shown of it is old. */
export function broadcastChanged(id: number | string): void {
  invalidate(`${OURS}/broadcasts/${id}`);
  invalidate(`${OURS}/broadcasts?`);
}

interface FrameProps {
  id: string;
  /** Which of STEPS this is. */
  current: string;
  children: (broadcast: Broadcast) => ComponentChildren;
  actions?: ComponentChildren;
}

/** Loads the broadcast and frames what is shown of it. */
export function BroadcastFrame({ id, current, children, actions }: FrameProps) {
  const query = useBroadcast(id);
  const others = useOthers(id);
  const maySend = useMay("send");
  const mayEdit = useMay("edit");
  const [triggering, setTriggering] = useState(false);
  const [search, setSearch] = useSearch();
  const closeSettings = () => setSearch({ settings: null });
  const broadcast = query.data?.broadcast;
  if (!broadcast && query.error instanceof ApiError) {
    return (
      <Page title="Broadcast" parent={{ href: "/broadcasts", label: "Broadcasts" }}>
        <ErrorState error={query.error} onRetry={query.refetch} />
      </Page>
    );
  }
  return (
    <Page
      title={broadcast?.name ?? "Broadcast"}
      parent={{ href: "/broadcasts", label: "Broadcasts" }}
      badge={broadcast && <StatePill state={broadcast.state} archived={broadcast.archived} />}
      actions={
        <>
          {actions}
          {broadcast && mayEdit && (
            <Button kind="quiet" onClick={() => setSearch({ settings: "1" })}>
              Settings
            </Button>
          )}
          {broadcast?.state === "running" && maySend && (
            <Button kind="primary" onClick={() => setTriggering(true)}>
              Trigger by hand
            </Button>
          )}
        </>
      }
    >
      <TabLinks
        label="Steps of this broadcast"
        links={STEPS.map(([step, label]) => ({
          href: `/broadcasts/${id}${step && `/${step}`}`,
          label,
          current: step === current,
        }))}
      />
      <Others others={others} />
      <Loaded query={query}>{(data) => children(data.broadcast)}</Loaded>
      {broadcast && (
        <TriggerDialog broadcast={broadcast} open={triggering} onClose={() => setTriggering(false)} />
      )}
      {broadcast && mayEdit && search.has("settings") && (
        <SettingsDialog
          broadcast={broadcast}
          onClose={closeSettings}
          onSaved={() => broadcastChanged(broadcast.id)}
        />
      )}
    </Page>
  );
}
