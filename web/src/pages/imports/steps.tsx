// SPDX-License-Identifier: Apache-2.0
// From a file to an import: choose the file, say what its columns are, see what would happen, begin.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { useSegments } from "../../audience/FilterBuilder";
import { bytes, count, number } from "../../lib/format";
import { invalidate, useQuery } from "../../lib/query";
import { navigate, useSearch } from "../../lib/router";
import { Button } from "../../ui/button";
import { CheckField, Field, Radios, SelectField, TextField } from "../../ui/field";
import { Page, Section } from "../../ui/page";
import { useSaving } from "../../ui/saving";
import {
  type Choice,
  COLUMN_TYPES,
  type ColumnType,
  columnsOf,
  faults,
  guess,
  hasType,
  type Identifier,
  identifierOf,
  readAs,
  typesOf,
  type Upload,
} from "./columns";
import type { Import, Trial } from "./types";
import { WrongRows } from "./wrong-rows";

const TITLE = "Import a CSV file";
const ENCODINGS = [
  ["", "As the file says, else UTF-8"],
  ["utf-8", "UTF-8"],
  ["utf-16", "UTF-16"],
  ["windows-1252", "Windows-1252 (Western Europe)"],
  ["iso-8859-1", "ISO 8859-1 (Latin-1)"],
] as const;
const WHOM = [
  { value: "all", label: "Everybody in the file" },
  { value: "only_new", label: "Only people who are not there yet" },
  { value: "only_existing", label: "Only people who are there already" },
] as const;

interface Plan {
  choices: Choice[];
  identifier: Identifier;
  who: string;
}

function bodyOf(upload: Upload, plan: Plan) {
  return {
    upload_id: upload.id,
    type: "people",
    identifier: plan.identifier,
    data_to_process: plan.who,
    columns: columnsOf(plan.choices),
    types: typesOf(plan.choices),
  };
}

/** The three steps on one page; each appears when the one before is done. */
export function ImportSteps({ parent }: { parent: { href: string; label: string } }) {
  const workspace = useQuery<{ workspace: { identifiers: string } }>(`${OURS}/workspace`);
  const byEmail = workspace.data?.workspace.identifiers !== "id";
  const [upload, setUpload] = useState<Upload | null>(null);
  const [plan, setPlan] = useState<Plan | null>(null);
  const [trial, setTrial] = useState<Trial | null>(null);
  const change = (next: Plan) => {
    setPlan(next);
    setTrial(null);
  };
  return (
    <Page title={TITLE} parent={parent}>
      <FileStep
        upload={upload}
        onSent={(sent) => {
          const choices = guess(sent.columns);
          setUpload(sent);
          change({ choices, identifier: identifierOf(choices, byEmail), who: "all" });
        }}
      />
      {upload && plan && (
        <ColumnStep upload={upload} plan={plan} byEmail={byEmail} onChange={change} onTried={setTrial} />
      )}
      {upload && plan && trial && <TrialStep upload={upload} plan={plan} trial={trial} />}
    </Page>
  );
}

function FileStep({ upload, onSent }: { upload: Upload | null; onSent: (upload: Upload) => void }) {
  const saving = useSaving(["/encoding"]);
  const [file, setFile] = useState<File | null>(null);
  const [encoding, setEncoding] = useState("");
  const send = async (chosen: File | null | undefined, as: string) => {
    if (!chosen) return;
    setFile(chosen);
    const path = `${OURS}/uploads?name=${encodeURIComponent(chosen.name)}&encoding=${as}`;
    const headers = { "Content-Type": "text/csv" };
    await saving.run(async () => onSent((await post<{ upload: Upload }>(path, chosen, { headers })).upload));
  };
  return (
    <Section title="1. The file">
      <Field
        label="CSV file"
        hint="At most 2 GB; its first line names the columns, and tells whether commas, semicolons or tabs lie between fields. It is deleted after the import."
      >
        {(ids) => (
          <input
            {...ids}
            type="file"
            class="control"
            accept=".csv,text/csv,text/plain"
            disabled={saving.busy}
            onChange={(event) => void send(event.currentTarget.files?.[0], encoding)}
          />
        )}
      </Field>
      <SelectField
        label="Encoding"
        value={encoding}
        disabled={saving.busy}
        error={saving.about("/encoding")}
        onChange={(as) => {
          setEncoding(as);
          void send(file, as);
        }}
        options={ENCODINGS}
      />
      <p role="status">
        {saving.busy
          ? "Sending…"
          : upload
            ? `${upload.counted ? "" : "about "}${count(upload.rows, "row", "rows")}, ${bytes(upload.bytes)}, ${readAs(upload)}`
            : ""}
      </p>
      {saving.problems}
    </Section>
  );
}

interface ColumnStepProps {
  upload: Upload;
  plan: Plan;
  byEmail: boolean;
  onChange: (plan: Plan) => void;
  onTried: (trial: Trial) => void;
}

