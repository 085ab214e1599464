// SPDX-License-Identifier: Apache-2.0
// What the bodies of e-mails are put into.
import { useState } from "preact/hooks";
import { del, OURS } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate, useQuery } from "../../lib/query";
import { navigate } from "../../lib/router";
import { LinkButton } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { Page } from "../../ui/page";
import { Time } from "../../ui/pill";
import { rowActions } from "../../ui/rowactions";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";

export interface Layout {
  id: number;
  name: string;
  html: string;
  used_by: { id: number; name: string }[];
  updated_at: number;
}

const PATH = `${OURS}/layouts`;

/** `/layouts`. */
export default function Layouts() {
  const query = useQuery<{ layouts: Layout[] }>(PATH);
  const mayEdit = useMay("edit");
  const [deleting, setDeleting] = useState<Layout | null>(null);
  const make = mayEdit && (
    <LinkButton kind="primary" href="/layouts/new">
      Make a layout
    </LinkButton>
  );
  return (
    <Page title="Layouts" actions={make}>
      <Loaded query={query}>
        {({ layouts }) =>
          layouts.length === 0 ? (
            <Empty title="No layouts yet" action={make}>
              The frame of your e-mails: logo, colours, footer. A message says only what is new.
            </Empty>
          ) : (
            <Table
              caption="Layouts"
              rows={layouts}
              rowKey={(one) => one.id}
              columns={[
                { key: "name", label: "Name", show: (one) => <a href={`/layouts/${one.id}`}>{one.name}</a> },
                { key: "used", label: "Used by", show: (one) => <Users of={one} /> },
                { key: "at", label: "Changed", show: (one) => <Time ms={one.updated_at * 1_000} /> },
                rowActions({
                  name: (one: Layout) => one.name,
                  allowed: mayEdit,
                  onEdit: (one) => navigate(`/layouts/${one.id}`),
                  onRemove: setDeleting,
                  remove: "Delete",
                }),
              ]}
            />
          )
        }
      </Loaded>
      {deleting && (
        <Confirm
          title={`Delete ${deleting.name}?`}
          open
          danger
          action="Delete"
          onClose={() => setDeleting(null)}
          onConfirm={async () => {
            await del(`${PATH}/${deleting.id}`);
            invalidate(PATH);
          }}
        >
          A layout that a message uses is not deleted.
        </Confirm>
      )}
    </Page>
  );
}

/** The broadcasts whose messages are put into a layout. */
export function Users({ of }: { of: Layout }) {
  if (of.used_by.length === 0) return <span class="muted">nothing</span>;
  return (
    <>
      {of.used_by.map((one, index) => (
        <span key={one.id}>
          {index > 0 && ", "}
          <a href={`/broadcasts/${one.id}`}>{one.name}</a>
        </span>
      ))}
    </>
  );
}
