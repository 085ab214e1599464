// SPDX-License-Identifier: Apache-2.0
// Send an event: as if the person had done something.
import { CodeEditor } from "../../../editor/CodeEditor";
import { diagnosticsOf } from "../../../preview/message";
import { Table } from "../../../ui/table";
import { becoming } from "./attributes";
import type { Channel, FieldsProps, PreviewProps } from "./channel";
import { text } from "./email-draft";
import { goingTo, Line, Sending } from "./parts";
import { ofPerson } from "./person-draft";

function Fields(props: FieldsProps) {
  const { draft, change, readOnly, answer } = props;
  return (
    <div class="stack">
      <Line
        {...props}
        field="event_name"
        label="Name of the event"
        hint="It counts in segments and for goals. It starts no broadcast."
      />
      <CodeEditor
        label="Data of the event"
        language="liquid"
        height={180}
        hint="A JSON object, or nothing: what {{ }} shows is put in as JSON."
        readOnly={readOnly}
        value={text(draft, "event_data")}
        onChange={(data) => change({ event_data: data })}
        completions={props.completions}
        diagnostics={diagnosticsOf(answer, "event_data")}
        goTo={goingTo(props, "event_data")}
      />
      <Sending {...props} />
    </div>
  );
}

function Preview({ shown }: PreviewProps) {
  const name = shown.message.event_name;
  const data = becoming(shown.message.event_data) ?? [];
  return (
    <div class="stack-tight">
      <p>
        This person does <strong class="break">{typeof name === "string" && name ? name : "…"}</strong>
        {data.length === 0 ? "." : ", with:"}
      </p>
      {data.length > 0 && (
        <Table
          caption="Data of the event"
          rows={data}
          rowKey={(one) => one.name}
          columns={[
            { key: "name", label: "Name", show: (one) => <span class="break">{one.name}</span> },
            {
              key: "value",
              label: "Value",
              show: (one) => <span class="break">{one.becomes ?? "nothing"}</span>,
            },
          ]}
        />
      )}
    </div>
  );
}

export const CREATE_EVENT: Channel = {
  label: "Event",
  languages: false,
  tests: "none",
  views: [{ key: "message", label: "What it does" }],
  pick: ofPerson(["event_name", "event_data"]),
  bodyOf: (draft) => draft,
  Fields,
  Preview,
};