function ColumnStep({ upload, plan, byEmail, onChange, onTried }: ColumnStepProps) {
  const saving = useSaving();
  const [pressed, setPressed] = useState(false);
  const wrong = faults(plan.choices, plan.identifier);
  const set = (index: number, changes: Partial<Choice>) =>
    onChange({
      ...plan,
      choices: plan.choices.map((one, at) => (at === index ? { ...one, ...changes } : one)),
    });
  const tryIt = async () => {
    setPressed(true);
    saving.fail(null);
    if (wrong.size > 0) return;
    await saving.run(async () => {
      onTried((await post<{ check: Trial }>(`${OURS}/imports/check`, bodyOf(upload, plan))).check);
    });
  };
  return (
    <Section
      title="2. Its columns"
      hint="What each column becomes. A field that does not fit its type makes its row wrong; dates become Unix seconds."
    >
      <fieldset class="import-columns">
        <legend class="visually-hidden">Columns</legend>
        {plan.choices.map((one, index) => (
          <div class="import-column" key={one.column}>
            <CheckField
              label={<span class="break">{one.column || "(no name)"}</span>}
              hint={<span class="break">{sampleOf(upload, index)}</span>}
              checked={one.used}
              onChange={(used) => set(index, { used })}
            />
            {one.used && (
              <TextField
                label={`Attribute for ${one.column}`}
                value={one.attribute}
                spellcheck={false}
                error={pressed ? wrong.get(one.column) : undefined}
                onInput={(attribute) => set(index, { attribute })}
              />
            )}
            {hasType(one) && (
              <SelectField
                label={`Type of ${one.column}`}
                value={one.type}
                onChange={(type) => set(index, { type: type as ColumnType })}
                options={COLUMN_TYPES}
              />
            )}
          </div>
        ))}
      </fieldset>
      <div class="grid-2 import-who">
        <SelectField
          label="Who a row is about is said by"
          value={plan.identifier}
          error={pressed ? wrong.get("") : undefined}
          onChange={(identifier) => onChange({ ...plan, identifier: identifier as Identifier })}
          options={
            byEmail
              ? [
                  ["id", "id"],
                  ["email", "email"],
                ]
              : [["id", "id"]]
          }
        />
        <Radios
          legend="Whom it may touch"
          value={plan.who}
          onChange={(who) => onChange({ ...plan, who })}
          options={WHOM}
        />
      </div>
      {saving.problems}
      <div class="row">
        <Button busy={saving.busy} onClick={() => void tryIt()}>
          Try it without importing
        </Button>
      </div>
    </Section>
  );
}

function sampleOf(upload: Upload, index: number): string {
  const values = upload.sample.map((row) => row[index] ?? "").filter(Boolean);
  return values.length > 0 ? values.slice(0, 3).join(" · ") : "empty in the first rows";
}

function TrialStep({ upload, plan, trial }: { upload: Upload; plan: Plan; trial: Trial }) {
  const saving = useSaving();
  const heading = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => heading.current?.focus(), []);
  const good = trial.whole ? trial.rows - trial.wrong : Math.max(0, upload.rows - trial.wrong);
  const segments = useSegments();
  const [search] = useSearch();
  const [segment, setSegment] = useState(search.get("segment") ?? "");
  const begin = () =>
    saving.run(async () => {
      const made = await post<{ import: Import }>(`${OURS}/imports`, {
        ...bodyOf(upload, plan),
        segment_id: segment ? Number(segment) : null,
      });
      invalidate(`${OURS}/imports`);
      navigate(`/imports/${made.import.id}`);
    });
  const facts: [string, number][] = [
    ["New people", trial.new],
    ["Changed", trial.changed],
    ["Already so", trial.same],
    ["Left out", trial.left_out],
    ["Wrong rows", trial.wrong],
  ];
  return (
    <Section title="3. What would happen">
      <div ref={heading} tabIndex={-1} class="stack" role="status">
        <p>
          Of {count(trial.rows, "row", "rows")}, {count(trial.new, "is a new person", "are new people")},{" "}
          {number(trial.changed)} would change somebody, {count(trial.wrong, "is wrong", "are wrong")}.
          {!trial.whole && " The rest of the file was not looked at: it is too large for a trial."}
          {trial.looked_up < trial.rows - trial.wrong &&
            ` People were looked up for the first ${number(trial.looked_up)} rows.`}
        </p>
        <dl class="facts">
          {facts.map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{number(value)}</dd>
            </div>
          ))}
        </dl>
      </div>
      {trial.errors.length > 0 && (
        <WrongRows errors={trial.errors} more={trial.wrong > trial.errors.length} />
      )}
      <SelectField
        label="Put everybody whose row is in into a segment"
        value={segment}
        onChange={setSegment}
        options={[["", "No segment"], ...segments.map((one) => [String(one.id), one.name] as const)]}
      />
      {saving.problems}
      <div class="row">
        <Button kind="primary" busy={saving.busy} disabled={good === 0} onClick={() => void begin()}>
          Import {trial.whole ? "" : "about "}
          {count(good, "row", "rows")}
        </Button>
      </div>
    </Section>
  );
}
