// SPDX-License-Identifier: Apache-2.0
// Who messages come from.
import { useState } from "preact/hooks";
import { del, OURS, patch, post } from "../../api/client";
import { useMay } from "../../app/session";
import { invalidate, useQuery } from "../../lib/query";
import { Button } from "../../ui/button";
import { Confirm, FormDialog } from "../../ui/dialog";
import { CheckField } from "../../ui/field";
import { FormField, useForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { Pill } from "../../ui/pill";
import { rowActions } from "../../ui/rowactions";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { SenderTest } from "./sender-test";
import type { Sender } from "./set-up";
import { SetUpDialog } from "./set-up-dialog";

const READ = "/v1/sender_identities";
const WRITE = `${OURS}/sender_identities`;

function Editor({ sender, onClose }: { sender: Sender | null; onClose: () => void }) {
  const form = useForm({ name: sender?.name ?? "", email: sender?.email ?? "" });
  const [hidden, setHidden] = useState(sender?.hidden ?? false);
  return (
    <FormDialog
      title={sender ? "Change an identity" : "A new sender identity"}
      onClose={onClose}
      saving={form.saving}
      onSave={async () => {
        const body = { ...form.values, hidden };
        await (sender ? patch(`${WRITE}/${sender.id}`, body) : post(WRITE, body));
        invalidate(READ);
      }}
    >
      <FormField form={form} field="name" label="Name" placeholder="Acme News" />
      <FormField
        form={form}
        field="email"
        label="E-mail"
        type="email"
        placeholder="news@example.com"
        hint="Your mail provider must accept it as a sender."
      />
      <CheckField
        label="Hidden"
        hint="It keeps working where it is used, and is not offered any more."
        checked={hidden}
        onChange={setHidden}
      />
    </FormDialog>
  );
}

/** `/senders`. */
export default function Senders() {
  const query = useQuery<{ sender_identities: Sender[] }>(`${READ}?limit=1000`);
  const mayEdit = useMay("edit");
  const [editing, setEditing] = useState<Sender | "new" | null>(null);
  const [removing, setRemoving] = useState<Sender | null>(null);
  const [trying, setTrying] = useState<Sender | null>(null);
  const [settingUp, setSettingUp] = useState<Sender | null>(null);
  const maySend = useMay("send");
  const make = mayEdit && (
    <Button kind="primary" onClick={() => setEditing("new")}>
      Add an identity
    </Button>
  );
  return (
    <Page title="Sender identities" actions={make}>
      <Loaded query={query}>
        {({ sender_identities: senders }) =>
          senders.length === 0 ? (
            <Empty title="No sender identities yet" action={make}>
              A name with an address that messages come from. Changed here, it changes in every message that
              uses it.
            </Empty>
          ) : (
            <Table
              caption="Sender identities"
              rows={senders}
              rowKey={(one) => one.id}
              columns={[
                {
                  key: "address",
                  label: "Identity",
                  show: (one) => (
                    <span class="row">
                      {one.address} {one.hidden && <Pill>hidden</Pill>}
                    </span>
                  ),
                },
                { key: "id", label: "Id", number: true, show: (one) => <code>{one.id}</code> },
                rowActions({
                  name: (one: Sender) => one.address,
                  allowed: mayEdit,
                  onEdit: setEditing,
                  onRemove: setRemoving,
                  remove: "Remove",
                  more: (one) => [
                    { label: "Send a test", disabled: !maySend, onSelect: () => setTrying(one) },
                    { label: "What its domain needs", onSelect: () => setSettingUp(one) },
                  ],
                }),
              ]}
            />
          )
        }
      </Loaded>
      {editing && <Editor sender={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
      {trying && <SenderTest of={trying} onClose={() => setTrying(null)} />}
      {settingUp && <SetUpDialog of={settingUp} onClose={() => setSettingUp(null)} />}
      {removing && (
        <Confirm
          title={`Remove ${removing.address}?`}
          open
          danger
          action="Remove"
          onClose={() => setRemoving(null)}
          onConfirm={async () => {
            await del(`${WRITE}/${removing.id}`);
            invalidate(READ);
          }}
        >
          An identity that a message uses is not removed: hide it instead.
        </Confirm>
      )}
    </Page>
  );
}
