// SPDX-License-Identifier: Apache-2.0
// E-mail: its fields, and how it looks as mail.
import { useId } from "preact/hooks";
import { OURS } from "../../../api/client";
import { CodeEditor } from "../../../editor/CodeEditor";
import { bytes } from "../../../lib/format";
import { useQuery } from "../../../lib/query";
import { PreviewFrame } from "../../../preview/PreviewFrame";
import { Button } from "../../../ui/button";
import { CheckField, SelectField, TextField } from "../../../ui/field";
import { diagnosticsOf } from "../message";
import type { Channel, FieldsProps, PreviewProps } from "./channel";
import { bodyOf, flag, headersOf, numberOf, pick, text } from "./email-draft";

interface Sender {
  id: number;
  address: string;
}

const LINE = 34;

function goingTo(props: FieldsProps, field: string): { index: number } | null {
  return props.target?.field === field ? props.target : null;
}

function Line({
  field,
  label,
  hint,
  ...props
}: FieldsProps & { field: string; label: string; hint?: string }) {
  return (
    <CodeEditor
      label={label}
      language="liquid"
      oneLine
      height={LINE}
      hint={hint}
      readOnly={props.readOnly}
      value={text(props.draft, field)}
      onChange={(value) => props.change({ [field]: value })}
      completions={props.completions}
      diagnostics={diagnosticsOf(props.answer, field)}
      goTo={goingTo(props, field)}
    />
  );
}

function Address({
  field,
  label,
  none,
  senders,
  ...props
}: FieldsProps & { field: "from" | "reply_to"; label: string; none: string; senders: Sender[] }) {
  const identity = `${field}_id`;
  const chosen = numberOf(props.draft, identity);
  const known = senders.some((one) => one.id === chosen);
  return (
    <div class="composer-address">
      {senders.length > 0 && (
        <SelectField
          label={`${label}: identity`}
          value={chosen === null ? "" : String(chosen)}
          disabled={props.readOnly}
          onChange={(value) => props.change({ [identity]: value ? Number(value) : null })}
          options={[
            ["", none],
            ...senders.map((one) => [String(one.id), one.address] as const),
            ...(chosen !== null && !known ? [[String(chosen), text(props.draft, field)] as const] : []),
          ]}
        />
      )}
      {chosen === null && <Line {...props} field={field} label={label} />}
    </div>
  );
}

function Headers(props: FieldsProps) {
  const headers = headersOf(props.draft);
  const put = (no: number, change: Partial<{ name: string; value: string }>) =>
    props.change({ headers: headers.map((one, at) => (at === no ? { ...one, ...change } : one)) });
  return (
    <fieldset class="stack-tight composer-headers">
      <legend class="field-label">Headers of your own</legend>
      {headers.map((header, no) => {
        const wrong = props.answer?.errors.find((one) => one.field === `headers/${header.name}`);
        return (
          <div key={no} class="composer-header">
            <TextField
              label={`Name of header ${no + 1}`}
              hideLabel
              placeholder="X-Name"
              value={header.name}
              disabled={props.readOnly}
              onInput={(name) => put(no, { name })}
            />
            <TextField
              label={`Value of header ${no + 1}`}
              hideLabel
              placeholder="Value, Liquid too"
              value={header.value}
              error={wrong?.message}
              disabled={props.readOnly}
              onInput={(value) => put(no, { value })}
            />
            <Button
              kind="quiet"
              aria-label={`Remove header ${header.name || no + 1}`}
              disabled={props.readOnly}
              onClick={() => props.change({ headers: headers.filter((_, at) => at !== no) })}
            >
              ×
            </Button>
          </div>
        );
      })}
      <div>
        <Button
          disabled={props.readOnly}
          onClick={() => props.change({ headers: [...headers, { name: "", value: "" }] })}
        >
          + Header
        </Button>
      </div>
    </fieldset>
  );
}

interface Layout {
  id: number;
  name: string;
}

/** What the body is put into. */
function LayoutChoice({ draft, change, readOnly }: FieldsProps) {
  const layouts = useQuery<{ layouts: Layout[] }>(`${OURS}/layouts`).data?.layouts ?? [];
  const chosen = numberOf(draft, "layout_id");
  if (layouts.length === 0 && chosen === null) return null;
  const known = layouts.some((one) => one.id === chosen);
  return (
    <SelectField
      label="Layout"
      value={chosen === null ? "" : String(chosen)}
      disabled={readOnly}
      onChange={(value) => change({ layout_id: value ? Number(value) : null })}
      options={[
        ["", "None: the body is the whole message"],
        ...layouts.map((one) => [String(one.id), one.name] as const),
        ...(chosen !== null && !known ? [[String(chosen), `Layout ${chosen}`] as const] : []),
      ]}
    />
  );
}

const AT = ["reply_to", "recipient", "cc", "bcc"];

