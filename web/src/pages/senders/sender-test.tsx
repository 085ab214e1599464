// SPDX-License-Identifier: Apache-2.0
// A test from a sender identity.
import { OURS } from "../../api/client";
import { useSession } from "../../app/session";
import { useQuery } from "../../lib/query";
import { TrialDialog } from "../../preview/TrialDialog";
import { SelectField } from "../../ui/field";
import { FormField, useForm } from "../../ui/form";
import { type Sender, type SetUp, setUpPath } from "./set-up";

/** To whoever is signed in, unless another address is typed. */
export function SenderTest({ of, onClose }: { of: Sender; onClose: () => void }) {
  const { session } = useSession();
  const query = useQuery<SetUp>(setUpPath(of));
  const form = useForm({ to: session?.user?.email ?? "", account: "" });
  const { to, account } = form.values;
  const names = query.data?.accounts.map((one) => one.account) ?? [];
  return (
    <TrialDialog
      title={`Send a test from ${of.address}`}
      path={`${OURS}/sender_identities/${of.id}/test`}
      body={() => (account ? { to, account } : { to })}
      saving={form.saving}
      onClose={onClose}
    >
      <FormField form={form} field="to" label="To" type="email" />
      <SelectField
        label="Through"
        value={account}
        error={form.saving.about("/account")}
        onChange={(value) => form.set("account", value)}
        options={[
          ["", names[0] ? `${names[0]}, as messages go now` : "the account that messages go by"],
          ...names.slice(1).map((name) => [name, name] as const),
        ]}
      />
    </TrialDialog>
  );
}
