// SPDX-License-Identifier: Apache-2.0
// The segments of the workspace.
import { useState } from "preact/hooks";
import { ApiError, post } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate, useQuery } from "../../lib/query";
import { navigate } from "../../lib/router";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { TextArea, TextField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Pill } from "../../ui/pill";
import { Empty, Loaded, Problems } from "../../ui/states";
import { Table } from "../../ui/table";

export interface Segment {
  id: number;
  name: string;
  description: string;
  type: "manual" | "dynamic";
  state: string;
}

function CreateDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [error, setError] = useState<unknown>(null);
  return (
    <Dialog
      title="Make a segment"
      open={open}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            onClick={async () => {
              setError(null);
              try {
                const made = await post<{ segment: Segment }>("/v1/segments", {
                  segment: { name, description },
                });
                invalidate("/v1/segments");
                onClose();
                navigate(`/segments/${made.segment.id}`);
              } catch (failure) {
                setError(failure);
              }
            }}
          >
            Make it
          </Button>
        </>
      }
    >
      <div class="stack">
        <p class="muted">
          A manual segment: you, an import or your program puts people in. Segments that fill themselves by
          conditions come with a later version; conditions can be set on each broadcast already.
        </p>
        <TextField
          label="Name"
          value={name}
          error={error instanceof ApiError ? error.about("/segment/name") : undefined}
          onInput={setName}
        />
        <TextArea label="Description" rows={2} value={description} onInput={setDescription} />
        {error !== null && <Problems error={error} besides={["/segment/name"]} />}
      </div>
    </Dialog>
  );
}

/** `/segments`. */
export default function Segments() {
  const query = useQuery<{ segments: Segment[] }>("/v1/segments");
  const mayEdit = useMay("edit");
  const [making, setMaking] = useState(false);
  const make = mayEdit && (
    <Button kind="primary" onClick={() => setMaking(true)}>
      Make a segment
    </Button>
  );
  return (
    <Page title="Segments" actions={make}>
      <Loaded query={query}>
        {({ segments }) =>
          segments.length === 0 ? (
            <Empty title="No segments yet" action={make}>
              A segment is a named set of people, for recipients of broadcasts.
            </Empty>
          ) : (
            <Table
              caption="Segments"
              rows={segments}
              rowKey={(one) => one.id}
              columns={[
                { key: "name", label: "Name", show: (one) => <a href={`/segments/${one.id}`}>{one.name}</a> },
                { key: "description", label: "Description", show: (one) => one.description || "–" },
                { key: "type", label: "Type", show: (one) => <Pill>{one.type}</Pill> },
                { key: "id", label: "Id", number: true, show: (one) => <code>{one.id}</code> },
              ]}
            />
          )
        }
      </Loaded>
      <CreateDialog open={making} onClose={() => setMaking(false)} />
    </Page>
  );
}
