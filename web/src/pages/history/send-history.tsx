// SPDX-License-Identifier: Apache-2.0
// The triggers of a broadcast: when, by whom, to how many, what became of them; some of them side by side.
import { useState } from "preact/hooks";
import { OURS } from "../../api/client";
import { Bars } from "../../charts/Bars";
import { StackedBar } from "../../charts/StackedBar";
import { number, percent } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { Button } from "../../ui/button";
import { SelectField } from "../../ui/field";
import { Section } from "../../ui/page";
import { Pill, Time } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { partsOf, STATE_WORDS, toneOf } from "../trigger/progress";
import type { Send } from "../trigger/types";
import { COMPARED, compared, nameOfSend } from "./compare";
import "./history.css";

interface Page {
  sends: Send[];
  next: number | null;
}

const EVERY_MS = 5_000;
const HEARD = [
  ["human_opened", "Opened by people"],
  ["human_clicked", "Clicked by people"],
  ["converted", "Converted"],
] as const;

/** What a broadcast sent so far, newest first; for the broadcast's page. */
export function SendHistory({ broadcastId }: { broadcastId: number }) {
  const [starts, setStarts] = useState<readonly number[]>([]);
  const start = starts.at(-1);
  const [running, setRunning] = useState(false);
  const path = `${OURS}/broadcasts/${broadcastId}/sends${start ? `?start=${start}` : ""}`;
  const query = useQuery<Page>(path, { every: running ? EVERY_MS : null });
  const some = query.data?.sends.some((send) => send.processed_at === null) ?? false;
  if (some !== running) setRunning(some);
  const [chosen, setChosen] = useState<readonly Send[]>([]);
  const toggle = (send: Send) =>
    setChosen(
      chosen.some((one) => one.id === send.id)
        ? chosen.filter((one) => one.id !== send.id)
        : [...chosen, send],
    );
  return (
    <div class="stack">
      {chosen.length > 1 && <Comparison sends={chosen} onClear={() => setChosen([])} />}
      <Loaded query={query}>
        {({ sends, next }) =>
          sends.length === 0 && starts.length === 0 ? (
            <Empty title="It was not triggered yet">
              Each trigger will be listed here with what became of it.
            </Empty>
          ) : (
            <>
              <Table
                caption="Triggers, newest first. Choose two or more to compare them."
                rows={sends}
                rowKey={(send) => send.id}
                columns={[
                  {
                    key: "choose",
                    label: "Compare",
                    hideLabel: true,
                    show: (send) => (
                      <input
                        type="checkbox"
                        class="tick"
                        aria-label={`Compare trigger ${send.id}`}
                        checked={chosen.some((one) => one.id === send.id)}
                        onChange={() => toggle(send)}
                      />
                    ),
                  },
                  {
                    key: "when",
                    label: "Triggered",
                    show: (send) => (
                      <div>
                        <a href={`/triggers/${send.id}`}>
                          <Time ms={send.created_at * 1_000} />
                        </a>
                        <div class="muted small">
                          {send.id} by {send.triggered_by ?? "–"}
                        </div>
                      </div>
                    ),
                  },
                  {
                    key: "state",
                    label: "State",
                    show: (send) => (
                      <Pill tone={toneOf(send.state, send.paused)}>
                        {send.paused ? "paused" : (STATE_WORDS[send.state] ?? send.state)}
                      </Pill>
                    ),
                  },
                  { key: "people", label: "People", number: true, show: (send) => number(send.people) },
                  {
                    key: "bar",
                    label: "Messages",
                    show: (send) => (
                      <div class="history-bar">
                        <StackedBar
                          small
                          label={`Messages of trigger ${send.id}`}
                          parts={partsOf(send.numbers)}
                          total={send.numbers.accounts}
                        />
                      </div>
                    ),
                  },
                  { key: "sent", label: "Sent", number: true, show: (send) => number(send.numbers.sent) },
                  {
                    key: "failed",
                    label: "Failed",
                    number: true,
                    show: (send) => number(send.numbers.failed),
                  },
                  {
                    key: "skipped",
                    label: "Skipped",
                    number: true,
                    show: (send) => number(send.numbers.skipped),
                  },
                  ...HEARD.map(([metric, label]) => ({
                    key: metric,
                    label,
                    number: true,
                    show: (send: Send) =>
                      percent(compared(send, metric).value, send.numbers.sent > 0 ? 1 : 0),
                  })),
                ]}
              />
              <nav class="row" aria-label="Pages">
                {starts.length > 0 && <Button onClick={() => setStarts(starts.slice(0, -1))}>Newer</Button>}
                {next !== null && <Button onClick={() => setStarts([...starts, next])}>Older</Button>}
              </nav>
            </>
          )
        }
      </Loaded>
    </div>
  );
}

function Comparison({ sends, onClear }: { sends: readonly Send[]; onClear: () => void }) {
  const [metric, setMetric] = useState<(typeof COMPARED)[number][0]>("human_opened");
  return (
    <Section
      title="Compared"
      actions={
        <>
          <SelectField
            label="Compare by"
            hideLabel
            value={metric}
            onChange={(value) => setMetric(value as typeof metric)}
            options={COMPARED}
          />
          <Button onClick={onClear}>Clear</Button>
        </>
      }
    >
      <div class="card">
        <Bars
          label="Triggers compared"
          of={metric === "sent" ? undefined : 1}
          items={sends.map((send) => ({
            label: nameOfSend(send),
            value: compared(send, metric).value,
            note: compared(send, metric).note,
          }))}
          format={metric === "sent" ? number : (share) => percent(share, 1)}
        />
      </div>
    </Section>
  );
}
