// SPDX-License-Identifier: Apache-2.0
// One segment: who is in it, what uses it, people put in and taken out.
import { useEffect, useState } from "preact/hooks";
import { del, OURS, patch, post } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { useMay } from "../../app/session";
import { nameOf } from "../../audience/PersonPicker";
import { people } from "../../lib/format";
import { invalidate, useQuery } from "../../lib/query";
import { navigate, useSearch } from "../../lib/router";
import { Button, LinkButton } from "../../ui/button";
import { Confirm, FormDialog } from "../../ui/dialog";
import { Radios, TextArea, TextField } from "../../ui/field";
import { Page, Section } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { useSaving } from "../../ui/saving";
import { Empty, ErrorState, Loaded, Loading } from "../../ui/states";
import { Pager, Table } from "../../ui/table";
import { toast } from "../../ui/toast";
import { namesOf } from "../broadcast/trigger-body";
import { isDriven, type Segment, segmentsChanged, Users } from "./segments";

interface Member {
  id: string | null;
  email: string | null;
  cio_id: string;
}

const AT_ONCE = 1_000;

function PeopleDialog({ id, onClose }: { id: number; onClose: () => void }) {
  const [what, setWhat] = useState("add");
  const [kind, setKind] = useState("id");
  const [text, setText] = useState("");
  const saving = useSaving();
  const names = namesOf(text);
  return (
    <FormDialog
      title="Put people in or take them out"
      onClose={onClose}
      saving={saving}
      action={`${what === "add" ? "Put in" : "Take out"} ${names.length > 0 ? people(names.length) : ""}`}
      disabled={names.length === 0}
      onSave={async () => {
        let done = 0;
        for (let start = 0; start < names.length; start += AT_ONCE) {
          const answer = await post<{ people: number }>(`${OURS}/segments/${id}/people`, {
            action: what,
            identifier: kind,
            names: names.slice(start, start + AT_ONCE),
          });
          done += answer.people;
        }
        invalidate(`/v1/segments/${id}`);
        segmentsChanged();
        toast(
          `${people(done)} ${what === "add" ? "put in" : "taken out"}, ${names.length - done} named nobody or changed nothing`,
        );
      }}
    >
      <Radios
        legend="What to do"
        value={what}
        onChange={setWhat}
        options={[
          { value: "add", label: "Put in" },
          { value: "remove", label: "Take out" },
        ]}
      />
      <Radios
        legend="Named by"
        value={kind}
        onChange={setKind}
        options={[
          { value: "id", label: "Id" },
          { value: "email", label: "E-mail" },
        ]}
      />
      <TextArea
        label="People"
        hint="Apart by lines, spaces or commas."
        rows={6}
        value={text}
        onInput={setText}
      />
    </FormDialog>
  );
}

function RenameDialog({ one, onClose }: { one: Segment; onClose: () => void }) {
  const [name, setName] = useState(one.name);
  const [description, setDescription] = useState(one.description);
  const saving = useSaving(["/name"]);
  return (
    <FormDialog
      title={`Rename ${one.name}`}
      onClose={onClose}
      saving={saving}
      onSave={async () => {
        await patch(`${OURS}/segments/${one.id}`, { name, description });
        segmentsChanged();
      }}
    >
      <TextField label="Name" value={name} error={saving.about("/name")} onInput={setName} />
      <TextArea label="Description" rows={2} value={description} onInput={setDescription} />
    </FormDialog>
  );
}

interface Change {
  at: number;
  change: "entered" | "left";
  person: Member;
}

function Changes({ id }: { id: number }) {
  const [start, setStart] = useState("");
  const query = useQuery<{ changes: Change[]; next: string }>(
    `${OURS}/segments/${id}/changes?limit=20${start && `&start=${encodeURIComponent(start)}`}`,
  );
  return (
    <Section
      title="Who came and left"
      hint="Within the last 30 days. Whom conditions found when they were set is not told."
    >
      <Loaded query={query}>
        {({ changes, next }) =>
          changes.length === 0 ? (
            <Empty title="Nobody came or left" />
          ) : (
            <>
              <Table
                caption="Who came into this segment and left it"
                rows={changes}
                rowKey={(one) => `${one.at} ${one.person.cio_id} ${one.change}`}
                columns={[
                  {
                    key: "name",
                    label: "Person",
                    show: (one) => <a href={`/people/cio_${one.person.cio_id}`}>{nameOf(one.person)}</a>,
                  },
                  {
                    key: "change",
                    label: "Change",
                    show: (one) => <Pill>{one.change === "entered" ? "came in" : "left"}</Pill>,
                  },
                  { key: "at", label: "When", show: (one) => <Time ms={one.at * 1_000} /> },
                ]}
              />
              <Pager next={next || null} first={!start} onGo={(to) => setStart(to ?? "")} />
            </>
          )
        }
      </Loaded>
    </Section>
  );
}

