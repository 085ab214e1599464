// SPDX-License-Identifier: Apache-2.0
// What a one-time link opens: the first owner, an invitation, a new password.
import { useEffect, useState } from "preact/hooks";
import { ApiError, OURS, post } from "../../api/client";
import { type Session, take } from "../../app/session";
import { navigate } from "../../lib/router";
import { Button } from "../../ui/button";
import { FormField, useForm } from "../../ui/form";
import { Loading } from "../../ui/states";
import "./sign-in.css";

interface Link {
  kind: "owner" | "invitation" | "reset";
  email: string;
  workspace: string | null;
  roles: string[];
  has_account: boolean;
}

function words(link: Link): string {
  if (link.kind === "owner") return "You become the owner of this installation's page.";
  if (link.kind === "reset") return `Choose a new password for ${link.email}.`;
  const invited = `You are invited to the workspace ${link.workspace} as ${link.roles.join(" and ")}.`;
  return link.has_account ? `${invited} You have an account here: join with its password.` : invited;
}

/** `/join#token`. */
export default function Join() {
  const [token] = useState(() => location.hash.slice(1));
  const [link, setLink] = useState<Link | null>(null);
  const form = useForm({ email: "", name: "", password: "" });
  const { saving } = form;
  const { fail } = saving;
  useEffect(() => {
    document.title = "Join · Clarion";
    if (!token) {
      fail(
        new ApiError(404, [
          { detail: "This address lacks the part behind the #: open the whole link.", pointer: "" },
        ]),
      );
      return;
    }
    post<{ link: Link }>(`${OURS}/session/link`, { token }).then((answer) => setLink(answer.link), fail);
  }, [token, fail]);
  const known = link?.kind === "invitation" && link.has_account;
  return (
    <div class="sign-in">
      <p class="brand sign-in-brand">
        <img src="/icon.svg" alt="" width="28" height="28" /> Clarion
      </p>
      <h1>
        {!link && saving.problems
          ? "This link does not open"
          : link?.kind === "reset"
            ? "A new password"
            : "Welcome"}
      </h1>
      {!link && !saving.problems && <Loading lines={4} />}
      {!link && saving.problems}
      {!link && saving.problems && <a href="/sign-in">Go to sign-in</a>}
      {link && (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void saving.run(async () => {
              take(
                await post<Session>(`${OURS}/session/claim`, {
                  ...form.values,
                  token,
                  email: link.email || form.values.email,
                }),
              );
              history.replaceState(null, "", "/join");
              navigate("/", { replace: true });
            });
          }}
        >
          <p>{words(link)}</p>
          <FormField
            form={form}
            field="email"
            label="E-mail"
            type="email"
            name="email"
            autocomplete="username"
            required
            readOnly={link.email !== ""}
            value={link.email || undefined}
          />
          {link.kind !== "reset" && !link.has_account && (
            <FormField form={form} field="name" label="Name" name="name" autocomplete="name" />
          )}
          <FormField
            form={form}
            field="password"
            label="Password"
            type="password"
            name={known ? "password" : "new-password"}
            autocomplete={known ? "current-password" : "new-password"}
            required
            hint={known ? undefined : "At least 10 characters. A sentence is easier to remember than signs."}
          />
          {saving.problems}
          <Button kind="primary" type="submit" busy={saving.busy}>
            {link.kind === "reset" ? "Set the password" : "Join"}
          </Button>
        </form>
      )}
    </div>
  );
}
