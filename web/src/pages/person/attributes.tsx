// SPDX-License-Identifier: Apache-2.0
// The attributes of a person, each with its type, changed one at a time.
import { useState } from "preact/hooks";
import { ApiError, OURS, patch } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate } from "../../lib/query";
import { Button } from "../../ui/button";
import { FormDialog } from "../../ui/dialog";
import { SelectField, TextArea, TextField } from "../../ui/field";
import { Pill, Time } from "../../ui/pill";
import { useSaving } from "../../ui/saving";
import { Empty } from "../../ui/states";
import { Table } from "../../ui/table";
import {
  type Attribute,
  changeBody,
  fieldText,
  jsonOf,
  retyped,
  TYPES,
  typeWords,
  type ValueType,
} from "./attribute-values";

/** What was changed of a person is fetched anew. */
export function changedPerson(cio: string): void {
  invalidate(`${OURS}/people/cio_${cio}`);
  invalidate(`/v1/customers/${cio}`);
}

function AttributeDialog({ cio, old, onClose }: { cio: string; old: Attribute | null; onClose: () => void }) {
  const [name, setName] = useState(old?.name ?? "");
  const [type, setType] = useState<ValueType>(old?.type ?? "text");
  const [text, setText] = useState(old ? fieldText(old) : "");
  const saving = useSaving(["/value"]);
  const fault = saving.about("/value");
  return (
    <FormDialog
      title={old ? `Attribute ${old.name}` : "A new attribute"}
      onClose={onClose}
      saving={saving}
      action={type === "nothing" ? "Take it away" : "Save"}
      danger={type === "nothing"}
      disabled={!name.trim()}
      onSave={async () => {
        const value = jsonOf(text, type);
        if ("fault" in value) throw new ApiError(422, [{ detail: value.fault, pointer: "/value" }]);
        await patch(`${OURS}/people/${cio}`, changeBody(name.trim(), value.json), {
          headers: { "Content-Type": "application/json" },
        });
        changedPerson(cio);
      }}
    >
      {!old && <TextField label="Name" value={name} onInput={setName} />}
      <SelectField
        label="Type"
        value={type}
        options={old ? TYPES : TYPES.filter(([key]) => key !== "nothing")}
        onChange={(chosen) => {
          setType(chosen as ValueType);
          setText(retyped(text, chosen as ValueType));
          saving.fail(null);
        }}
      />
      {type === "boolean" && (
        <SelectField
          label="Value"
          value={text === "true" ? "true" : "false"}
          onChange={setText}
          options={[
            ["true", "true"],
            ["false", "false"],
          ]}
        />
      )}
      {type === "number" && (
        <TextField
          label="Value"
          inputMode="decimal"
          hint="A moment is kept as Unix seconds."
          value={text}
          error={fault}
          onInput={setText}
        />
      )}
      {type === "text" && (
        <TextField
          label="Value"
          hint="Conditions compare it as text: the text 43 and the number 43 are equal there."
          value={text}
          error={fault}
          onInput={setText}
        />
      )}
      {type === "json" && (
        <TextArea label="Value" rows={8} spellcheck={false} value={text} error={fault} onInput={setText} />
      )}
      {type === "nothing" && <p class="muted">The attribute is taken away, as by null in the API.</p>}
    </FormDialog>
  );
}

export function Attributes({ attributes, cio }: { attributes: readonly Attribute[]; cio: string }) {
  const mayEdit = useMay("edit");
  const [editing, setEditing] = useState<Attribute | "new" | null>(null);
  return (
    <div class="stack">
      {attributes.length === 0 ? (
        <Empty title="No attributes" />
      ) : (
        <Table
          caption="Attributes"
          rows={attributes}
          rowKey={(one) => one.name}
          columns={[
            { key: "name", label: "Name", show: (one) => <code class="break">{one.name}</code> },
            {
              key: "value",
              label: "Value",
              show: (one) =>
                one.type === "text" ? (
                  <span class="break">{one.text}</span>
                ) : (
                  <code class="break">{one.json}</code>
                ),
            },
            { key: "type", label: "Type", show: (one) => <Pill>{typeWords(one.type)}</Pill> },
            { key: "changed", label: "Changed", show: (one) => <Time ms={one.changed_at * 1_000} /> },
            {
              key: "edit",
              label: "Actions",
              hideLabel: true,
              show: (one) =>
                mayEdit && (
                  <Button kind="quiet" aria-label={`Change ${one.name}`} onClick={() => setEditing(one)}>
                    Change
                  </Button>
                ),
            },
          ]}
        />
      )}
      {mayEdit && (
        <div>
          <Button onClick={() => setEditing("new")}>Add an attribute</Button>
        </div>
      )}
      {editing && (
        <AttributeDialog
          cio={cio}
          old={editing === "new" ? null : editing}
          onClose={() => setEditing(null)}
        />
      )}
    </div>
  );
}
