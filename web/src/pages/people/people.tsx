// SPDX-License-Identifier: Apache-2.0
// Everybody of the workspace: found while one types, filtered, exported.
import { useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { useMay } from "../../app/session";
import { AudienceSummary } from "../../audience/AudienceSummary";
import { FilterBuilder } from "../../audience/FilterBuilder";
import { type Audience, type Filter, faults, isEverybody, readPasted } from "../../audience/filter";
import { calledOf, nameOf } from "../../audience/person-names";
import { percent } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { navigate, useSearch } from "../../lib/router";
import { Button, LinkButton } from "../../ui/button";
import { Page } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { SearchField } from "../../ui/search";
import { Empty, Loaded } from "../../ui/states";
import { Pager, Table } from "../../ui/table";
import { toast, toastFailure } from "../../ui/toast";
import { SegmentDialog } from "./segment-dialog";

export interface ListedPerson {
  id: string | null;
  email: string | null;
  cio_id: string;
  unsubscribed: boolean;
  created_at: number;
  attributes: Record<string, string>;
}

interface Listed {
  people: ListedPerson[];
  next: string;
  /** The page is short: the time for looking was over. */
  stopped: boolean;
  /** The share of all people who were looked at. */
  looked_through: number;
}

const SHOWN = 4;

/** The filter of the address; null when it is none, which is not everybody. */
function fromAddress(text: string | null): Audience | null {
  if (!text) return {};
  const found = readPasted(text);
  return "audience" in found ? found.audience : null;
}

function Attributes({ person }: { person: ListedPerson }) {
  const entries = Object.entries(person.attributes).slice(0, SHOWN);
  if (entries.length === 0) return <span class="muted">none</span>;
  return (
    <span class="small">
      {entries.map(([name, value]) => (
        <span key={name} class="break">
          <span class="muted">{name}</span> {value.length > 40 ? `${value.slice(0, 40)}…` : value}{" "}
        </span>
      ))}
    </span>
  );
}

/** Whom the filter reaches, with the export of all of them. */
function Filtered({ filter }: { filter: Audience }) {
  const mayEdit = useMay("edit");
  const [busy, setBusy] = useState(false);
  const [naming, setNaming] = useState(false);
  const whole = isEverybody(filter) || faults(filter as Filter).length === 0;
  const exportAll = async () => {
    setBusy(true);
    try {
      await post("/v1/exports/customers", { filters: filter });
      toast("The export is being written");
      navigate("/exports");
    } catch (failure) {
      toastFailure(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="stack-tight">
      <AudienceSummary filter={filter} />
      <div class="row">
        <Button busy={busy} disabled={!mayEdit || !whole} onClick={exportAll}>
          Export them as CSV
        </Button>
        <Button disabled={!mayEdit || !whole} onClick={() => setNaming(true)}>
          Make a segment of them
        </Button>
      </div>
      {naming && <SegmentDialog filter={filter} onClose={() => setNaming(false)} />}
    </div>
  );
}

/** Somebody's identifier, and how they are called. */
function Who({ person }: { person: ListedPerson }) {
  const called = calledOf(person);
  return (
    <span class="row">
      <a href={`/people/cio_${person.cio_id}`}>{nameOf(person)}</a>
      {called && <span>{called}</span>}
      {person.unsubscribed && <Pill tone="warn">unsubscribed</Pill>}
    </span>
  );
}

/** Nobody: because nobody is there, nobody fits, or the search is not over. */
function Nobody({ listed, asked, onFurther }: { listed: Listed; asked: boolean; onFurther: () => void }) {
  if (listed.next)
    return (
      <Empty title="Nobody is found yet" action={<Button onClick={onFurther}>Look further</Button>}>
        {percent(listed.looked_through, 1)} of all people were looked at, the newest first.
      </Empty>
    );
  if (asked)
    return (
      <Empty title="Nobody is found">
        People are found by how their id, their e-mail address or their name begins (<code>name</code>,{" "}
        <code>first_name</code>, <code>last_name</code>), and by their whole cio_id.
      </Empty>
    );
  return (
    <Empty
      title="Nobody is here yet"
      action={
        <LinkButton kind="primary" href="/imports">
          Import people from a CSV file
        </LinkButton>
      }
    >
      People come by the Track API (<code>identify</code>) or from a CSV file.
    </Empty>
  );
}

/** `/people?search=&filter=&start=`. */
export default function People() {
  const [search, setSearch] = useSearch();
  const text = search.get("search") ?? "";
  const start = search.get("start") ?? "";
  const [filter, setFilter] = useState<Audience | null>(() => fromAddress(search.get("filter")));
  const [filtering, setFiltering] = useState(search.has("filter"));
  const change = (changed: Audience) => {
    setFilter(changed);
    const whole = isEverybody(changed) || faults(changed as Filter).length === 0;
    if (whole) setSearch({ filter: isEverybody(changed) ? null : JSON.stringify(changed), start: null });
  };
  const asked = new URLSearchParams({ limit: "50" });
  for (const name of ["search", "filter", "start"])
    if (search.get(name)) asked.set(name, search.get(name) ?? "");
  const query = useQuery<Listed>(filter === null ? null : `${OURS}/people?${asked}`);
  const go = (to: string | null) => setSearch({ start: to });
  return (
    <Page
      title="People"
      actions={
        <>
          <LinkButton href="/exports">Exports</LinkButton>
          <LinkButton kind="primary" href="/imports">
            Import
          </LinkButton>
        </>
      }
    >
      <div class="row">
        <div class="grow">
          <SearchField
            label="Search"
            placeholder="How an id, an e-mail address or a name begins"
            value={text}
            onChange={(value) => setSearch({ search: value, start: null })}
          />
        </div>
        <Button aria-expanded={filtering} onClick={() => setFiltering(!filtering)}>
          Filter
        </Button>
      </div>
      {filter === null && (
        <p class="banner banner-bad" role="alert">
          The filter in this address cannot be read.{" "}
          <Button kind="quiet" onClick={() => change({})}>
            Begin anew
          </Button>
        </p>
      )}
      {filtering && filter !== null && (
        <div class="two-columns">
          <FilterBuilder value={filter} onChange={change} />
          <Filtered filter={filter} />
        </div>
      )}
      {filter !== null && (
        <Loaded query={query} lines={8}>
          {(listed) =>
            listed.people.length === 0 ? (
              <Nobody
                listed={listed}
                asked={text !== "" || !isEverybody(filter)}
                onFurther={() => go(listed.next)}
              />
            ) : (
              <>
                <Table
                  caption="People"
                  rows={listed.people}
                  rowKey={(person) => person.cio_id}
                  columns={[
                    { key: "name", label: "Person", show: (person) => <Who person={person} /> },
                    { key: "id", label: "Id", show: (person) => person.id ?? "–" },
                    {
                      key: "attributes",
                      label: "Attributes",
                      show: (person) => <Attributes person={person} />,
                    },
                    {
                      key: "since",
                      label: "Since",
                      show: (person) => <Time ms={person.created_at * 1_000} />,
                    },
                  ]}
                />
                {listed.stopped && (
                  <p class="muted" role="status">
                    {percent(listed.looked_through, 1)} of all people were looked at, the newest first: the
                    next page looks further.
                  </p>
                )}
                <Pager next={listed.next || null} first={!start} onGo={go} />
              </>
            )
          }
        </Loaded>
      )}
    </Page>
  );
}
