// SPDX-License-Identifier: Apache-2.0
// How many e-mails a second go to a domain of recipients, and an owner's changes to it.
import { useState } from "preact/hooks";
import { OURS, put } from "../../api/client";
import { invalidate } from "../../lib/query";
import { Button } from "../../ui/button";
import { FormDialog } from "../../ui/dialog";
import { FormField, useForm } from "../../ui/form";
import { Menu } from "../../ui/menu";
import { Section } from "../../ui/page";
import { Problems } from "../../ui/states";
import { Table } from "../../ui/table";
import { toast } from "../../ui/toast";
import { numberIn } from "./accounts";
import { backTo, type DomainLimit, domainPath, limitWords, sourceOf } from "./domains";

const PATH = `${OURS}/providers`;

function LimitDialog({ of, onClose }: { of: DomainLimit | null; onClose: () => void }) {
  const form = useForm({ domain: of?.domain ?? "", per_second: of?.per_second ? String(of.per_second) : "" });
  const { domain, per_second } = form.values;
  return (
    <FormDialog
      title={of ? `Limit of ${of.domain}` : "Limit a domain"}
      onClose={onClose}
      saving={form.saving}
      onSave={async () => {
        await put(domainPath(domain), { per_second: numberIn(per_second) ?? per_second });
        invalidate(PATH);
      }}
    >
      <FormField
        form={form}
        field="domain"
        label="Domain of the recipients"
        placeholder="gmail.com"
        inputMode="url"
        spellcheck={false}
        readOnly={of !== null}
      />
      <FormField
        form={form}
        field="per_second"
        label="E-mails a second"
        inputMode="decimal"
        hint="Empty: no limit. What is over is put off, and the others go on."
      />
    </FormDialog>
  );
}

/** `owns`: whether one may change something. */
export function Domains({ limits, owns }: { limits: readonly DomainLimit[]; owns: boolean }) {
  const [editing, setEditing] = useState<DomainLimit | "new" | null>(null);
  const [failure, setFailure] = useState<unknown>(null);

  async function drop(one: DomainLimit): Promise<void> {
    setFailure(null);
    try {
      await put(domainPath(one.domain), { per_second: null });
      invalidate(PATH);
      toast(one.settings === null ? "The limit is removed" : "It is as the settings say");
    } catch (error) {
      setFailure(error);
    }
  }

  return (
    <Section
      title="Limits of recipients’ domains"
      hint="For all e-mail to a domain, whatever account it goes by and from all processes together."
      actions={owns && <Button onClick={() => setEditing("new")}>Limit a domain</Button>}
    >
      {limits.length === 0 ? (
        <p class="muted">No domain has a limit.</p>
      ) : (
        <Table
          caption="Limits of recipients’ domains"
          rows={[...limits]}
          rowKey={(one) => one.domain}
          columns={[
            { key: "domain", label: "Domain", show: (one) => <span class="break">{one.domain}</span> },
            { key: "limit", label: "Limit", show: (one) => limitWords(one.per_second) },
            { key: "source", label: "Set", show: (one) => <span class="muted">{sourceOf(one)}</span> },
            ...(owns
              ? [
                  {
                    key: "menu",
                    label: "Actions",
                    hideLabel: true,
                    show: (one: DomainLimit) => (
                      <Menu
                        label={`Actions for ${one.domain}`}
                        items={[
                          { label: "Change the limit", onSelect: () => setEditing(one) },
                          ...(one.changed
                            ? [{ label: backTo(one), danger: true, onSelect: () => drop(one) }]
                            : []),
                        ]}
                      />
                    ),
                  },
                ]
              : []),
          ]}
        />
      )}
      {failure !== null && <Problems error={failure} />}
      {editing && <LimitDialog of={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
    </Section>
  );
}
