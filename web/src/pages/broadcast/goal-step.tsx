// SPDX-License-Identifier: Apache-2.0
// What it is to bring about, and when somebody leaves it.
import { useMay } from "../../app/session";
import { useSegments } from "../../audience/FilterBuilder";
import { LinkButton } from "../../ui/button";
import { Radios, SelectField, TextField } from "../../ui/field";
import { SaveState, SaveTrouble } from "../../ui/savestate";
import type { Broadcast, Goal } from "../broadcasts/types";
import { countedHint, forServer, goalWords, NEW_GOAL } from "./goal";
import { useBroadcastPart } from "./use-part";

interface Value {
  goal: Goal | null;
  exit_when: Broadcast["exit_when"];
}

const FIELDS = [
  "/goal/event",
  "/goal/segment_id",
  "/goal/window_days",
  "/goal/property_name",
  "/goal/property_value",
];

function GoalFields({
  goal,
  onChange,
  about,
}: {
  goal: Goal;
  onChange: (goal: Goal) => void;
  about: (pointer: string) => string | undefined;
}) {
  const segments = useSegments();
  return (
    <div class="stack">
      <SelectField
        label="Somebody reaches it when they"
        value={goal.kind}
        onChange={(kind) => onChange({ ...goal, kind: kind as Goal["kind"] })}
        options={[
          ["event", "perform an event"],
          ["enters_segment", "enter a segment"],
          ["leaves_segment", "leave a segment"],
        ]}
      />
      {goal.kind === "event" ? (
        <>
          <TextField
            label="Event"
            placeholder="purchase"
            value={goal.event}
            error={about("/goal/event")}
            onInput={(event) => onChange({ ...goal, event })}
          />
          <div class="goal-pair">
            <TextField
              label="With the property"
              hint="Optional; cart.total looks into cart."
              value={goal.property_name}
              onInput={(property_name) => onChange({ ...goal, property_name })}
            />
            <TextField
              label="Being"
              hint="Left empty: anything."
              value={goal.property_value}
              onInput={(property_value) => onChange({ ...goal, property_value })}
            />
          </div>
        </>
      ) : (
        <SelectField
          label="Segment"
          value={String(goal.segment_id ?? "")}
          error={about("/goal/segment_id")}
          onChange={(id) => onChange({ ...goal, segment_id: Number(id) || null })}
          options={[["", "Choose…"], ...segments.map((one) => [String(one.id), one.name] as const)]}
        />
      )}
      <div class="goal-pair">
        <SelectField
          label="When"
          value={goal.window_days === null ? "any" : "days"}
          onChange={(when) =>
            onChange({ ...goal, window_days: when === "any" ? null : NEW_GOAL.window_days })
          }
          options={[
            ["days", "within some days"],
            ["any", "any time after"],
          ]}
        />
        {goal.window_days !== null && (
          <TextField
            label="Days"
            type="number"
            min={1}
            max={90}
            hint="At most 90."
            value={String(goal.window_days)}
            error={about("/goal/window_days")}
            onInput={(days) => onChange({ ...goal, window_days: Number(days) })}
          />
        )}
      </div>
      <SelectField
        label="Counted from when a message was"
        value={goal.counted_from}
        onChange={(from) => onChange({ ...goal, counted_from: from as Goal["counted_from"] })}
        options={[
          ["sent", "sent"],
          ["delivered", "delivered"],
          ["opened", "opened"],
          ["clicked", "clicked"],
        ]}
      />
      <p class="field-hint">{countedHint(goal)}</p>
    </div>
  );
}

/** Goal and exit, each saved as it is set. */
export function GoalStep({ broadcast }: { broadcast: Broadcast }) {
  const mayEdit = useMay("edit");
  const segments = useSegments();
  const autosave = useBroadcastPart<Value>(
    broadcast,
    "goal",
    (one) => ({ goal: one.goal, exit_when: one.exit_when }),
    (value) => ({ goal: forServer(value.goal), exit_when: value.exit_when }),
    true,
  );
  const { goal, exit_when } = autosave.value;
  const names = new Map(segments.map((one) => [one.id, one.name]));
  return (
    <div class="stack">
      <div class="row row-between">
        <p class="muted">
          Whoever reaches the goal converts, once for each trigger, and it is counted for the last message
          before it that reached them. A trigger keeps the goal that it was called with: a change counts for
          those that come after it. How many converted is told by each trigger, by each message, and in{" "}
          <a href={`/broadcasts/${broadcast.id}/metrics`}>Metrics</a>.
        </p>
        <SaveState autosave={autosave} />
      </div>
      <SaveTrouble autosave={autosave} besides={FIELDS} />
      <fieldset disabled={!mayEdit} class="grid-2 goal-cards">
        <legend class="visually-hidden">Goal and exit</legend>
        <div class="card">
          <h2>Goal</h2>
          <Radios
            legend="Is there a goal?"
            value={goal ? "yes" : "no"}
            onChange={(value) => autosave.change({ goal: value === "yes" ? NEW_GOAL : null, exit_when })}
            options={[
              { value: "no", label: "No goal" },
              {
                value: "yes",
                label: "A goal",
                hint: goal ? `Reached when ${goalWords(goal, names)}.` : undefined,
              },
            ]}
          />
          {goal && (
            <GoalFields
              goal={goal}
              about={(pointer) => autosave.error?.about(pointer)}
              onChange={(changed) => autosave.change({ goal: changed, exit_when })}
            />
          )}
        </div>
        <div class="card">
          <h2>Exit</h2>
          <Radios
            legend="When does somebody leave it early?"
            value={exit_when}
            onChange={(value) => autosave.change({ goal, exit_when: value as Broadcast["exit_when"] })}
            options={[
              { value: "never", label: "Never" },
              {
                value: "goal",
                label: "When they reach the goal",
                hint: exit_when === "goal" && !goal ? "There is no goal yet." : undefined,
              },
              { value: "no_longer_matching", label: "When they no longer match the recipients" },
            ]}
          />
          <p class="field-hint">
            All messages of a broadcast are sent at once, so nothing is left to leave: this is kept as a
            setting, as Customer.io does.
          </p>
        </div>
      </fieldset>
      <div class="row row-end">
        <LinkButton href={`/broadcasts/${broadcast.id}/workflow`}>Next: workflow</LinkButton>
      </div>
    </div>
  );
}
