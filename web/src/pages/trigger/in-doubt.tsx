// SPDX-License-Identifier: Apache-2.0
// Messages that were handed over without an answer: somebody has to decide what became of them.
import { useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { useMay } from "../../app/session";
import { count, number } from "../../lib/format";
import { invalidate, useQuery } from "../../lib/query";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { Section } from "../../ui/page";
import { Time } from "../../ui/pill";
import { Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { toast } from "../../ui/toast";
import { nameOf } from "../deliveries/words";
import { isLive } from "./progress";
import type { Delivery, Progress } from "./types";

type Decision = "sent" | "failed" | "resend";

const WORDS: Record<Decision, [action: string, meaning: string]> = {
  sent: ["They were sent", "They count as sent. Nobody gets anything more."],
  failed: [
    "They were not sent",
    "They count as failed. Nobody gets anything more, but you can send to them again later.",
  ],
  resend: ["Send them again", "They are sent once more. Whoever did get the message gets it a second time."],
};
const SHOWN = 20;

/** Decisions about what is in doubt; nothing while nothing is. */
export function InDoubt({ progress, onDone }: { progress: Progress; onDone: () => void }) {
  const doubted = progress.numbers.in_doubt;
  const may = useMay("send");
  const path =
    doubted > 0 ? `${OURS}/triggers/${progress.id}/deliveries?state=in_doubt&limit=${SHOWN}` : null;
  const query = useQuery<{ deliveries: Delivery[]; next: string }>(path, {
    every: isLive(progress) ? 5_000 : null,
  });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asked, setAsked] = useState<Decision | null>(null);
  if (doubted === 0) return null;
  const meant = chosen.size > 0 ? chosen.size : doubted;
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <Section
      title={`In doubt: ${number(doubted)}`}
      hint="Handed over, but no answer came. Look into the provider's log, then decide; nothing is sent twice by itself."
    >
      {may && (
        <div class="row">
          <span class="muted">{chosen.size > 0 ? `${number(chosen.size)} chosen:` : "All of them:"}</span>
          {(Object.keys(WORDS) as Decision[])
            .filter(
              (one) => one !== "resend" || (progress.state !== "stopped" && progress.state !== "failed"),
            )
            .map((one) => (
              <Button key={one} onClick={() => setAsked(one)}>
                {WORDS[one][0]}
              </Button>
            ))}
        </div>
      )}
      <Loaded query={query} lines={3}>
        {({ deliveries, next }) => (
          <>
            <Table
              caption="Messages in doubt"
              rows={deliveries}
              rowKey={(one) => one.id}
              columns={[
                {
                  key: "choose",
                  label: "Choose",
                  hideLabel: true,
                  show: (one) => (
                    <input
                      type="checkbox"
                      class="tick"
                      aria-label={`Choose ${nameOf(one.person)}`}
                      checked={chosen.has(one.id)}
                      disabled={!may}
                      onChange={() => toggle(one.id)}
                    />
                  ),
                },
                {
                  key: "person",
                  label: "Person",
                  show: (one) => <a href={`/deliveries/${one.id}`}>{nameOf(one.person)}</a>,
                },
                { key: "words", label: "What is known", show: (one) => one.words ?? one.meaning ?? "–" },
                {
                  key: "at",
                  label: "Handed over",
                  show: (one) => (one.attempted_at ? <Time ms={one.attempted_at * 1_000} /> : "–"),
                },
              ]}
            />
            {next && (
              <p class="muted small">
                The first {SHOWN} are shown.{" "}
                <a href={`/deliveries?trigger=${progress.id}&state=in_doubt`}>See all {number(doubted)}</a>
              </p>
            )}
          </>
        )}
      </Loaded>
      {asked && (
        <Confirm
          title={`${WORDS[asked][0]}?`}
          open
          onClose={() => setAsked(null)}
          action={WORDS[asked][0]}
          danger={asked === "resend"}
          onConfirm={async () => {
            await post(`${OURS}/triggers/${progress.id}/in_doubt`, {
              as: asked,
              delivery_ids: chosen.size > 0 ? [...chosen] : "all",
            });
            setChosen(new Set());
            toast(`Decided about ${count(meant, "message", "messages")}`);
            invalidate(`${OURS}/triggers/${progress.id}`);
            onDone();
          }}
        >
          <p>
            {count(meant, "message", "messages")}. {WORDS[asked][1]}
          </p>
        </Confirm>
      )}
    </Section>
  );
}
