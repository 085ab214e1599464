// SPDX-License-Identifier: Apache-2.0
// The segments of the workspace.
import { useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { useMay } from "../../app/session";
import { number } from "../../lib/format";
import { invalidate, useQuery } from "../../lib/query";
import { navigate, useSearch } from "../../lib/router";
import { Button, LinkButton } from "../../ui/button";
import { FormDialog } from "../../ui/dialog";
import { TextArea, TextField } from "../../ui/field";
import { Page } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { useSaving } from "../../ui/saving";
import { SearchField } from "../../ui/search";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";

export interface Segment {
  id: number;
  name: string;
  description: string;
  type: string;
  people: number;
  counted_at: number;
  changed_at: number;
  used_by: { id: number; name: string; places?: string[] }[];
  used_by_segments: { id: number; name: string }[];
  /** Of a data-driven one. */
  conditions: object | null;
  sentence: string;
  state: "finished" | "building";
  /** Which share of the people was looked at. */
  progress: number;
}

/** Whether people come and go by its conditions. */
export function isDriven(segment: Segment): boolean {
  return segment.conditions !== null;
}

/** What shows segments is fetched anew: here, in filters, on people's pages. */
export function segmentsChanged(): void {
  invalidate("/v1/segments");
  invalidate(`${OURS}/segments`);
}

/** Links to broadcasts, or to other segments. */
export function Users({
  users,
  of = "broadcasts",
}: {
  users: Segment["used_by"];
  of?: "broadcasts" | "segments";
}) {
  return (
    <>
      {users.map((one, no) => (
        <span key={one.id}>
          {no > 0 && ", "}
          <a href={`/${of}/${one.id}`}>{one.name}</a>
          {one.places?.some((place) => place !== "recipients") && (
            <span class="muted small"> ({one.places.join(", ")})</span>
          )}
        </span>
      ))}
    </>
  );
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const saving = useSaving(["/segment/name"]);
  return (
    <FormDialog
      title="Make a manual segment"
      onClose={onClose}
      saving={saving}
      action="Make it"
      onSave={async () => {
        const made = await post<{ segment: Segment }>("/v1/segments", { segment: { name, description } });
        segmentsChanged();
        navigate(`/segments/${made.segment.id}`);
      }}
    >
      <p class="muted">A manual segment: you, an import or your program puts people in.</p>
      <TextField label="Name" value={name} error={saving.about("/segment/name")} onInput={setName} />
      <TextArea label="Description" rows={2} value={description} onInput={setDescription} />
    </FormDialog>
  );
}

/** `/segments`. */
export default function Segments() {
  const query = useQuery<{ segments: Segment[] }>(`${OURS}/segments`);
  const [search, setSearch] = useSearch();
  const text = search.get("search") ?? "";
  const wanted = text.trim().toLowerCase();
  const mayEdit = useMay("edit");
  const [making, setMaking] = useState(false);
  const make = mayEdit && (
    <>
      <Button onClick={() => setMaking(true)}>Make a manual segment</Button>
      <LinkButton kind="primary" href="/segments/new">
        Make a data-driven segment
      </LinkButton>
    </>
  );
  return (
    <Page title="Segments" actions={make}>
      <Loaded query={query}>
        {({ segments }) =>
          segments.length === 0 ? (
            <Empty title="No segments yet" action={make}>
              A segment is a named set of people, for recipients of broadcasts: put in by hand, or by
              conditions.
            </Empty>
          ) : (
            <>
              <SearchField
                label="Search"
                placeholder="A part of a name"
                value={text}
                onChange={(value) => setSearch({ search: value })}
              />
              <Table
                caption="Segments"
                rows={segments.filter((one) => one.name.toLowerCase().includes(wanted))}
                rowKey={(one) => one.id}
                columns={[
                  {
                    key: "name",
                    label: "Name",
                    show: (one) => <a href={`/segments/${one.id}`}>{one.name}</a>,
                  },
                  { key: "people", label: "People", number: true, show: (one) => number(one.people) },
                  {
                    key: "used",
                    label: "Used by",
                    show: (one) => (one.used_by.length === 0 ? "–" : <Users users={one.used_by} />),
                  },
                  { key: "description", label: "Description", show: (one) => one.description || "–" },
                  {
                    key: "type",
                    label: "Type",
                    show: (one) => (
                      <>
                        <Pill>{isDriven(one) ? "data-driven" : "manual"}</Pill>{" "}
                        {one.state === "building" && <Pill>building</Pill>}
                      </>
                    ),
                  },
                  {
                    key: "changed",
                    label: "Changed",
                    show: (one) => <Time ms={one.changed_at * 1_000} />,
                  },
                  { key: "id", label: "Id", number: true, show: (one) => <code>{one.id}</code> },
                ]}
              />
              {segments[0] && (
                <p class="small muted">
                  Counted <Time ms={segments[0].counted_at * 1_000} />.
                </p>
              )}
            </>
          )
        }
      </Loaded>
      {making && <CreateDialog onClose={() => setMaking(false)} />}
    </Page>
  );
}
