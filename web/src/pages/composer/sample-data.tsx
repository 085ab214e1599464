// SPDX-License-Identifier: Apache-2.0
// The data that a call would bring: typed, taken from an earlier trigger, or made from the names that are used.
import { useMemo } from "preact/hooks";
import { CodeEditor } from "../../editor/CodeEditor";
import type { Diagnostic } from "../../editor/offsets";
import { dateTime } from "../../lib/format";
import { Button } from "../../ui/button";
import { SelectField } from "../../ui/field";

export interface SampleData {
  wanted: Record<string, unknown>;
  earlier: { trigger_id: number; created_at: number; data: Record<string, unknown> }[];
}

/** Data as it is typed. */
export function written(data: Record<string, unknown>): string {
  return Object.keys(data).length === 0 ? "{}" : JSON.stringify(data, null, 2);
}

interface Props {
  text: string;
  onChange: (text: string) => void;
  fault: Diagnostic | null;
  samples: SampleData | undefined;
  /** Made from the templates as they are now. */
  wanted: Record<string, unknown> | undefined;
}

export function SampleDataEditor({ text, onChange, fault, samples, wanted }: Props) {
  const diagnostics = useMemo(() => (fault ? [fault] : []), [fault]);
  const earlier = samples?.earlier ?? [];
  return (
    <div class="stack-tight">
      <div class="row">
        <Button disabled={!wanted} onClick={() => wanted && onChange(written(wanted))}>
          Make from the names used
        </Button>
        {earlier.length > 0 && (
          <SelectField
            label="Take from an earlier trigger"
            hideLabel
            value=""
            onChange={(id) => {
              const found = earlier.find((one) => String(one.trigger_id) === id);
              if (found) onChange(written(found.data));
            }}
            options={[
              ["", "Take from an earlier trigger…"],
              ...earlier.map(
                (one) =>
                  [
                    String(one.trigger_id),
                    `Trigger ${one.trigger_id}, ${dateTime(one.created_at * 1_000)}`,
                  ] as const,
              ),
            ]}
          />
        )}
      </div>
      <CodeEditor
        label="Sample data (JSON)"
        language="json"
        height={260}
        hint="What a call brings as data, without the wrapper: trigger.name reads name here."
        value={text}
        diagnostics={diagnostics}
        onChange={onChange}
      />
    </div>
  );
}
