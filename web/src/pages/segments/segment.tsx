// SPDX-License-Identifier: Apache-2.0
// One segment: who is in it, what uses it, people put in and taken out.
import { useState } from "preact/hooks";
import { ApiError, del, OURS, post } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { useMay } from "../../app/session";
import { nameOf } from "../../audience/PersonPicker";
import { people } from "../../lib/format";
import { invalidate, useQuery } from "../../lib/query";
import { navigate, useSearch } from "../../lib/router";
import { Button } from "../../ui/button";
import { Confirm, Dialog } from "../../ui/dialog";
import { Radios, TextArea } from "../../ui/field";
import { Page, Section } from "../../ui/page";
import { Empty, ErrorState, Loaded, Problems } from "../../ui/states";
import { Pager, Table } from "../../ui/table";
import { toast } from "../../ui/toast";
import { namesOf } from "../broadcast/trigger-body";
import type { Segment } from "./segments";

interface Member {
  id: string | null;
  email: string | null;
  cio_id: string;
}

const AT_ONCE = 1_000;

function PeopleDialog({ id, open, onClose }: { id: number; open: boolean; onClose: () => void }) {
  const [what, setWhat] = useState("add");
  const [kind, setKind] = useState("id");
  const [text, setText] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const names = namesOf(text);
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
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
      toast(
        `${people(done)} ${what === "add" ? "put in" : "taken out"}, ${names.length - done} named nobody or changed nothing`,
      );
      setText("");
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="Put people in or take them out"
      open={open}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={busy} disabled={names.length === 0} onClick={go}>
            {what === "add" ? "Put in" : "Take out"} {names.length > 0 && people(names.length)}
          </Button>
        </>
      }
    >
      <div class="stack">
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
        {error !== null && <Problems error={error} />}
      </div>
    </Dialog>
  );
}

/** `/segments/:id?start=`. */
export default function SegmentPage({ params }: PageProps) {
  const id = Number(params.id);
  const [search, setSearch] = useSearch();
  const start = search.get("start") ?? "";
  const mayEdit = useMay("edit");
  const segment = useQuery<{ segment: Segment }>(`/v1/segments/${id}`);
  const count = useQuery<{ count: number }>(`/v1/segments/${id}/customer_count`);
  const used = useQuery<{ used_by: { campaigns: number[] } }>(`/v1/segments/${id}/used_by`);
  const members = useQuery<{ identifiers: Member[]; next: string }>(
    `/v1/segments/${id}/membership?limit=50${start && `&start=${encodeURIComponent(start)}`}`,
  );
  const [changing, setChanging] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const parent = { href: "/segments", label: "Segments" };
  if (!segment.data && segment.error instanceof ApiError) {
    return (
      <Page title="Segment" parent={parent}>
        <ErrorState error={segment.error} onRetry={segment.refetch} />
      </Page>
    );
  }
  const one = segment.data?.segment;
  const users = used.data?.used_by.campaigns ?? [];
  return (
    <Page
      title={one?.name ?? "Segment"}
      parent={parent}
      actions={
        mayEdit && (
          <>
            <Button kind="danger" onClick={() => setDeleting(true)}>
              Delete
            </Button>
            <Button kind="primary" onClick={() => setChanging(true)}>
              Put people in or out
            </Button>
          </>
        )
      }
    >
      {one?.description && <p>{one.description}</p>}
      <dl class="facts">
        <dt>People</dt>
        <dd>{count.data ? people(count.data.count) : "…"}</dd>
        <dt>Id</dt>
        <dd>
          <code>{id}</code>
        </dd>
        <dt>Used by</dt>
        <dd>
          {users.length === 0
            ? "nothing"
            : users.map((broadcast) => (
                <span key={broadcast}>
                  <a href={`/broadcasts/${broadcast}`}>broadcast {broadcast}</a>{" "}
                </span>
              ))}
        </dd>
      </dl>
      <Section title="Who is in it">
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
      <PeopleDialog id={id} open={changing} onClose={() => setChanging(false)} />
      <Confirm
        title={`Delete ${one?.name}?`}
        open={deleting}
        danger
        action="Delete"
        onClose={() => setDeleting(false)}
        onConfirm={async () => {
          await del(`/v1/segments/${id}`);
          invalidate("/v1/segments", { exact: true });
          navigate("/segments");
        }}
      >
        The people stay; only that they belong together is forgotten. A segment that a broadcast names cannot
        be deleted.
      </Confirm>
    </Page>
  );
}
