// SPDX-License-Identifier: Apache-2.0
// The right side: as whom, how wide, what comes of it.
import { useState } from "preact/hooks";
import type { ApiError } from "../../api/client";
import { nameOf, PersonPicker } from "../../audience/PersonPicker";
import type { Diagnostic } from "../../editor/offsets";
import { outcomeWords } from "../../preview/message";
import type { People } from "../../preview/use-people";
import type { Preview } from "../../preview/use-preview";
import { Button } from "../../ui/button";
import { CheckField } from "../../ui/field";
import { Loading, Problems } from "../../ui/states";
import { Tabs } from "../../ui/tabs";
import type { Channel } from "./channels/channel";
import { type SampleData, SampleDataEditor } from "./sample-data";

interface Props {
  /** Of the message. */
  kind: string;
  channel: Channel;
  preview: Preview;
  /** What keeps the message from being saved, and is said already. */
  said: ApiError | null;
  people: People;
  dataText: string;
  onData: (text: string) => void;
  dataFault: Diagnostic | null;
  samples: SampleData | undefined;
}

export function PreviewPane({
  kind,
  channel,
  preview,
  said,
  people,
  dataText,
  onData,
  dataFault,
  samples,
}: Props) {
  const [view, setView] = useState(channel.views[0]?.key ?? "");
  const [phone, setPhone] = useState(false);
  const [dark, setDark] = useState(false);
  const [images, setImages] = useState(false);
  const { shown, error } = preview;
  const skipped = shown && outcomeWords(shown.answer, kind);
  const switches = channel.views.find((one) => one.key === view)?.switches ?? [];
  const stale = shown !== null && shown.stale.length > 0;
  return (
    <section class="composer-preview stack-tight" aria-label="Preview">
      <div class="composer-person">
        <PersonPicker label="Shown as" value={people.person} onChange={people.pick} />
        <div class="row">
          <Button
            kind="quiet"
            aria-label="The person before"
            disabled={people.count < 2}
            onClick={() => people.step(-1)}
          >
            ‹
          </Button>
          <Button
            kind="quiet"
            aria-label="The next person"
            disabled={people.count < 2}
            onClick={() => people.step(1)}
          >
            ›
          </Button>
          <Button kind="quiet" onClick={people.shuffle}>
            Random
          </Button>
        </div>
      </div>
      {!people.person && !people.waiting && (
        <p class="banner">The audience is empty for now: this is shown for nobody in particular.</p>
      )}
      {people.person && skipped && (
        <p class="banner banner-warn" role="status">
          {nameOf(people.person)} {skipped}.
        </p>
      )}
      {stale && (
        <p class="banner banner-warn" role="status">
          What fails now is shown as it was before.
        </p>
      )}
      {error !== null && !said?.same(error) && <Problems error={error} />}
      <Tabs
        label="Views of the message"
        tabs={[...channel.views, { key: "data", label: "Sample data" }]}
        value={view}
        onChange={setView}
      >
        {view === "data" ? (
          <SampleDataEditor
            text={dataText}
            onChange={onData}
            fault={dataFault}
            samples={samples}
            wanted={shown?.answer.wanted}
          />
        ) : (
          <div class={`composer-shown${stale ? " composer-stale" : ""}`} aria-busy={preview.behind}>
            {switches.length > 0 && (
              <div class="row composer-switches">
                {switches.includes("phone") && (
                  <CheckField label="Phone" checked={phone} onChange={setPhone} />
                )}
                {switches.includes("dark") && <CheckField label="Dark" checked={dark} onChange={setDark} />}
                {switches.includes("images") && (
                  <CheckField label="Load images" checked={images} onChange={setImages} />
                )}
              </div>
            )}
            {shown ? (
              <channel.Preview
                shown={shown}
                view={view}
                width={phone ? "phone" : "desktop"}
                dark={dark}
                images={images}
              />
            ) : (
              error === null && <Loading label="Rendering" lines={8} />
            )}
          </div>
        )}
      </Tabs>
    </section>
  );
}
