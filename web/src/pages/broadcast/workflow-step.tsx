// SPDX-License-Identifier: Apache-2.0
// The messages of a broadcast, all sent at once: add, order, switch off, open.
import { useState } from "preact/hooks";
import { del, OURS, patch, post, put } from "../../api/client";
import { useMay } from "../../app/session";
import { useReach } from "../../audience/AudienceSummary";
import { isEverybody } from "../../audience/filter";
import { useQuery } from "../../lib/query";
import { navigate } from "../../lib/router";
import { Button, LinkButton } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { SelectField } from "../../ui/field";
import { Menu } from "../../ui/menu";
import { Pill } from "../../ui/pill";
import { Empty } from "../../ui/states";
import { toastFailure } from "../../ui/toast";
import { CopyActions } from "../broadcasts/copy-actions";
import {
  type Action,
  actionName,
  type Broadcast,
  CHANNELS,
  MESSAGES,
  ON_PEOPLE,
  type SendingState,
  sendingChoices,
} from "../broadcasts/types";
import { ForWhom } from "./for-whom";
import { broadcastChanged } from "./frame";
import type { Review } from "./review-step";
import { saidOf } from "./said";

const NEW: Record<string, object> = {
  email: { kind: "email", name: "E-mail", subject: "", body: "" },
  sms: { kind: "sms", name: "SMS", body: "" },
  push: { kind: "push", name: "Push" },
  in_app: { kind: "in_app", name: "In-app", body: "" },
  inbox_message: { kind: "inbox_message", name: "Inbox message", properties: "{}" },
  whatsapp: { kind: "whatsapp", name: "WhatsApp", body: "" },
  slack: { kind: "slack", name: "Slack", body: "" },
  webhook: { kind: "webhook", name: "Webhook", method: "post", url: "", body: "{}" },
  attribute_update: { kind: "attribute_update", name: "Person update", attributes: "{}" },
  create_event: { kind: "create_event", name: "Event" },
  static_seg_update: { kind: "static_seg_update", name: "Segment update" },
};

const ADDED: readonly { legend: string; kinds: readonly string[] }[] = [
  { legend: "Add a message", kinds: MESSAGES },
  { legend: "Add what changes the person", kinds: ON_PEOPLE },
];

function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const next = [...items];
  const [one] = next.splice(from, 1);
  if (one !== undefined) next.splice(to, 0, one);
  return next;
}

function ActionState({ action, problems }: { action: Action; problems: number }) {
  if (action.sending_state === "off") return <Pill>switched off</Pill>;
  if (problems > 0)
    return <Pill tone="bad">{problems === 1 ? "1 thing to fix" : `${problems} things to fix`}</Pill>;
  if (action.sending_state === "draft") return <Pill tone="warn">ready, queues drafts</Pill>;
  return <Pill tone="good">ready</Pill>;
}

