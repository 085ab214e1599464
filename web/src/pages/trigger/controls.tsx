// SPDX-License-Identifier: Apache-2.0
// Pause, go on, stop; how fast and how soon.
import { useRef, useState } from "preact/hooks";
import { OURS, post, put } from "../../api/client";
import { useMay } from "../../app/session";
import { number } from "../../lib/format";
import { newKey } from "../../lib/idempotency";
import { invalidate } from "../../lib/query";
import { Button } from "../../ui/button";
import { Confirm, FormDialog } from "../../ui/dialog";
import { SelectField, TextField } from "../../ui/field";
import { Menu } from "../../ui/menu";
import { useSaving } from "../../ui/saving";
import { toast, toastFailure } from "../../ui/toast";
import { mayJoin } from "./progress";
import type { Progress } from "./types";

type Asked = "pause" | "stop" | "speed" | "join" | "apply" | null;

/** Buttons for a trigger that runs; whoever may not send sees none. */
export function Controls({ progress, onDone }: { progress: Progress; onDone: () => void }) {
  const may = useMay("send");
  const [asked, setAsked] = useState<Asked>(null);
  const [busy, setBusy] = useState(false);
  const key = useRef("");
  const more = [
    mayJoin(progress) && { label: "Send to who joined since", onSelect: () => ask("join") },
    progress.running && { label: "Apply the present content", onSelect: () => ask("apply") },
  ].filter((item) => item !== false);
  if (!may || (!progress.running && more.length === 0)) return null;
  const ask = (what: Asked) => {
    key.current = newKey();
    setAsked(what);
  };
  const path = `${OURS}/triggers/${progress.id}`;
  const act = async (what: "pause" | "resume" | "stop", told: string) => {
    await post(`${path}/${what}`);
    toast(told);
    onDone();
  };
  return (
    <>
      {more.length > 0 && (
        <Menu label="More" items={more}>
          More
        </Menu>
      )}
      {progress.running && (
        <>
          <Button onClick={() => setAsked("speed")}>Rate and priority</Button>
          {progress.paused ? (
            <Button
              kind="primary"
              busy={busy}
              onClick={async () => {
                setBusy(true);
                try {
                  await act("resume", "It goes on");
                } catch (error) {
                  toastFailure(error);
                } finally {
                  setBusy(false);
                }
              }}
            >
              Resume
            </Button>
          ) : (
            <Button onClick={() => setAsked("pause")}>Pause</Button>
          )}
          <Button kind="danger" onClick={() => setAsked("stop")}>
            Stop
          </Button>
        </>
      )}
      <Confirm
        title="Pause this trigger?"
        open={asked === "pause"}
        onClose={() => setAsked(null)}
        action="Pause"
        onConfirm={() => act("pause", "It is paused")}
      >
        <p>
          From a second later on nothing more is handed over. {number(progress.numbers.left)} messages wait
          until somebody resumes it.
        </p>
      </Confirm>
      <Confirm
        title="Stop this trigger for good?"
        open={asked === "stop"}
        onClose={() => setAsked(null)}
        action="Stop the trigger"
        danger
        onConfirm={() => act("stop", "It is stopped")}
      >
        <p>
          {number(progress.numbers.left)} messages that were not sent yet will not be sent. This cannot be
          taken back; pausing can.
        </p>
      </Confirm>
      <Confirm
        title="Send to who joined since?"
        open={asked === "join"}
        onClose={() => setAsked(null)}
        action="Send"
        onConfirm={async () => {
          await post(
            `${path}/send_again`,
            { to: "joined_since" },
            { headers: { "Idempotency-Key": key.current } },
          );
          toast("The audience is worked out once more");
          invalidate(path);
          onDone();
        }}
      >
        <p>
          The audience is worked out once more, as of now. Whoever is in it already is left as they are;
          people who came to match since are sent the message.
        </p>
      </Confirm>
      <Confirm
        title="Apply the present content?"
        open={asked === "apply"}
        onClose={() => setAsked(null)}
        action="Apply"
        onConfirm={async () => {
          const { changed } = await post<{ changed: boolean }>(`${path}/apply_content`);
          toast(
            changed
              ? "What goes out from now on has the present content"
              : "It has the present content already",
          );
          onDone();
        }}
      >
        <p>
          Whoever was not sent the message yet gets it as the broadcast is now.{" "}
          {number(progress.numbers.handed_over)} messages that were handed over stay as they were.
        </p>
      </Confirm>
      {asked === "speed" && <Speed progress={progress} onClose={() => setAsked(null)} onDone={onDone} />}
    </>
  );
}

const UNITS = ["second", "minute", "hour", "day"] as const;

function Speed({
  progress,
  onClose,
  onDone,
}: {
  progress: Progress;
  onClose: () => void;
  onDone: () => void;
}) {
  const pace = progress.pace;
  const rated = pace !== null && "messages" in pace ? pace : null;
  const [kind, setKind] = useState(rated ? "rate" : pace ? "spread" : "none");
  const [messages, setMessages] = useState(String(rated?.messages ?? 100));
  const [per, setPer] = useState(rated?.per ?? "second");
  const [minutes, setMinutes] = useState("60");
  const [priority, setPriority] = useState(String(progress.priority));
  const saving = useSaving();
  const save = async () => {
    const speed =
      kind === "rate"
        ? { rate: { messages: Number(messages), per } }
        : kind === "spread"
          ? { spread: Math.round(Number(minutes) * 60) }
          : { rate: null };
    await put(`${OURS}/triggers/${progress.id}/control`, { priority: Number(priority), ...speed });
    toast("Changed");
    onDone();
  };
  return (
    <FormDialog title="Rate and priority" onClose={onClose} saving={saving} onSave={save}>
      <SelectField
        label="Speed"
        value={kind}
        onChange={setKind}
        options={[
          ["none", "As fast as it goes"],
          ["rate", "At most so many messages"],
          ["spread", "Spread evenly over a time"],
        ]}
      />
      {kind === "rate" && (
        <div class="row">
          <TextField label="Messages" type="number" min={1} value={messages} onInput={setMessages} />
          <SelectField
            label="A"
            value={per}
            onChange={setPer}
            options={UNITS.map((unit) => [unit, unit] as const)}
          />
        </div>
      )}
      {kind === "spread" && (
        <TextField label="Over minutes" type="number" min={1} value={minutes} onInput={setMinutes} />
      )}
      <TextField
        label="Priority"
        type="number"
        value={priority}
        onInput={setPriority}
        hint="Triggers with a higher number go first; 0 is usual."
      />
    </FormDialog>
  );
}
