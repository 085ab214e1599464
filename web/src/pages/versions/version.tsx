// SPDX-License-Identifier: Apache-2.0
// One version: what it changed, what is otherwise now, and going back to it.
import { useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { useMay } from "../../app/session";
import { Compared } from "../../compare/Compared";
import { everything, fieldWords, type Names, summary, valueWords } from "../../compare/fields";
import { useQuery } from "../../lib/query";
import { navigate } from "../../lib/router";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { Pill, Time } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Tabs } from "../../ui/tabs";
import { toast } from "../../ui/toast";
import { broadcastChanged } from "../broadcast/frame";
import type { Broadcast } from "../broadcasts/types";
import "./versions.css";
import { type Difference, happened, sent, type Version } from "./words";

interface Answer {
  version: Version;
  /** What it holds. */
  broadcast: Record<string, unknown>;
  against: number | null;
  differences: Difference[];
  messages: Record<string, string>;
}

interface Restored {
  broadcast: Broadcast;
  left_out: { field: string; message: string }[];
}

function Differences({
  found,
  names,
  labels,
  nothing,
}: {
  found: readonly Difference[];
  names: Names;
  labels: readonly [string, string];
  nothing: string;
}) {
  if (found.length === 0) return <Empty title={nothing} />;
  return (
    <div class="stack">
      {found.map((one) => (
        <Compared
          key={one.field}
          title={fieldWords(one.field, names)}
          before={valueWords(one.field, one.before, names)}
          after={valueWords(one.field, one.after, names)}
          beforeLabel={labels[0]}
          afterLabel={labels[1]}
        />
      ))}
    </div>
  );
}

interface Props {
  broadcast: Broadcast;
  version: string;
  names: Names;
}

export function OneVersion({ broadcast, version, names }: Props) {
  const mayEdit = useMay("edit");
  const [tab, setTab] = useState("changed");
  const [asking, setAsking] = useState(false);
  const path = `${OURS}/broadcasts/${broadcast.id}/versions/${encodeURIComponent(version)}`;
  const changed = useQuery<Answer>(path);
  const now = useQuery<Answer>(`${path}?against=now`);
  const wait = tab === "now" ? now : changed;
  const restore = async () => {
    const done = await post<Restored>(`${path}/restore`, { version: broadcast.version });
    broadcastChanged(broadcast.id);
    navigate(`/broadcasts/${broadcast.id}/history`);
    toast(
      [`It is as it was in version ${version}`, ...done.left_out.map((one) => one.message)].join("; "),
      done.left_out.length > 0 ? "bad" : "plain",
    );
  };
  return (
    <div class="stack">
      <p>
        <a href={`/broadcasts/${broadcast.id}/history`}>All versions</a>
      </p>
      <Loaded query={wait}>
        {(answer) => {
          const one = answer.version;
          const known: Names = { ...names, messages: { ...answer.messages, ...names.messages } };
          const formerly = answer.against === null ? "before" : `version ${answer.against}`;
          const others = now.data?.differences ?? [];
          return (
            <div class="stack">
              <div class="row row-between">
                <div>
                  <h2 class="row">
                    Version {one.version} {one.current && <Pill tone="good">now</Pill>}
                  </h2>
                  <p class="muted">
                    {happened(one)}, <Time ms={one.saved_at * 1_000} />
                    {one.last_trigger_id !== null && (
                      <>
                        {", "}
                        <a href={`/triggers/${one.last_trigger_id}`}>{sent(one)}</a>
                      </>
                    )}
                  </p>
                </div>
                {mayEdit && !one.current && (
                  <Button disabled={others.length === 0} onClick={() => setAsking(true)}>
                    Go back to this version
                  </Button>
                )}
              </div>
              <Tabs
                label="Compared with"
                tabs={[
                  { key: "changed", label: "What changed" },
                  ...(one.current ? [] : [{ key: "now", label: "Against now" }]),
                  { key: "all", label: "All of it" },
                ]}
                value={tab}
                onChange={setTab}
              >
                {tab === "all" ? (
                  <dl class="version-all">
                    {everything(answer.broadcast, known).map(([name, text]) => (
                      <div key={name}>
                        <dt>{name}</dt>
                        <dd>{text || <span class="muted">–</span>}</dd>
                      </div>
                    ))}
                  </dl>
                ) : tab === "changed" ? (
                  <Differences
                    found={answer.differences}
                    names={known}
                    labels={[formerly, `version ${one.version}`]}
                    nothing={
                      answer.against === null
                        ? "Nothing before it is kept"
                        : "It changed nothing of what is kept"
                    }
                  />
                ) : (
                  <Differences
                    found={answer.differences}
                    names={known}
                    labels={[`version ${one.version}`, "now"]}
                    nothing="Nothing is otherwise now"
                  />
                )}
              </Tabs>
              {asking && (
                <Confirm
                  title={`Go back to version ${one.version}?`}
                  open
                  action="Go back"
                  onClose={() => setAsking(false)}
                  onConfirm={restore}
                >
                  <div class="stack">
                    <p>
                      What changes:{" "}
                      {summary(
                        others.map((each) => each.field),
                        known,
                      )}
                      . It becomes a new version, so this can be taken back the same way.
                    </p>
                    {broadcast.state === "running" && (
                      <p class="banner banner-warn">
                        The broadcast is active: triggers from then on send what it said in this version.
                      </p>
                    )}
                  </div>
                </Confirm>
              )}
            </div>
          );
        }}
      </Loaded>
    </div>
  );
}
