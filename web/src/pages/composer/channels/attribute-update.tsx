// SPDX-License-Identifier: Apache-2.0
// Create or update a person: what becomes of which attribute.
import { useRef, useState } from "preact/hooks";
import { CodeEditor } from "../../../editor/CodeEditor";
import { diagnosticsOf, faultWords } from "../../../preview/message";
import { Button } from "../../../ui/button";
import { SelectField, TextField } from "../../../ui/field";
import { Table } from "../../../ui/table";
import { becoming, type Row, rowsOf, templateOf } from "./attributes";
import type { Channel, FieldsProps, PreviewProps } from "./channel";
import { text } from "./email-draft";
import { goingTo, Line, Sending } from "./parts";
import { ofPerson } from "./person-draft";

const WAYS = [
  ["text", "Text"],
  ["value", "JSON value"],
  ["remove", "Remove it"],
] as const;

function Rows({ rows, set, readOnly }: { rows: Row[]; set: (rows: Row[]) => void; readOnly: boolean }) {
  const put = (no: number, changes: Partial<Row>) =>
    set(rows.map((one, at) => (at === no ? { ...one, ...changes } : one)));
  return (
    <fieldset class="stack-tight composer-headers">
      <legend class="field-label">Attributes</legend>
      {rows.map((row, no) => (
        <div key={no} class="composer-attribute">
          <TextField
            label={`Name of attribute ${no + 1}`}
            hideLabel
            placeholder="plan"
            value={row.name}
            disabled={readOnly}
            spellcheck={false}
            onInput={(name) => put(no, { name })}
          />
          <SelectField
            label={`What attribute ${no + 1} becomes`}
            hideLabel
            value={row.as}
            disabled={readOnly}
            options={WAYS}
            onChange={(as) => put(no, { as: as as Row["as"] })}
          />
          {row.as === "remove" ? (
            <span />
          ) : (
            <TextField
              label={`Value of attribute ${no + 1}`}
              hideLabel
              placeholder={row.as === "text" ? "pro, or {{ trigger.plan }}" : "3, or {{ trigger.seats }}"}
              value={row.value}
              disabled={readOnly}
              spellcheck={false}
              onInput={(value) => put(no, { value })}
            />
          )}
          <Button
            kind="quiet"
            aria-label={`Remove attribute ${row.name || no + 1} from the list`}
            disabled={readOnly}
            onClick={() => set(rows.filter((_, at) => at !== no))}
          >
            ×
          </Button>
        </div>
      ))}
      <div>
        <Button disabled={readOnly} onClick={() => set([...rows, { name: "", as: "text", value: "" }])}>
          + Attribute
        </Button>
      </div>
    </fieldset>
  );
}

function Fields(props: FieldsProps) {
  const { draft, change, readOnly, answer } = props;
  const stored = text(draft, "attributes");
  const written = useRef(stored);
  const [rows, setRows] = useState(() => rowsOf(stored));
  const [asJson, setAsJson] = useState(false);
  // Somebody else's version, or what a link from the review goes to; what one types oneself stays as it is typed.
  if (written.current !== stored) {
    written.current = stored;
    setRows(rowsOf(stored));
  }
  const write = (template: string) => {
    written.current = template;
    change({ attributes: template });
  };
  const wrong = answer?.errors.filter((one) => one.field === "attributes") ?? [];
  return (
    <div class="stack">
      <SelectField
        label="Who is updated"
        value={text(draft, "whom")}
        disabled={readOnly}
        onChange={(whom) => change({ whom })}
        options={[
          ["self", "Everybody in the audience"],
          ["other", "Another person, who is created if nobody is known by this"],
        ]}
      />
      {text(draft, "whom") === "other" && (
        <Line
          {...props}
          field="identifier"
          label="Who that is"
          hint="An id, an e-mail address or cio_…, such as {{ customer.invited_by }}."
        />
      )}
      {rows && !asJson ? (
        <>
          <Rows
            rows={rows}
            readOnly={readOnly}
            set={(next) => {
              setRows(next);
              write(templateOf(next));
            }}
          />
          {wrong.map((one) => (
            <p key={one.message} class="field-error">
              {faultWords(one)}
            </p>
          ))}
        </>
      ) : (
        <CodeEditor
          label="Attributes"
          language="liquid"
          height={220}
          hint="A JSON object: what {{ }} shows is put in as JSON; null removes an attribute."
          readOnly={readOnly}
          value={stored}
          onChange={(template) => {
            write(template);
            setRows(rowsOf(template));
          }}
          completions={props.completions}
          diagnostics={diagnosticsOf(answer, "attributes")}
          goTo={goingTo(props, "attributes")}
        />
      )}
      {rows && (
        <div>
          <Button kind="quiet" onClick={() => setAsJson(!asJson)}>
            {asJson ? "Edit as a list" : "Edit as JSON"}
          </Button>
        </div>
      )}
      <Sending {...props} />
    </div>
  );
}

function Preview({ shown }: PreviewProps) {
  const found = becoming(shown.message.attributes);
  const other = shown.message.whom === "other";
  const whose = other ? String(shown.message.identifier || "Another person") : "This person";
  if (!found || found.length === 0) return <p class="muted">No attribute changes.</p>;
  return (
    <div class="stack-tight">
      <p>{whose} is updated:</p>
      <Table
        caption="What becomes of which attribute"
        rows={found}
        rowKey={(one) => one.name}
        columns={[
          { key: "name", label: "Attribute", show: (one) => <span class="break">{one.name}</span> },
          {
            key: "becomes",
            label: "Becomes",
            show: (one) =>
              one.becomes === null ? <em>removed</em> : <span class="break">{one.becomes}</span>,
          },
        ]}
      />
    </div>
  );
}

export const ATTRIBUTE_UPDATE: Channel = {
  label: "Person update",
  languages: false,
  tests: "none",
  views: [{ key: "message", label: "What it does" }],
  pick: ofPerson(["attributes", "whom", "identifier"]),
  bodyOf: (draft) => draft,
  Fields,
  Preview,
};
