// SPDX-License-Identifier: Apache-2.0
// What an owner sets about an account.
import { useState } from "preact/hooks";
import { OURS, patch } from "../../api/client";
import { invalidate } from "../../lib/query";
import { FormDialog } from "../../ui/dialog";
import { CheckField } from "../../ui/field";
import { FormField, useForm } from "../../ui/form";
import { numberIn } from "./accounts";
import type { Provider } from "./words";

const PATH = `${OURS}/providers`;

function written(value: number): string {
  return value > 0 ? String(value) : "";
}

/** Limits and ramp; workers follow at once. */
export function LimitsDialog({ of, onClose }: { of: Provider; onClose: () => void }) {
  const form = useForm({
    per_second: written(of.per_second),
    per_day: written(of.per_day),
    ramp: of.ramp,
  });
  const [restart, setRestart] = useState(false);
  const [settings, setSettings] = useState(false);
  const { per_second, per_day, ramp } = form.values;
  const body = settings
    ? { per_second: null, per_day: null, ramp: null }
    : { per_second: numberIn(per_second) ?? per_second, per_day: numberIn(per_day) ?? per_day, ramp };
  return (
    <FormDialog
      title={`Limits of ${of.account}`}
      onClose={onClose}
      saving={form.saving}
      onSave={async () => {
        await patch(`${PATH}/${of.channel}/${of.account}`, { ...body, restart_ramp: restart });
        invalidate(PATH);
      }}
    >
      <p>
        They hold over all processes, come before what the settings say, and take effect within a second or
        so.
      </p>
      <FormField
        form={form}
        field="per_second"
        label="Messages a second"
        inputMode="decimal"
        hint="Empty: no limit. What is over waits."
        disabled={settings}
      />
      <FormField
        form={form}
        field="per_day"
        label="Messages a day"
        inputMode="numeric"
        hint="Empty: no limit. What is over goes to the next account, or waits for the next day (UTC)."
        disabled={settings}
      />
      <FormField
        form={form}
        field="ramp"
        label="Ramp"
        placeholder="50 x 2"
        hint="How a new account begins: 50, 100, 200 are the messages of its first days; 50 x 2 doubles them each day. Empty: none."
        disabled={settings}
      />
      <CheckField
        label="Today is the first day of the ramp"
        checked={restart}
        onChange={setRestart}
        disabled={settings}
      />
      {of.changed.some((name) => name !== "enabled") && (
        <CheckField
          label="As the settings say"
          hint="What was set here is dropped."
          checked={settings}
          onChange={setSettings}
        />
      )}
    </FormDialog>
  );
}
