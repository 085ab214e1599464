// SPDX-License-Identifier: Apache-2.0
// A test through an account, of whatever its channel has.
import { useState } from "preact/hooks";
import { ApiError, OURS } from "../../api/client";
import { useSession } from "../../app/session";
import { PersonPicker, type PickedPerson } from "../../audience/PersonPicker";
import { invalidate, useQuery } from "../../lib/query";
import { TrialDialog } from "../../preview/TrialDialog";
import { SelectField, TextArea } from "../../ui/field";
import { FormField, useForm } from "../../ui/form";
import { bodyOf, senderOf, toOf } from "./trying";
import type { Provider } from "./words";

const PATH = `${OURS}/providers`;

/** One message through this account, with what its provider says. */
export function TestDialog({ of, onClose }: { of: Provider; onClose: () => void }) {
  const { channel, account } = of;
  const { session } = useSession();
  const mail = channel === "email";
  const senders = useQuery<{ sender_identities: { address: string }[] }>(
    mail ? "/v1/sender_identities?limit=100" : null,
  );
  const to = toOf(channel);
  const form = useForm(
    { to: (mail && session?.user?.email) || "", from: "", content_sid: "", variables: "" },
    ["person", "template"],
  );
  const { values, saving } = form;
  const [person, setPerson] = useState<PickedPerson | null>(null);
  const [aims, setAims] = useState<"to" | "person">(to ? "to" : "person");
  const [typed, setTyped] = useState(false);
  const sender = typed ? values.from : (senders.data?.sender_identities[0]?.address ?? values.from);
  const ofSender = senderOf(channel);
  return (
    <TrialDialog
      title={`Send a test through ${account}`}
      path={`${PATH}/${channel}/${account}/test`}
      body={() => {
        if (aims === "person" && !person) {
          throw new ApiError(422, [{ detail: "Choose somebody.", pointer: "/person" }]);
        }
        return bodyOf(
          channel,
          { ...values, from: sender },
          aims === "person" && person ? person.cio_id : null,
        );
      }}
      saving={saving}
      onClose={onClose}
      onSent={() => invalidate(PATH)}
    >
      {channel === "push" && (
        <SelectField
          label="For"
          value={aims}
          onChange={(value) => setAims(value as typeof aims)}
          options={[
            ["to", "A device, by its token"],
            ["person", "All devices of a person"],
          ]}
        />
      )}
      {to && aims === "to" && <FormField form={form} field="to" spellcheck={false} {...to} />}
      {aims === "person" && (
        <PersonPicker
          label="Person"
          value={person}
          error={saving.about("/person")}
          onChange={setPerson}
          hint={channel === "push" ? undefined : "Their app is given the message when it asks."}
        />
      )}
      {channel === "whatsapp" && (
        <>
          <FormField
            form={form}
            field="content_sid"
            label="Template"
            placeholder="HX…"
            hint="The Content SID of a template that WhatsApp has approved."
            spellcheck={false}
            error={saving.about("/template")}
          />
          <TextArea
            label="Values of the template"
            hint="One value in a line, as 1: Ann."
            rows={3}
            value={values.variables}
            onInput={(value) => form.set("variables", value)}
          />
        </>
      )}
      {ofSender !== "none" && (
        <FormField
          form={form}
          field="from"
          label="From"
          value={sender}
          onInput={() => setTyped(true)}
          hint={
            ofSender === "needed"
              ? "The provider must accept it as a sender."
              : "Empty: the account’s own sender."
          }
        />
      )}
    </TrialDialog>
  );
}