function Building({ one }: { one: Segment }) {
  return (
    <div class="row" role="status">
      <progress value={one.progress} max={1} aria-label="How many people were looked at" />
      <span>{Math.round(one.progress * 100)} % of the people were looked at.</span>
    </div>
  );
}

const LOOK_MS = 2_000;

/** `/segments/:id?start=`. */
export default function SegmentPage({ params }: PageProps) {
  const id = Number(params.id);
  const [search, setSearch] = useSearch();
  const start = search.get("start") ?? "";
  const mayEdit = useMay("edit");
  const [building, setBuilding] = useState(false);
  const segment = useQuery<{ segment: Segment }>(`${OURS}/segments/${id}`, {
    every: building ? LOOK_MS : null,
  });
  const isBuilding = segment.data?.segment.state === "building";
  useEffect(() => {
    setBuilding(isBuilding);
    if (building && !isBuilding) segmentsChanged();
  }, [isBuilding, building]);
  const members = useQuery<{ identifiers: Member[]; next: string }>(
    `/v1/segments/${id}/membership?limit=50${start && `&start=${encodeURIComponent(start)}`}`,
  );
  const [changing, setChanging] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [renaming, setRenaming] = useState(false);
  const parent = { href: "/segments", label: "Segments" };
  const one = segment.data?.segment;
  if (!one) {
    return (
      <Page title="Segment" parent={parent}>
        {segment.error ? (
          <ErrorState error={segment.error} onRetry={segment.refetch} />
        ) : (
          <Loading lines={8} />
        )}
      </Page>
    );
  }
  const inside = encodeURIComponent(JSON.stringify({ segment: { id } }));
  return (
    <Page
      title={one.name}
      parent={parent}
      actions={
        mayEdit && (
          <>
            <Button kind="danger" onClick={() => setDeleting(true)}>
              Delete
            </Button>
            <Button onClick={() => setRenaming(true)}>Rename</Button>
            {isDriven(one) && (
              <LinkButton kind="primary" href={`/segments/${id}/conditions`}>
                Change the conditions
              </LinkButton>
            )}
            {!isDriven(one) && (
              <>
                <LinkButton href={`/imports/new?segment=${id}`}>Import into it</LinkButton>
                <Button kind="primary" onClick={() => setChanging(true)}>
                  Put people in or out
                </Button>
              </>
            )}
          </>
        )
      }
    >
      {one.description && <p>{one.description}</p>}
      {isDriven(one) && (
        <p>
          Everybody who is in it: <strong>{one.sentence}</strong>
        </p>
      )}
      {isBuilding && <Building one={one} />}
      <dl class="facts">
        <dt>People</dt>
        <dd>{people(one.people)}</dd>
        <dt>Counted</dt>
        <dd>
          <Time ms={one.counted_at * 1_000} />
        </dd>
        <dt>Id</dt>
        <dd>
          <code>{id}</code>
        </dd>
        <dt>Used by</dt>
        <dd>{one.used_by.length > 0 ? <Users users={one.used_by} /> : "no broadcast"}</dd>
        {one.used_by_segments.length > 0 && (
          <>
            <dt>Part of</dt>
            <dd>
              <Users users={one.used_by_segments} of="segments" />
            </dd>
          </>
        )}
        <dt>Changed</dt>
        <dd>
          <Time ms={one.changed_at * 1_000} />
        </dd>
      </dl>
      <Section
        title="Who is in it"
        actions={<LinkButton href={`/people?filter=${inside}`}>Search and export them</LinkButton>}
      >
        <Loaded query={members}>
          {({ identifiers, next }) =>
            identifiers.length === 0 ? (
              <Empty title="Nobody is in it" />
            ) : (
              <>
                <Table
                  caption="People of this segment"
                  rows={identifiers}
                  rowKey={(member) => member.cio_id}
                  columns={[
                    {
                      key: "name",
                      label: "Person",
                      show: (member) => <a href={`/people/cio_${member.cio_id}`}>{nameOf(member)}</a>,
                    },
                    { key: "id", label: "Id", show: (member) => member.id ?? "–" },
                  ]}
                />
                <Pager next={next || null} first={!start} onGo={(to) => setSearch({ start: to })} />
              </>
            )
          }
        </Loaded>
      </Section>
      {/* After the people, who would push it down. */}
      {(members.data ?? members.error) !== undefined && <Changes id={id} />}
      {renaming && <RenameDialog one={one} onClose={() => setRenaming(false)} />}
      {changing && <PeopleDialog id={id} onClose={() => setChanging(false)} />}
      <Confirm
        title={`Delete ${one.name}?`}
        open={deleting}
        danger
        action="Delete"
        onClose={() => setDeleting(false)}
        onConfirm={async () => {
          await del(`${OURS}/segments/${id}`);
          navigate("/segments");
          invalidate("/v1/segments", { exact: true });
          invalidate(`${OURS}/segments`, { exact: true });
        }}
      >
        The people stay; only that they belong together is forgotten. A segment that a broadcast or another
        segment names cannot be deleted.
      </Confirm>
    </Page>
  );
}
