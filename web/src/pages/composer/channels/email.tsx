// SPDX-License-Identifier: Apache-2.0
// E-mail: its fields, and how it looks as mail.
import { useId, useState } from "preact/hooks";
import { OURS } from "../../../api/client";
import { CodeEditor } from "../../../editor/CodeEditor";
import { bytes } from "../../../lib/format";
import { useQuery } from "../../../lib/query";
import { diagnosticsOf } from "../../../preview/message";
import { PreviewFrame } from "../../../preview/PreviewFrame";
import { CheckField, SelectField, TextArea } from "../../../ui/field";
import { linesOf, type Param, wholeOf } from "../../workspace/url-params";
import { AttachmentsField } from "../attachments";
import type { Channel, FieldsProps, PreviewProps } from "./channel";
import { bodyOf, flag, numberOf, pick, text } from "./email-draft";
import { goingTo, HeaderRows, Line, Sending } from "./parts";

interface Sender {
  id: number;
  address: string;
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

/** What is added to the links of this message. */
function UrlParams({ draft, change, readOnly, answer }: FieldsProps) {
  const stored = Array.isArray(draft.url_parameters) ? (draft.url_parameters as Param[]) : null;
  const [written, setWritten] = useState("");
  // What is written goes on being shown while it says what is stored.
  const lines = linesOf(wholeOf(written)) === linesOf(stored ?? []) ? written : linesOf(stored ?? []);
  return (
    <>
      <SelectField
        label="URL parameters"
        hint="Added to the links, such as utm_campaign."
        value={stored === null ? "" : "own"}
        disabled={readOnly}
        onChange={(value) => change({ url_parameters: value ? [] : null })}
        options={[
          ["", "Those of the workspace"],
          ["own", "This message's own"],
        ]}
      />
      {stored !== null && (
        <TextArea
          label="Parameters of this message"
          hint="One in a line, such as utm_campaign={{ campaign.name }}, with Liquid. Empty: none."
          value={lines}
          disabled={readOnly}
          spellcheck={false}
          error={answer?.errors.find((one) => one.field.startsWith("url_parameters"))?.message}
          onInput={(value) => {
            setWritten(value);
            change({ url_parameters: wholeOf(value) });
          }}
        />
      )}
    </>
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
        language="html"
        height={420}
        readOnly={readOnly}
        value={text(draft, "body")}
        onChange={(body) => change({ body })}
        completions={props.completions}
        diagnostics={diagnosticsOf(answer, "body")}
        goTo={goingTo(props, "body")}
      />
      <AttachmentsField
        attachments={props.attachments}
        readOnly={readOnly}
        wanted={target?.field === "attachments" ? target : null}
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
      <details open={wrongIn(["amp"]) || undefined}>
        <summary>AMP part</summary>
        <div class="stack composer-more">
          <CodeEditor
            label="AMP part"
            language="html"
            height={200}
            hint="Shown instead of the body by mail programs that know AMP; empty: there is none."
            readOnly={readOnly}
            value={text(draft, "amp")}
            onChange={(amp) => change({ amp })}
            completions={props.completions}
            diagnostics={diagnosticsOf(answer, "amp")}
            goTo={goingTo(props, "amp")}
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
          <CheckField
            label="Bcc as messages of their own"
            hint="Each gets a copy after the person did, with the person's address in the subject."
            checked={flag(draft, "fake_bcc")}
            disabled={readOnly}
            onChange={(fake_bcc) => change({ fake_bcc })}
          />
          <HeaderRows {...props} />
        </div>
      </details>
      <details>
        <summary>Sending</summary>
        <div class="stack composer-more">
          {!language && <Sending {...props} />}
          <CheckField
            label="Track opens and clicks"
            hint="Links lead through Clarion, and a pixel tells that it was opened."
            checked={flag(draft, "tracked")}
            disabled={readOnly}
            onChange={(tracked) => change({ tracked })}
          />
          <CheckField
            label="Inline styles"
            hint="Style sheets move into the elements they are for: some mail programs read nothing else."
            checked={flag(draft, "inline_css")}
            disabled={readOnly}
            onChange={(inline_css) => change({ inline_css })}
          />
          <UrlParams {...props} />
        </div>
      </details>
    </div>
  );
}

const MOST_CHIPS = 5;

function words(value: unknown): string {
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "string" ? value : "";
}

function Preview({ shown, view, width, dark, images }: PreviewProps) {
  const id = useId();
  const { message, url } = shown;
  const files = shown.answer.attachments ?? [];
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
      ["Attachments", (shown.answer.attachments ?? []).map((one) => one.name).join(", ")],
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
          url={`${url}?theme=${dark ? "dark" : "light"}${images ? "&images=1" : ""}`}
          title="The message as this person gets it"
          width={width}
          dark={dark}
        />
      ) : (
        <p class="state">
          {message.html === null
            ? "The body cannot be shown before it is mended."
            : "There is no body to show yet."}
        </p>
      )}
      {files.length > 0 && (
        <ul class="preview-files" aria-label="Attachments of the message">
          {files.slice(0, MOST_CHIPS).map((one) => (
            <li key={one.name}>
              <span class="truncate">{one.name}</span> <span class="muted">{bytes(one.size)}</span>
            </li>
          ))}
          {files.length > MOST_CHIPS && <li>and {files.length - MOST_CHIPS} more</li>}
        </ul>
      )}
    </div>
  );
}

export const EMAIL: Channel = {
  label: "E-mail",
  languages: true,
  tests: "addresses",
  views: [
    { key: "mail", label: "Message", switches: ["phone", "dark", "images"] },
    { key: "plain", label: "Plain text" },
    { key: "headers", label: "Headers" },
  ],
  pick,
  bodyOf,
  Fields,
  Preview,
};
