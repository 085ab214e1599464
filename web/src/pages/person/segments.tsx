// SPDX-License-Identifier: Apache-2.0
// The segments that a person is in; put into one, or taken out.
import { useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { useMay } from "../../app/session";
import { useSegments } from "../../audience/FilterBuilder";
import { invalidate, useQuery } from "../../lib/query";
import { Button } from "../../ui/button";
import { SelectField } from "../../ui/field";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { toastFailure } from "../../ui/toast";
import { changedPerson } from "./attributes";

interface InSegment {
  id: string;
  name: string;
  description: string;
}

export function Segments({ cio }: { cio: string }) {
  const mayEdit = useMay("edit");
  const known = useSegments();
  const [wanted, setWanted] = useState("");
  const [busy, setBusy] = useState(false);
  const query = useQuery<{ segments: InSegment[] }>(`/v1/customers/${cio}/segments?id_type=cio_id`);
  const change = async (action: "add" | "remove", id: string) => {
    setBusy(true);
    try {
      await post(`${OURS}/segments/${id}/people`, { action, identifier: "cio_id", names: [cio] });
      setWanted("");
      changedPerson(cio);
      invalidate(`/v1/segments/${id}`);
    } catch (failure) {
      toastFailure(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Loaded query={query} lines={3}>
      {({ segments }) => {
        const others = known.filter((one) => !segments.some((inside) => inside.id === String(one.id)));
        return (
          <div class="stack">
            {segments.length === 0 ? (
              <Empty title="In no segment" />
            ) : (
              <Table
                caption="Segments"
                rows={segments}
                rowKey={(one) => one.id}
                columns={[
                  {
                    key: "name",
                    label: "Segment",
                    show: (one) => <a href={`/segments/${one.id}`}>{one.name}</a>,
                  },
                  { key: "words", label: "Description", show: (one) => one.description || "–" },
                  {
                    key: "actions",
                    label: "Actions",
                    hideLabel: true,
                    show: (one) =>
                      mayEdit && (
                        <Button
                          kind="quiet"
                          busy={busy}
                          aria-label={`Take out of ${one.name}`}
                          onClick={() => change("remove", one.id)}
                        >
                          Take out
                        </Button>
                      ),
                  },
                ]}
              />
            )}
            {mayEdit && others.length > 0 && (
              <div class="row">
                <SelectField
                  label="Put into a segment"
                  value={wanted}
                  onChange={setWanted}
                  options={[["", "Choose…"], ...others.map((one) => [String(one.id), one.name] as const)]}
                />
                <Button busy={busy} disabled={!wanted} onClick={() => change("add", wanted)}>
                  Put in
                </Button>
              </div>
            )}
          </div>
        );
      }}
    </Loaded>
  );
}
