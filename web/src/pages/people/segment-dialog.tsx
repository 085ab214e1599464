// SPDX-License-Identifier: Apache-2.0
// A segment of everybody who matches a filter now.
import { useRef, useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { AudienceSummary } from "../../audience/AudienceSummary";
import type { Audience } from "../../audience/filter";
import { number, percent } from "../../lib/format";
import { invalidate } from "../../lib/query";
import { navigate } from "../../lib/router";
import { FormDialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { useSaving } from "../../ui/saving";
import { toast } from "../../ui/toast";

interface Filled {
  added: number;
  looked_through: number;
  next: string;
}

/** Makes it, and puts people in call by call; closed in between it holds those put in so far. */
export function SegmentDialog({ filter, onClose }: { filter: Audience; onClose: () => void }) {
  const [name, setName] = useState("");
  const [told, setTold] = useState("");
  const saving = useSaving(["/segment/name"]);
  // What there is already when a part failed and the button is pressed again.
  const made = useRef({ id: 0, next: "", people: 0 });
  const fill = async () => {
    const so = made.current;
    if (!so.id) {
      const segment = { name, description: "" };
      so.id = (await post<{ segment: { id: number } }>("/v1/segments", { segment })).segment.id;
    }
    do {
      const filled = await post<Filled>(`${OURS}/segments/${so.id}/fill`, { filter, start: so.next });
      so.next = filled.next;
      so.people += filled.added;
      setTold(
        `${number(so.people)} people are in; ${percent(filled.looked_through, 1)} of all were looked at.`,
      );
    } while (so.next);
    invalidate("/v1/segments");
    invalidate(`${OURS}/segments`);
    toast(`${number(so.people)} people are in ${name}`);
    navigate(`/segments/${so.id}`);
  };
  return (
    <FormDialog
      title="Make a segment of them"
      onClose={onClose}
      saving={saving}
      action="Make it"
      onSave={fill}
    >
      <TextField label="Name" value={name} error={saving.about("/segment/name")} onInput={setName} />
      <AudienceSummary filter={filter} />
      <p class="muted">
        Everybody who matches now is put in. The segment does not follow the filter afterwards: who matches
        later is put in by you, an import or your program.
      </p>
      <p role="status">{told}</p>
    </FormDialog>
  );
}