function Fields(props: FieldsProps) {
  const { draft, change, readOnly, language, answer, target } = props;
  const senders = useQuery<{ sender_identities: Sender[] }>("/v1/sender_identities?limit=100");
  const known = senders.data?.sender_identities ?? [];
  const wrongIn = (fields: readonly string[]) =>
    answer?.errors.some((one) => fields.includes(one.field)) || (target && fields.includes(target.field));
  const headerWrong = answer?.errors.some((one) => one.field.startsWith("headers/"));
  return (
    <div class="stack">
      <Line {...props} field="subject" label="Subject" />
      <Line
        {...props}
        field="preheader"
        label="Preheader"
        hint="Shown after the subject in a list of mails."
      />
      <Address {...props} field="from" label="From" none="An address written by hand" senders={known} />
      <LayoutChoice {...props} />
      <CodeEditor
        label="Body"
        language="liquid"
        height={420}
        readOnly={readOnly}
        value={text(draft, "body")}
        onChange={(body) => change({ body })}
        completions={props.completions}
        diagnostics={diagnosticsOf(answer, "body")}
        goTo={goingTo(props, "body")}
      />
      <details open={wrongIn(["plain"]) || undefined}>
        <summary>Plain text</summary>
        <div class="stack composer-more">
          <CodeEditor
            label="Plain text"
            language="liquid"
            height={200}
            hint="Left empty, it is made from the body."
            readOnly={readOnly}
            value={text(draft, "plain")}
            onChange={(plain) => change({ plain })}
            completions={props.completions}
            diagnostics={diagnosticsOf(answer, "plain")}
            goTo={goingTo(props, "plain")}
          />
        </div>
      </details>
      <details open={wrongIn(AT) || headerWrong || undefined}>
        <summary>Recipient, reply-to, copies and headers</summary>
        <div class="stack composer-more">
          <Line {...props} field="recipient" label="To" hint="{{customer.email}} unless you change it." />
          <Address
            {...props}
            field="reply_to"
            label="Reply-to"
            none="None, or written by hand"
            senders={known}
          />
          <Line {...props} field="cc" label="Cc" />
          <Line {...props} field="bcc" label="Bcc" hint="Test messages go to no copies." />
          <Headers {...props} />
        </div>
      </details>
      <details>
        <summary>Sending</summary>
        <div class="stack composer-more">
          {!language && (
            <>
              <TextField
                label="Name of this message"
                hint="For yourself, and as message.name in Liquid."
                value={text(draft, "name")}
                disabled={readOnly}
                onInput={(name) => change({ name })}
              />
              <SelectField
                label="When the broadcast is triggered"
                value={text(draft, "sending_state")}
                disabled={readOnly}
                onChange={(state) => change({ sending_state: state })}
                options={[
                  ["automatic", "Send automatically"],
                  ["draft", "Queue a draft"],
                  ["off", "Don't send"],
                ]}
              />
              <CheckField
                label="Send to unsubscribed people, too"
                hint="Only for what they must know, such as a change of terms."
                checked={flag(draft, "send_to_unsubscribed")}
                disabled={readOnly}
                onChange={(checked) => change({ send_to_unsubscribed: checked })}
              />
            </>
          )}
          <CheckField
            label="Track opens and clicks"
            hint="Links lead through Clarion, and a pixel tells that it was opened."
            checked={flag(draft, "tracked")}
            disabled={readOnly}
            onChange={(tracked) => change({ tracked })}
          />
        </div>
      </details>
    </div>
  );
}

function words(value: unknown): string {
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "string" ? value : "";
}

function Preview({ shown, view, width, dark, images }: PreviewProps) {
  const id = useId();
  const { message, url } = shown;
  if (view === "plain") {
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
      <section class="preview-plain" tabIndex={0} aria-label="Plain text of the message">
        {words(message.plain) || "There is no plain text."}
      </section>
    );
  }
  if (view === "headers") {
    const own = Array.isArray(message.headers) ? (message.headers as { name: string; value: string }[]) : [];
    const rows: [string, string][] = [
      ["From", words(message.from)],
      ["To", words(message.to)],
      ["Reply-To", words(message.reply_to)],
      ["Cc", words(message.cc)],
      ["Bcc", words(message.bcc)],
      ["Subject", words(message.subject)],
      ...own.map((one): [string, string] => [one.name, one.value]),
      ["Size", typeof message.size === "number" && message.size > 0 ? bytes(message.size) : ""],
    ];
    return (
      <dl class="preview-headers">
        {rows
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="break">{value}</dd>
            </div>
          ))}
      </dl>
    );
  }
  return (
    <div class="preview-mail">
      <div class="preview-inbox" id={id}>
        <p class="truncate">
          <strong>{words(message.subject) || "(no subject)"}</strong>
          {words(message.preheader) && <span class="muted"> — {words(message.preheader)}</span>}
        </p>
        <p class="muted small truncate">
          {words(message.from) || "(no sender)"} → {words(message.to) || "(no address)"}
        </p>
      </div>
      {url ? (
        <PreviewFrame
          url={images ? `${url}?images=1` : url}
          title="The message as this person gets it"
          width={width}
          dark={dark}
        />
      ) : (
        <p class="state">There is no body to show yet.</p>
      )}
    </div>
  );
}

export const EMAIL: Channel = {
  label: "E-mail",
  languages: true,
  tests: true,
  views: [
    { key: "mail", label: "Message" },
    { key: "plain", label: "Plain text" },
    { key: "headers", label: "Headers" },
  ],
  pick,
  bodyOf,
  Fields,
  Preview,
};
