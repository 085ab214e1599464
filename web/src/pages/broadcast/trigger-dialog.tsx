// SPDX-License-Identifier: Apache-2.0
// Triggering by hand: whom, with which data; tried on the server at each change, nothing is sent before the button.
import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { LeftOutOf } from "../../audience/AudienceSummary";
import { FilterBuilder } from "../../audience/FilterBuilder";
import { type Filter, faults, isEverybody } from "../../audience/filter";
import type { Count } from "../../audience/reach";
import { CodeEditor } from "../../editor/CodeEditor";
import { number, people } from "../../lib/format";
import { newKey } from "../../lib/idempotency";
import { invalidate, useQuery } from "../../lib/query";
import { navigate } from "../../lib/router";
import { PreviewMessage } from "../../preview/PreviewMessage";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { CheckField, Radios, SelectField, TextArea, TextField } from "../../ui/field";
import { useSaving } from "../../ui/saving";
import { Problems } from "../../ui/states";
import { actionName, type Broadcast } from "../broadcasts/types";
import type { SampleData } from "./api-step";
import { CallSamples } from "./call-samples";
import { bodyOf, firstNamed, MANY, type TriggerForm, type Whom } from "./trigger-body";

interface Check {
  ready: boolean;
  problems: { field: string; message: string }[];
  reach: Count | null;
  /** Somebody whom it reaches. */
  first: { cio_id: string } | null;
  errors: string[];
  limits: { wait_seconds: number; unfinished: number; queue: number };
  data: { wanted: Record<string, unknown>; missing: string[] };
}

const PAUSE_MS = 350;

