// SPDX-License-Identifier: Apache-2.0
// What went wrong and who was left out, grouped by cause; each group as CSV, and sent again where that makes sense.
import { useEffect, useRef, useState } from "preact/hooks";
import { currentWorkspace, OURS, post } from "../../api/client";
import { useMay } from "../../app/session";
import { newKey } from "../../lib/idempotency";
import { invalidate, useQuery } from "../../lib/query";
import { Button, LinkButton } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { Section } from "../../ui/page";
import { Pill } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { toast } from "../../ui/toast";
import { ACCOUNT_WORDS, accountTone, csvPath, isLive, repeatable, sizeWords } from "./progress";
import type { Cause, Progress } from "./types";

const EVERY_MS = 5_000;

/** A section with the groups of a trigger; nothing while there are none. */
export function Causes({ progress, onDone }: { progress: Progress; onDone: () => void }) {
  const { numbers, id } = progress;
  const notSent = numbers.failed + numbers.skipped + numbers.stopped + numbers.in_doubt;
  const path = `${OURS}/triggers/${id}/causes`;
  const query = useQuery<{ groups: Cause[] }>(path, { every: isLive(progress) ? EVERY_MS : null });
  const [again, setAgain] = useState<Cause | null>(null);
  const key = useRef("");
  // biome-ignore lint/correctness/useExhaustiveDependencies: groups are old when the numbers have moved
  useEffect(() => invalidate(path), [notSent, path]);
  const may = useMay("send") && progress.state !== "stopped" && progress.state !== "failed";
  const ask = (cause: Cause) => {
    key.current = newKey();
    setAgain(cause);
  };
  return (
    <Section
      title="Not sent"
      hint="Grouped by cause: what the provider said, without what differs from one message to the next."
      actions={
        <LinkButton kind="quiet" href={csvPath(OURS, id, currentWorkspace(), {})} download>
          All accounts as CSV
        </LinkButton>
      }
    >
      <Loaded query={query} lines={3}>
        {({ groups }) =>
          groups.length === 0 ? (
            <Empty title={progress.running ? "Nothing went wrong so far" : "Everything was sent"} />
          ) : (
            <Table
              caption="Causes, the largest group first"
              rows={groups}
              rowKey={(cause) => `${cause.state} ${cause.reason} ${cause.cause}`}
              columns={[
                {
                  key: "state",
                  label: "State",
                  show: (cause) => <Pill tone={accountTone(cause.state)}>{ACCOUNT_WORDS[cause.state]}</Pill>,
                },
                {
                  key: "cause",
                  label: "Cause",
                  show: (cause) => (
                    <div class="cause">
                      <div>{cause.meaning}</div>
                      {cause.cause && <div class="muted small break">{cause.cause}</div>}
                      {cause.cause === null && repeatable(cause) && (
                        <div class="muted small">with other words</div>
                      )}
                    </div>
                  ),
                },
                { key: "accounts", label: "How many", number: true, show: sizeWords },
                {
                  key: "do",
                  label: "Actions",
                  hideLabel: true,
                  show: (cause) => (
                    <div class="row row-end">
                      <LinkButton
                        kind="quiet"
                        href={deliveriesPath(id, cause)}
                        aria-label={`Deliveries: ${cause.meaning}`}
                      >
                        Look
                      </LinkButton>
                      <LinkButton
                        kind="quiet"
                        href={csvPath(OURS, id, currentWorkspace(), cause)}
                        download
                        aria-label={`CSV: ${cause.meaning}`}
                      >
                        CSV
                      </LinkButton>
                      {may && repeatable(cause) && (
                        <Button
                          onClick={() => ask(cause)}
                          aria-label={`Send again to these: ${cause.meaning}`}
                        >
                          Send again
                        </Button>
                      )}
                    </div>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      <Confirm
        title="Send again to these?"
        open={again !== null}
        onClose={() => setAgain(null)}
        action="Send again"
        onConfirm={async () => {
          if (!again) return;
          await post(
            `${OURS}/triggers/${id}/send_again`,
            {
              to: again.state,
              reasons: [again.reason],
              cause: again.cause,
              ...(again.state === "in_doubt" ? { may_double: true } : {}),
            },
            { headers: { "Idempotency-Key": key.current } },
          );
          toast("They are queued again");
          invalidate(`${OURS}/triggers/${id}`);
          onDone();
        }}
      >
        {again && (
          <div class="stack-tight">
            <p>
              {sizeWords(again)} that{" "}
              {again.state === "in_doubt" ? "may or may not have been sent" : "failed"}: {again.meaning}.
            </p>
            {again.cause && <pre class="break">{again.cause}</pre>}
            {again.state === "in_doubt" && (
              <p class="banner banner-warn">Some of these people may get the message a second time.</p>
            )}
            <p>
              They are made anew, with what is known of each person now. Whoever was sent the message is not
              meant.
            </p>
          </div>
        )}
      </Confirm>
    </Section>
  );
}

function deliveriesPath(id: number, cause: Cause): string {
  const query = new URLSearchParams({ trigger: String(id), state: cause.state, reason: cause.reason });
  if (cause.cause !== null && repeatable(cause)) query.set("cause", cause.cause);
  return `/deliveries?${query}`;
}
