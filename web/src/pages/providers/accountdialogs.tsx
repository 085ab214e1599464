// SPDX-License-Identifier: Apache-2.0
// What an owner sets about an account, and a test through it.
import { useState } from "preact/hooks";
import { OURS, patch, post } from "../../api/client";
import { invalidate, useQuery } from "../../lib/query";
import { Button } from "../../ui/button";
import { Dialog, FormDialog } from "../../ui/dialog";
import { CheckField, TextField } from "../../ui/field";
import { FormField, useForm } from "../../ui/form";
import { Pill } from "../../ui/pill";
import { useSaving } from "../../ui/saving";
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

interface Result {
  address: string;
  sent: boolean;
  words: string;
}

/** One message through this account, with what its provider says. */
export function TestDialog({ of, onClose }: { of: Provider; onClose: () => void }) {
  const mail = of.channel === "email";
  const senders = useQuery<{ sender_identities: { address: string }[] }>(
    mail ? "/v1/sender_identities?limit=100" : null,
  );
  const [to, setTo] = useState("");
  const [from, setFrom] = useState<string | null>(null);
  const [result, setResult] = useState<Result | null>(null);
  const saving = useSaving(["/to", "/from"]);
  const sender = from ?? senders.data?.sender_identities[0]?.address ?? "";
  return (
    <Dialog
      title={`Send a test through ${of.account}`}
      open
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button
            kind="primary"
            busy={saving.busy}
            onClick={() => {
              setResult(null);
              void saving.run(async () => {
                const body = mail ? { to, from: sender } : { to };
                const said = await post<{ result: Result }>(`${PATH}/${of.channel}/${of.account}/test`, body);
                setResult(said.result);
                invalidate(PATH);
              });
            }}
          >
            Send the test
          </Button>
        </>
      }
    >
      <div class="stack">
        <TextField
          label="To"
          type={mail ? "email" : "text"}
          value={to}
          error={saving.about("/to")}
          onInput={setTo}
        />
        {mail && (
          <TextField
            label="From"
            hint="The provider must accept it as a sender."
            value={sender}
            error={saving.about("/from")}
            onInput={setFrom}
          />
        )}
        {saving.problems}
        <div role="status">
          {result && (
            <p>
              <Pill tone={result.sent ? "good" : "bad"}>{result.sent ? "taken" : "not taken"}</Pill>{" "}
              <span class="break">
                {result.address}: {result.words}
              </span>
            </p>
          )}
        </div>
      </div>
    </Dialog>
  );
}
