// SPDX-License-Identifier: Apache-2.0
// By which accounts a sender's mail goes, and the DNS records that its domain needs.
import { useQuery } from "../../lib/query";
import { Button, CopyButton } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import {
  type Carrier,
  carriedBy,
  type DnsRecord,
  isWhole,
  type Sender,
  type SetUp,
  setUpPath,
} from "./set-up";

function Records({ of }: { of: Carrier }) {
  if (of.records.length === 0) return null;
  return (
    <>
      <h3>{of.account === of.provider ? of.account : `${of.account} (${of.provider})`}</h3>
      {of.warnings.map((words) => (
        <p key={words} class="banner banner-warn">
          {words}
        </p>
      ))}
      <Table
        caption={`DNS records for ${of.account}`}
        rows={of.records}
        rowKey={(one) => `${one.purpose} ${one.name}`}
        columns={[
          { key: "purpose", label: "For", show: (one: DnsRecord) => one.purpose },
          { key: "type", label: "Type", show: (one) => <code>{one.type}</code> },
          { key: "name", label: "Name", show: (one) => <code class="break">{one.name}</code> },
          {
            key: "value",
            label: "Value",
            show: (one) => (
              <div>
                {one.value && <code class="break">{one.value}</code>}{" "}
                {isWhole(one) && <CopyButton text={one.value ?? ""} of={`the value of ${one.name}`} />}
                <div class="muted">{one.note}</div>
              </div>
            ),
          },
        ]}
      />
    </>
  );
}

/** Open while it is there. */
export function SetUpDialog({ of, onClose }: { of: Sender; onClose: () => void }) {
  const query = useQuery<SetUp>(setUpPath(of));
  return (
    <Dialog
      title={`What ${of.email.split("@")[1] ?? of.email} needs`}
      open
      wide
      onClose={onClose}
      actions={<Button onClick={onClose}>Close</Button>}
    >
      <Loaded query={query} lines={6}>
        {({ accounts }) => (
          <div class="stack">
            <p>{carriedBy(accounts)}</p>
            {accounts.some((one) => one.records.length > 0) && (
              <p class="muted">
                These DNS records let receivers know that the mail is yours. Nobody looks here whether they
                are set: the provider’s own page does, and knows the values that are missing below.
              </p>
            )}
            {accounts.map((one) => (
              <Records key={one.account} of={one} />
            ))}
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}
