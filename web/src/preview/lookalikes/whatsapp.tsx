// SPDX-License-Identifier: Apache-2.0
// A WhatsApp template with its variables filled. Its text is WhatsApp's: here it is seen once somebody has put it in.
import { useState } from "preact/hooks";
import { recall, remember } from "../../lib/storage";
import { TextArea } from "../../ui/field";
import { Paragraphs } from "./formatted";
import { type LookalikeProps, Stage } from "./lookalike";
import { paragraphs } from "./mrkdwn";
import { filled, sentOf, type TemplateButton, templateOf } from "./template";

const SIGNS: Readonly<Record<TemplateButton["kind"], string>> = {
  reply: "↩",
  url: "↗",
  phone: "✆",
  other: "•",
};

export function WhatsApp({ part, dark }: LookalikeProps) {
  const sent = sentOf(part("body"));
  const sid = sent?.sid ?? "";
  return <OfTemplate key={sid} sid={sid} variables={sent?.variables ?? {}} dark={dark} />;
}

interface Props {
  sid: string;
  variables: Readonly<Record<string, string>>;
  dark: boolean;
}

function OfTemplate({ sid, variables, dark }: Props) {
  const kept = `template.${sid}`;
  const [written, setWritten] = useState(() => recall<string>(kept) ?? "");
  const { template, missing, unused } = filled(templateOf(written), variables);
  const known = written.trim() !== "";
  return (
    <>
      <Stage kind="whatsapp" dark={dark}>
        <div class="alike-bubble">
          {template.media && (
            <div class="alike-picture alike-media" role="img" aria-label="Picture of the template">
              Picture
            </div>
          )}
          {template.header && <p class="alike-head">{template.header}</p>}
          {known ? (
            <Paragraphs of={paragraphs(template.body, "whatsapp")} />
          ) : (
            <>
              <p class="alike-faint break">{sid ? `Template ${sid}` : "(no template)"}</p>
              {Object.entries(variables).map(([name, value]) => (
                <p key={name} class="break">
                  <code>{`{{${name}}}`}</code> {value}
                </p>
              ))}
            </>
          )}
          {template.footer && <p class="alike-faint alike-small">{template.footer}</p>}
          <p class="alike-when">
            9:41{" "}
            <span class="alike-ticks" role="img" aria-label="read">
              ✓✓
            </span>
          </p>
          {template.buttons.length > 0 && (
            <ul class="alike-buttons">
              {template.buttons.map((one) => (
                <li key={one.text}>
                  <span aria-hidden="true">{SIGNS[one.kind]}</span> {one.text}
                </li>
              ))}
            </ul>
          )}
        </div>
      </Stage>
      {known && missing.length > 0 && (
        <p class="banner banner-warn">
          The template has a place for {missing.map((one) => `{{${one}}}`).join(", ")}; the message brings
          nothing for it, and WhatsApp refuses it.
        </p>
      )}
      {known && unused.length > 0 && <p class="banner">The template has no place for {unused.join(", ")}.</p>}
      {sid && (
        <details open={!known}>
          <summary>The template's own text</summary>
          <TextArea
            label="As it was approved"
            hint="With {{1}} where variables go, or as JSON from Twilio's Content API. It is kept in this browser, and is never sent."
            rows={5}
            value={written}
            onInput={(text) => {
              setWritten(text);
              remember(kept, text || undefined);
            }}
          />
        </details>
      )}
    </>
  );
}
