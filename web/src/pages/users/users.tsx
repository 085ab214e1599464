// SPDX-License-Identifier: Apache-2.0
// Who may do what in this workspace.
import { useState } from "preact/hooks";
import { del, OURS, patch, post } from "../../api/client";
import { type Role, useSession } from "../../app/session";
import { invalidate, useQuery } from "../../lib/query";
import { Button, CopyButton } from "../../ui/button";
import { Confirm, Dialog, FormDialog } from "../../ui/dialog";
import { CheckField, TextField } from "../../ui/field";
import { Menu } from "../../ui/menu";
import { Page, Section } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { useSaving } from "../../ui/saving";
import { Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { toast, toastFailure } from "../../ui/toast";

interface User {
  id: number;
  email: string;
  name: string;
  roles: Role[];
  joined_at: number;
  last_seen_at: number | null;
  disabled_at: number | null;
}

interface Invitation {
  id: string;
  email: string;
  roles: Role[];
  invited_by: string;
  expires_at: number;
}

const MEANINGS: readonly [Role, string, string][] = [
  ["reader", "Reader", "Looks at everything but users, keys and the audit log."],
  ["editor", "Editor", "Also changes people, content and broadcasts. Does not send."],
  ["sender", "Sender", "Also activates, triggers, pauses and stops. Does not change content."],
  ["owner", "Owner", "May do all of it, and decides about users, keys and the workspace."],
];
const PATH = `${OURS}/users`;

function RoleChoice({ value, onChange }: { value: Role[]; onChange: (roles: Role[]) => void }) {
  return (
    <fieldset class="stack-tight">
      <legend>Roles</legend>
      {MEANINGS.map(([role, label, hint]) => (
        <CheckField
          key={role}
          label={label}
          hint={hint}
          checked={value.includes(role)}
          onChange={(on) => onChange(on ? [...value, role] : value.filter((one) => one !== role))}
        />
      ))}
    </fieldset>
  );
}

function OneTimeLink({
  link,
  days,
  children,
}: {
  link: string;
  days: number;
  children: preact.ComponentChildren;
}) {
  return (
    <div class="stack">
      <p>{children}</p>
      <pre class="break">
        <code>{link}</code>
      </pre>
      <div class="row">
        <CopyButton text={link} label="Copy the link" />
        <span class="muted">
          Shown only now. It works once, within {days === 1 ? "a day" : `${days} days`}.
        </span>
      </div>
    </div>
  );
}

interface Invited {
  email: string;
  link: string;
  days: number;
}

function Invite({ onClose, onInvited }: { onClose: () => void; onInvited: (made: Invited) => void }) {
  const [email, setEmail] = useState("");
  const [roles, setRoles] = useState<Role[]>(["reader"]);
  const saving = useSaving(["/email"]);
  return (
    <FormDialog
      title="Invite somebody"
      onClose={onClose}
      saving={saving}
      action="Make the link"
      onSave={async () => {
        const made = await post<{ joined: boolean; link: string | null; expires_in_days: number | null }>(
          `${OURS}/invitations`,
          { email, roles },
        );
        invalidate(PATH);
        if (made.link) onInvited({ email, link: made.link, days: made.expires_in_days ?? 7 });
        else toast(`${email} has an account and is in the workspace now`);
      }}
    >
      <TextField
        label="E-mail"
        type="email"
        value={email}
        error={saving.about("/email")}
        onInput={setEmail}
      />
      <RoleChoice value={roles} onChange={setRoles} />
    </FormDialog>
  );
}

/** The link, shown once. */
function InvitationLink({ made, onClose }: { made: Invited; onClose: () => void }) {
  return (
    <Dialog
      title="The invitation"
      open
      onClose={onClose}
      actions={
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      }
    >
      <OneTimeLink link={made.link} days={made.days}>
        Pass this link on to {made.email}. Clarion sends no mail for it.
      </OneTimeLink>
    </Dialog>
  );
}

function ChangeRoles({ user, onClose }: { user: User; onClose: () => void }) {
  const [roles, setRoles] = useState(user.roles);
  const saving = useSaving();
  return (
    <FormDialog
      title={`Roles of ${user.name}`}
      onClose={onClose}
      saving={saving}
      onSave={async () => {
        await patch(`${PATH}/${user.id}`, { roles });
        invalidate(PATH);
      }}
    >
      <RoleChoice value={roles} onChange={setRoles} />
    </FormDialog>
  );
}

async function enable(user: User) {
  try {
    await post(`${PATH}/${user.id}/enable`);
    toast(`${user.email} may sign in again`);
  } catch (failure) {
    toastFailure(failure);
  } finally {
    invalidate(PATH);
  }
}

/** `/users`. */
export default function Users() {
  const query = useQuery<{ users: User[]; invitations: Invitation[] }>(PATH);
  const { session } = useSession();
  const [inviting, setInviting] = useState(false);
  const [invited, setInvited] = useState<Invited | null>(null);
  const [changing, setChanging] = useState<User | null>(null);
  const [removing, setRemoving] = useState<User | null>(null);
  const [disabling, setDisabling] = useState<User | null>(null);
  const [reset, setReset] = useState<{ user: User; link: string; days: number } | null>(null);
  return (
    <Page
      title="Users"
      actions={
        <Button kind="primary" onClick={() => setInviting(true)}>
          Invite
        </Button>
      }
    >
      <Loaded query={query}>
        {({ users, invitations }) => (
          <>
            <Table
              caption="Users of this workspace"
              rows={users}
              rowKey={(user) => user.id}
              columns={[
                {
                  key: "name",
                  label: "Name",
                  show: (user) => (
                    <span>
                      {user.name} {user.id === session?.user?.id && <span class="muted">(you)</span>}{" "}
                      {user.disabled_at !== null && <Pill tone="bad">disabled</Pill>}
                    </span>
                  ),
                },
                { key: "email", label: "E-mail", show: (user) => user.email },
                {
                  key: "roles",
                  label: "Roles",
                  show: (user) => (
                    <span class="row">
                      {user.roles.map((role) => (
                        <Pill key={role} tone={role === "owner" ? "accent" : "quiet"}>
                          {role}
                        </Pill>
                      ))}
                    </span>
                  ),
                },
                {
                  key: "seen",
                  label: "Last seen",
                  show: (user) => (user.last_seen_at ? <Time ms={user.last_seen_at * 1_000} /> : "never"),
                },
                {
                  key: "menu",
                  label: "Actions",
                  hideLabel: true,
                  show: (user) => (
                    <Menu
                      label={`Actions for ${user.name}`}
                      items={[
                        { label: "Change roles", onSelect: () => setChanging(user) },
                        {
                          label: "Link for a new password",
                          onSelect: async () => {
                            try {
                              const made = await post<{ link: string; expires_in_days: number }>(
                                `${PATH}/${user.id}/reset`,
                              );
                              setReset({ user, link: made.link, days: made.expires_in_days });
                            } catch (failure) {
                              toastFailure(failure);
                            }
                          },
                        },
                        user.disabled_at === null
                          ? {
                              label: "Disable the account",
                              danger: true,
                              disabled: user.id === session?.user?.id,
                              onSelect: () => setDisabling(user),
                            }
                          : { label: "Enable the account", onSelect: () => enable(user) },
                        {
                          label: "Remove from the workspace",
                          danger: true,
                          onSelect: () => setRemoving(user),
                        },
                      ]}
                    />
                  ),
                },
              ]}
            />
            {invitations.length > 0 && (
              <Section title="Open invitations">
                <Table
                  caption="Open invitations"
                  rows={invitations}
                  rowKey={(one) => one.id}
                  columns={[
                    { key: "email", label: "E-mail", show: (one) => one.email },
                    { key: "roles", label: "Roles", show: (one) => one.roles.join(", ") },
                    { key: "by", label: "Invited by", show: (one) => one.invited_by },
                    { key: "until", label: "Until", show: (one) => <Time ms={one.expires_at * 1_000} /> },
                    {
                      key: "withdraw",
                      label: "Actions",
                      hideLabel: true,
                      show: (one) => (
                        <Button
                          kind="quiet"
                          onClick={async () => {
                            try {
                              await del(`${OURS}/invitations/${one.id}`);
                              toast("The link opens nothing any more");
                            } finally {
                              invalidate(PATH);
                            }
                          }}
                        >
                          Withdraw
                        </Button>
                      ),
                    },
                  ]}
                />
              </Section>
            )}
          </>
        )}
      </Loaded>
      {inviting && <Invite onClose={() => setInviting(false)} onInvited={setInvited} />}
      {invited && <InvitationLink made={invited} onClose={() => setInvited(null)} />}
      {changing && <ChangeRoles user={changing} onClose={() => setChanging(null)} />}
      {disabling && (
        <Confirm
          title={`Disable the account of ${disabling.name}?`}
          open
          danger
          action="Disable"
          onClose={() => setDisabling(null)}
          onConfirm={async () => {
            await post(`${PATH}/${disabling.id}/disable`);
            invalidate(PATH);
            toast(`${disabling.email} is signed out everywhere`);
          }}
        >
          {disabling.email} is signed out everywhere at once and cannot sign in, in any workspace, until the
          account is enabled again.
        </Confirm>
      )}
      {removing && (
        <Confirm
          title={`Remove ${removing.name}?`}
          open
          danger
          action="Remove"
          onClose={() => setRemoving(null)}
          onConfirm={async () => {
            await del(`${PATH}/${removing.id}`);
            invalidate(PATH);
          }}
        >
          {removing.email} can no longer open this workspace. The account and its other workspaces stay.
        </Confirm>
      )}
      <Dialog title="A new password" open={reset !== null} onClose={() => setReset(null)}>
        {reset && (
          <OneTimeLink link={reset.link} days={reset.days}>
            With this link {reset.user.email} chooses a new password. Whoever opens it can be that person:
            pass it on with care.
          </OneTimeLink>
        )}
      </Dialog>
    </Page>
  );
}
