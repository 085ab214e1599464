// SPDX-License-Identifier: Apache-2.0
// One's own name, password and sessions.
import { del, OURS, patch } from "../../api/client";
import { type Session, take, useSession } from "../../app/session";
import { invalidate, useQuery } from "../../lib/query";
import { Button } from "../../ui/button";
import { FormField, useForm } from "../../ui/form";
import { Page, Section } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { toast } from "../../ui/toast";
import { browserName } from "./browser";

interface SignedIn {
  id: string;
  agent: string;
  created_at: number;
  last_seen_at: number;
  current: boolean;
}

const PATH = `${OURS}/session/sessions`;

/** `/profile`. */
export default function Profile() {
  const { session } = useSession();
  const query = useQuery<{ sessions: SignedIn[] }>(PATH);
  const form = useForm({ name: session?.user?.name ?? "", password: "", current_password: "" });
  const { name, password, current_password } = form.values;
  const { saving } = form;
  const change = (body: object, done: string) =>
    saving.run(async () => {
      take(await patch<Session>(`${OURS}/session`, body));
      form.set("current_password", "");
      form.set("password", "");
      invalidate(PATH);
      toast(done);
    });
  return (
    <Page title="Your account">
      <p class="muted">{session?.user?.email}</p>
      {saving.problems}
      <div class="grid-2">
        <form
          class="card"
          onSubmit={(event) => {
            event.preventDefault();
            void change({ name }, "Your name is saved");
          }}
        >
          <h2>Name</h2>
          <FormField form={form} field="name" label="Name" autocomplete="name" />
          <div>
            <Button type="submit">Save the name</Button>
          </div>
        </form>
        <form
          class="card"
          onSubmit={(event) => {
            event.preventDefault();
            void change({ password, current_password }, "The password is changed; other sessions have ended");
          }}
        >
          <h2>Password</h2>
          <FormField
            form={form}
            field="current_password"
            label="Present password"
            type="password"
            autocomplete="current-password"
          />
          <FormField
            form={form}
            field="password"
            label="New password"
            type="password"
            autocomplete="new-password"
            hint="At least 10 characters. Every other session ends."
          />
          <div>
            <Button type="submit">Change the password</Button>
          </div>
        </form>
      </div>
      <Section title="Where you are signed in">
        <Loaded query={query} lines={2}>
          {({ sessions }) => (
            <Table
              caption="Your sessions"
              rows={sessions}
              rowKey={(one) => one.id}
              columns={[
                {
                  key: "agent",
                  label: "Browser",
                  show: (one) => <span title={one.agent}>{browserName(one.agent)}</span>,
                },
                { key: "since", label: "Since", show: (one) => <Time ms={one.created_at * 1_000} /> },
                { key: "seen", label: "Last seen", show: (one) => <Time ms={one.last_seen_at * 1_000} /> },
                {
                  key: "end",
                  label: "Actions",
                  hideLabel: true,
                  show: (one) =>
                    one.current ? (
                      <Pill tone="good">this one</Pill>
                    ) : (
                      <Button
                        kind="quiet"
                        onClick={async () => {
                          try {
                            await del(`${PATH}/${one.id}`);
                          } finally {
                            invalidate(PATH);
                          }
                        }}
                      >
                        End
                      </Button>
                    ),
                },
              ]}
            />
          )}
        </Loaded>
      </Section>
    </Page>
  );
}
