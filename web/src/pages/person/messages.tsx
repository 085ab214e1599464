// SPDX-License-Identifier: Apache-2.0
// What was sent to a person, newest trigger first, as far back as accounts are kept.
import { useGrowing } from "../../lib/growing";
import { More } from "../../ui/more";
import { Pill, Time } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { statesOf } from "./message-state";

interface Message {
  id: string;
  type: string;
  subject: string | null;
  recipient: string | null;
  broadcast_id: number | null;
  created: number;
  metrics: Record<string, number>;
  failure_message: string | null;
}

export function Messages({ cio }: { cio: string }) {
  const list = useGrowing<{ messages: Message[]; next: string }>(
    `/v1/customers/${cio}/messages?id_type=cio_id&limit=50`,
  );
  const messages = list.pages.flatMap((page) => page.messages);
  const whole = !list.pages.at(-1)?.next;
  return (
    <Loaded query={list.first}>
      {() => (
        <div class="stack">
          {messages.length === 0 ? (
            <Empty title={whole ? "Nothing was sent to this person" : "Nothing in the newest triggers"} />
          ) : (
            <Table
              caption="Messages"
              rows={messages}
              rowKey={(message) => message.id}
              columns={[
                {
                  key: "what",
                  label: "Message",
                  show: (message) => (
                    <a href={`/deliveries/${encodeURIComponent(message.id)}`}>
                      {message.subject ?? `${message.type} of broadcast ${message.broadcast_id ?? ""}`}
                    </a>
                  ),
                },
                {
                  key: "state",
                  label: "State",
                  show: (message) => (
                    <div class="row">
                      {statesOf(message.metrics).map((one) => (
                        <Pill key={one.words} tone={one.tone}>
                          {one.words}
                        </Pill>
                      ))}
                    </div>
                  ),
                },
                { key: "why", label: "Words", show: (message) => message.failure_message ?? "–" },
                { key: "at", label: "Made", show: (message) => <Time ms={message.created * 1_000} /> },
              ]}
            />
          )}
          <More list={list} />
        </div>
      )}
    </Loaded>
  );
}
