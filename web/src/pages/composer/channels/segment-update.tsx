// SPDX-License-Identifier: Apache-2.0
// Manual segment update: people are put into a segment, or taken out of it.
import { useQuery } from "../../../lib/query";
import { errorOf } from "../../../preview/message";
import { SelectField } from "../../../ui/field";
import type { Channel, FieldsProps, PreviewProps } from "./channel";
import { text } from "./email-draft";
import { Sending } from "./parts";
import { moveWords, ofPerson } from "./person-draft";

interface Listed {
  id: number;
  name: string;
  type: string;
}

function useListed(): readonly Listed[] | undefined {
  return useQuery<{ segments: Listed[] }>("/v1/segments").data?.segments;
}

function Fields(props: FieldsProps) {
  const { draft, change, readOnly, answer } = props;
  const chosen = text(draft, "segment_id").trim();
  const manual = (useListed() ?? []).filter((one) => one.type === "manual");
  const known = manual.some((one) => String(one.id) === chosen);
  const options: (readonly [string, string])[] = manual.map((one) => [String(one.id), one.name] as const);
  if (!known) options.unshift([chosen, chosen ? `Segment ${chosen}` : "Choose one"]);
  return (
    <div class="stack">
      <SelectField
        label="What happens"
        value={text(draft, "change") || "add"}
        disabled={readOnly}
        onChange={(way) => change({ change: way })}
        options={[
          ["add", "People are put into the segment"],
          ["remove", "People are taken out of the segment"],
        ]}
      />
      <SelectField
        label="Segment"
        hint="Manual ones. Who is in a data-driven segment, its conditions say."
        error={errorOf(answer, "segment_id")}
        value={chosen}
        disabled={readOnly}
        onChange={(id) => change({ segment_id: id })}
        options={options}
      />
      <Sending {...props} />
    </div>
  );
}

function Preview({ shown }: PreviewProps) {
  const names = new Map((useListed() ?? []).map((one) => [String(one.id), one.name] as const));
  return <p>{moveWords(shown.message, names)}</p>;
}

export const SEGMENT_UPDATE: Channel = {
  label: "Segment update",
  languages: false,
  tests: "none",
  views: [{ key: "message", label: "What it does" }],
  pick: ofPerson(["segment_id", "change"]),
  bodyOf: (draft) => draft,
  Fields,
  Preview,
};