/** Cards in one column. */
export function WorkflowStep({ broadcast }: { broadcast: Broadcast }) {
  const mayEdit = useMay("edit");
  const path = `${OURS}/broadcasts/${broadcast.id}/actions`;
  const review = useQuery<Review>(`${OURS}/broadcasts/${broadcast.id}/review`);
  const [removing, setRemoving] = useState<Action | null>(null);
  const [copying, setCopying] = useState<Action | null>(null);
  const [dragged, setDragged] = useState<number | null>(null);
  const [over, setOver] = useState<number | null>(null);
  const [said, setSaid] = useState("");
  const actions = broadcast.actions;
  const conditional = actions.some((one) => !isEverybody(one.condition));
  const { count } = useReach(broadcast.recipients, broadcast.id, conditional);
  const run = async (work: () => Promise<unknown>, done = "") => {
    try {
      await work();
      broadcastChanged(broadcast.id);
      setSaid(done);
    } catch (failure) {
      toastFailure(failure);
    }
  };
  const order = (from: number, to: number) => {
    const action = actions[from];
    if (!action || to < 0 || to >= actions.length || from === to) return;
    void run(
      () => put(`${path}/order`, { actions: moved(actions, from, to).map((one) => one.id) }),
      `${actionName(action)} is now number ${to + 1} of ${actions.length}`,
    );
  };
  const add = (kind: string) =>
    run(async () => {
      const made = await post<{ action: Action }>(path, NEW[kind]);
      navigate(`/broadcasts/${broadcast.id}/actions/${made.action.id}`);
    });
  const problemsOf = (action: Action) =>
    review.data?.problems.filter((one) => one.field.startsWith(`actions/${action.id}/`)).length ?? 0;
  return (
    <div class="stack">
      <p class="workflow-head">
        <strong>All at once.</strong> Everybody in the audience gets each of these messages when the broadcast
        is triggered, unless it has a condition. Delays and time windows are not offered: a broadcast has
        none.
      </p>
      <p class="visually-hidden" role="status">
        {said}
      </p>
      {actions.length === 0 ? (
        <Empty title="No messages yet">Add the first one below.</Empty>
      ) : (
        <ol class="workflow">
          {actions.map((action, no) => (
            <li
              key={action.id}
              class={`workflow-card${dragged === no ? " dragged" : ""}${over === no ? " over" : ""}`}
              onDragOver={(event) => {
                if (dragged === null) return;
                event.preventDefault();
                setOver(no);
              }}
              onDragLeave={() => setOver(null)}
              onDrop={(event) => {
                event.preventDefault();
                if (dragged !== null) order(dragged, no);
                setDragged(null);
                setOver(null);
              }}
            >
              <span
                class="handle"
                draggable={mayEdit}
                aria-hidden="true"
                title="Drag to reorder"
                onDragStart={(event) => {
                  event.dataTransfer?.setData("text/plain", String(action.id));
                  setDragged(no);
                }}
                onDragEnd={() => {
                  setDragged(null);
                  setOver(null);
                }}
              >
                ⠿
              </span>
              <div class="stack-tight">
                <div class="row">
                  <Pill>{CHANNELS[action.kind] ?? action.kind}</Pill>
                  <a href={`/broadcasts/${broadcast.id}/actions/${action.id}`}>
                    <strong>{actionName(action)}</strong>
                  </a>
                  <ActionState action={action} problems={problemsOf(action)} />
                </div>
                <p class="muted break">{saidOf(action)}</p>
                <ForWhom broadcast={broadcast.id} action={action} count={count} />
                <SelectField
                  label="When it is triggered"
                  disabled={!mayEdit}
                  value={action.sending_state}
                  onChange={(state) =>
                    void run(() => patch(`${path}/${action.id}`, { sending_state: state as SendingState }))
                  }
                  options={sendingChoices(action.kind)}
                />
              </div>
              <div class="row">
                <Button
                  kind="quiet"
                  aria-label={`Move ${actionName(action)} up`}
                  disabled={!mayEdit || no === 0}
                  onClick={() => order(no, no - 1)}
                >
                  ↑
                </Button>
                <Button
                  kind="quiet"
                  aria-label={`Move ${actionName(action)} down`}
                  disabled={!mayEdit || no === actions.length - 1}
                  onClick={() => order(no, no + 1)}
                >
                  ↓
                </Button>
                <Menu
                  label={`Actions for ${actionName(action)}`}
                  items={[
                    {
                      label: "Edit",
                      onSelect: () => navigate(`/broadcasts/${broadcast.id}/actions/${action.id}`),
                    },
                    {
                      label: "Duplicate",
                      disabled: !mayEdit,
                      onSelect: () =>
                        void run(
                          () => post(`${path}/${action.id}/duplicate`),
                          `${actionName(action)} is duplicated`,
                        ),
                    },
                    {
                      label: "Copy to another workspace",
                      disabled: !mayEdit,
                      onSelect: () => setCopying(action),
                    },
                    {
                      label: "Remove",
                      danger: true,
                      disabled: !mayEdit,
                      onSelect: () => setRemoving(action),
                    },
                  ]}
                />
              </div>
            </li>
          ))}
        </ol>
      )}
      {mayEdit && (
        <div class="workflow-more">
          {ADDED.map(({ legend, kinds }) => (
            <fieldset key={legend}>
              <legend>{legend}</legend>
              <div class="row">
                {kinds.map((kind) => (
                  <Button key={kind} onClick={() => void add(kind)}>
                    + {CHANNELS[kind]}
                  </Button>
                ))}
              </div>
            </fieldset>
          ))}
        </div>
      )}
      <div class="row row-end">
        <LinkButton href={`/broadcasts/${broadcast.id}/review`}>Next: review</LinkButton>
      </div>
      {copying && (
        <CopyActions
          broadcast={broadcast}
          action={{ id: copying.id, name: actionName(copying) }}
          onClose={() => setCopying(null)}
        />
      )}
      {removing && (
        <Confirm
          title={`Remove ${actionName(removing)}?`}
          open
          danger
          action="Remove"
          onClose={() => setRemoving(null)}
          onConfirm={async () => {
            await del(`${path}/${removing.id}`);
            broadcastChanged(broadcast.id);
            setSaid(`${actionName(removing)} is removed`);
          }}
        >
          Its text is gone then. What was sent of it stays in the accounts.
        </Confirm>
      )}
    </div>
  );
}