/** The server's word about a body, a moment after it stops changing; again when a wait is over. */
function useCheck(id: number, body: string | null): { check: Check | null; error: unknown } {
  const [state, setState] = useState<{ check: Check | null; error: unknown }>({ check: null, error: null });
  const [again, setAgain] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` asks anew
  useEffect(() => {
    if (body === null) return;
    const aborting = new AbortController();
    let next: ReturnType<typeof setTimeout> | undefined;
    const timer = setTimeout(async () => {
      try {
        const path = `${OURS}/broadcasts/${id}/trigger_check`;
        const check = await post<Check>(path, JSON.parse(body), { signal: aborting.signal });
        setState({ check, error: null });
        if (check.limits.wait_seconds > 0) next = setTimeout(() => setAgain((count) => count + 1), 1_000);
      } catch (error) {
        if (!aborting.signal.aborted) setState({ check: null, error });
      }
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      clearTimeout(next);
      aborting.abort();
    };
  }, [id, body, again]);
  return state;
}

function Verdict({ check }: { check: Check }) {
  const { reach, limits } = check;
  return (
    <div class="stack-tight" role="status">
      {reach && (
        <p class="big-number">
          {reach.exact ? "" : "about "}
          {people(reach.people)}
        </p>
      )}
      {reach && <LeftOutOf count={reach} />}
      {check.problems.map((one) => (
        <p key={one.field + one.message} class="field-error">
          {one.message}
        </p>
      ))}
      {check.errors.map((one) => (
        <p key={one} class="small">
          {one}
        </p>
      ))}
      {check.data.missing.length > 0 && (
        <p class="banner banner-warn">
          The messages ask for {check.data.missing.join(", ")}, which the data lacks: unless they have a
          fallback, the messages fail.
        </p>
      )}
      {limits.wait_seconds > 0 && <p>The next trigger is taken in {limits.wait_seconds} s.</p>}
      <p class="muted small">
        {limits.unfinished} of {limits.queue} triggers queued.
      </p>
    </div>
  );
}

/** Opens over any page of the broadcast. */
export function TriggerDialog({
  broadcast,
  open,
  onClose,
}: {
  broadcast: Broadcast;
  open: boolean;
  onClose: () => void;
}) {
  const sample = useQuery<SampleData>(open ? `${OURS}/broadcasts/${broadcast.id}/sample_data` : null);
  const [form, setForm] = useState<TriggerForm>({
    whom: "default",
    filter: {},
    named: "",
    data: "",
    ignoreMissing: false,
  });
  const [touched, setTouched] = useState(false);
  const [typed, setTyped] = useState("");
  const saving = useSaving();
  const wanted = sample.data?.wanted;
  // Before anybody can have typed over it.
  useLayoutEffect(() => {
    if (!wanted || touched) return;
    const data = Object.keys(wanted).length > 0 ? JSON.stringify(wanted, null, 2) : "";
    setForm((before) => ({ ...before, data }));
  }, [wanted, touched]);
  const made = useMemo(() => bodyOf(form), [form]);
  const diagnostics = useMemo(() => ("fault" in made ? [made.fault] : []), [made]);
  const messages = broadcast.actions
    .filter((one) => one.sending_state !== "off")
    .map((one) => ({ id: one.id, kind: one.kind, name: actionName(one) }));
  const whole =
    form.whom !== "filter" || isEverybody(form.filter) || faults(form.filter as Filter).length === 0;
  const body = "body" in made && whole ? JSON.stringify(made.body) : null;
  const { check, error } = useCheck(broadcast.id, open ? body : null);
  const reached = check?.reach?.people ?? 0;
  const many = reached >= MANY;
  const set = (changes: Partial<TriggerForm>) => setForm((before) => ({ ...before, ...changes }));
  // The same for the same call: whoever presses again, because the answer was lost, sends nothing twice.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another call, or another opening, is another trigger
  const key = useMemo(newKey, [open, body]);
  const trigger = async () => {
    if (body === null) return;
    await saving.run(async () => {
      const accepted = await post<{ id: number }>(
        `/v1/campaigns/${broadcast.id}/triggers`,
        JSON.parse(body),
        { headers: { "Idempotency-Key": key } },
      );
      invalidate(`${OURS}/broadcasts`);
      onClose();
      navigate(`/triggers/${accepted.id}`);
    });
  };
  return (
    <Dialog
      title={`Trigger ${broadcast.name}`}
      open={open}
      onClose={onClose}
      wide
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            busy={saving.busy}
            disabled={
              !check?.ready || body === null || (many && typed.replace(/\D/g, "") !== String(reached))
            }
            onClick={trigger}
          >
            {check?.reach ? `Send to ${people(reached)}` : "Send"}
          </Button>
        </>
      }
    >
      <div class="two-columns">
        <div class="stack">
          <Radios
            legend="Recipients"
            value={form.whom}
            onChange={(whom) => set({ whom: whom as Whom })}
            options={[
              { value: "default", label: "As set in the broadcast" },
              { value: "filter", label: "Other conditions" },
              { value: "ids", label: "People by id" },
              { value: "emails", label: "People by e-mail" },
            ]}
          />
          {form.whom === "filter" && (
            <FilterBuilder value={form.filter} onChange={(filter) => set({ filter })} showFaults={!whole} />
          )}
          {(form.whom === "ids" || form.whom === "emails") && (
            <>
              <TextArea
                label={form.whom === "ids" ? "Ids" : "E-mail addresses"}
                hint="Apart by lines, spaces or commas."
                value={form.named}
                onInput={(named) => set({ named })}
              />
              <CheckField
                label="Skip whoever is not known"
                hint="Otherwise nothing is sent when one of them is not."
                checked={form.ignoreMissing}
                onChange={(ignoreMissing) => set({ ignoreMissing })}
              />
            </>
          )}
          {(sample.data?.earlier.length ?? 0) > 0 && (
            <SelectField
              label="Begin with the data of"
              value=""
              onChange={(id) => {
                const found = sample.data?.earlier.find((one) => String(one.trigger_id) === id);
                if (!found) return;
                setTouched(true);
                set({ data: JSON.stringify(found.data, null, 2) });
              }}
              options={[
                ["", "what the messages ask for"],
                ...(sample.data?.earlier ?? []).map(
                  (one) => [String(one.trigger_id), `trigger ${one.trigger_id}`] as const,
                ),
              ]}
            />
          )}
          <CodeEditor
            label="Data (JSON)"
            language="json"
            height={220}
            hint="Read in messages as {{ trigger.name }}."
            value={form.data}
            diagnostics={diagnostics}
            onChange={(data) => {
              setTouched(true);
              set({ data });
            }}
          />
        </div>
        <div class="stack">
          {check && <Verdict check={check} />}
          {error !== null && <Problems error={error} />}
          {many && check?.ready && (
            <TextField
              label={`Type ${number(reached)} to go on`}
              inputMode="numeric"
              autocomplete="off"
              value={typed}
              onInput={setTyped}
            />
          )}
          {saving.problems}
          {"body" in made && whole && (
            <PreviewMessage
              broadcastId={broadcast.id}
              actions={messages}
              audience={form.whom === "filter" ? form.filter : broadcast.recipients}
              named={firstNamed(form) && (check?.first ? { cio_id: check.first.cio_id } : firstNamed(form))}
              first={check?.first ?? undefined}
              data={made.body.data as Record<string, unknown>}
            />
          )}
          {"body" in made && (
            <details>
              <summary>The same as a call</summary>
              <CallSamples id={broadcast.id} body={made.body} />
            </details>
          )}
        </div>
      </div>
    </Dialog>
  );
}
