// SPDX-License-Identifier: Apache-2.0
// The secret by which tokens for apps are made: when it was renewed, and renewing it.
import { useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { invalidate, useQuery } from "../../lib/query";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { SelectField } from "../../ui/field";
import { Time } from "../../ui/pill";
import { Loaded } from "../../ui/states";

interface Secret {
  renewed_at: number | null;
  before_until: number | null;
}

const PATH = `${OURS}/in_app/secret`;
const HOUR = "3600";
const GRACE: readonly (readonly [string, string])[] = [
  ["0", "at once"],
  [HOUR, "in an hour"],
  ["86400", "in a day"],
  ["2592000", "in 30 days, when the last of them ends anyway"],
];

/** Below the keys. */
export function AppSecret() {
  const query = useQuery<{ secret: Secret }>(PATH);
  const [asking, setAsking] = useState(false);
  const [grace, setGrace] = useState(HOUR);
  return (
    <section class="stack" aria-labelledby="app-secret">
      <h2 id="app-secret">Tokens for apps</h2>
      <p class="muted">
        A server of yours gets a token for each person whose app shows in-app and inbox messages. If somebody
        may have such tokens who should not, renew the secret that they are made with.
      </p>
      <Loaded query={query}>
        {({ secret }) => (
          <>
            <p>
              {secret.renewed_at === null ? (
                "The secret was never renewed."
              ) : (
                <>
                  Renewed <Time ms={secret.renewed_at * 1_000} />.{" "}
                  {secret.before_until !== null && secret.before_until * 1_000 > Date.now() && (
                    <>
                      Tokens of before are good until <Time ms={secret.before_until * 1_000} />.
                    </>
                  )}
                </>
              )}
            </p>
            <div>
              <Button onClick={() => setAsking(true)}>Renew the secret</Button>
            </div>
          </>
        )}
      </Loaded>
      {asking && (
        <Confirm
          title="Renew the secret of app tokens?"
          open
          danger
          action="Renew the secret"
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            await post(`${PATH}/renew`, { grace_seconds: Number(grace) });
            invalidate(PATH);
          }}
        >
          <div class="stack">
            <p>Tokens that your servers have now end, and apps need new ones. This cannot be undone.</p>
            <SelectField label="They end" value={grace} onChange={setGrace} options={GRACE} />
          </div>
        </Confirm>
      )}
    </section>
  );
}
