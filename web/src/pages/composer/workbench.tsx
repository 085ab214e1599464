// SPDX-License-Identifier: Apache-2.0
// The editor on the left, the preview on the right; what is typed saves itself.
import { useEffect, useMemo, useState } from "preact/hooks";
import { currentWorkspace, get, OURS, patch, put } from "../../api/client";
import { useMay, useSession } from "../../app/session";
import { both } from "../../audience/filter";
import { nameOf } from "../../audience/PersonPicker";
import type { Completions } from "../../editor/completing";
import { readData } from "../../editor/json";
import { indexOf, lineStart } from "../../editor/offsets";
import { useAutosave } from "../../lib/autosave";
import { invalidate, useQuery } from "../../lib/query";
import { useSearch } from "../../lib/router";
import { recall, remember } from "../../lib/storage";
import { type Draft, type Fault, faultWords, type PreviewAnswer, placeWords } from "../../preview/message";
import { usePeople } from "../../preview/use-people";
import { usePreview } from "../../preview/use-preview";
import { Button } from "../../ui/button";
import { SaveState, SaveTrouble } from "../../ui/savestate";
import type { Broadcast } from "../broadcasts/types";
import type { Channel, Target } from "./channels/channel";
import { CheckDialog, TestDialog } from "./dialogs";
import { Languages } from "./languages";
import { PreviewPane } from "./preview-pane";
import { type SampleData, written } from "./sample-data";
import { useAttachments } from "./use-attachments";

export interface Stored {
  broadcast: Broadcast;
  actionId: number;
  language: string;
  languages: string[];
  draft: Draft;
}

interface Props {
  stored: Stored;
  channel: Channel;
  reload: () => Promise<Stored>;
  onLanguage: (language: string) => Promise<void>;
  /** What it is called now; in another language than the default it has no name of its own. */
  onName: (name: string) => void;
}

/** What is mended on another page. */
const ELSEWHERE: Readonly<Record<string, string>> = { snippets: "/snippets", layout: "/layouts" };

interface FaultsProps {
  answer: PreviewAnswer | undefined;
  /** Of the message. */
  kind: string;
  onGo: (fault: Fault) => void;
}

function Faults({ answer, kind, onGo }: FaultsProps) {
  if (!answer || (answer.errors.length === 0 && answer.warnings.length === 0)) return null;
  const list = (faults: Fault[]) => (
    <ul class="composer-faults">
      {faults.map((fault) => (
        <li key={`${fault.field}${fault.message}${fault.from}`}>
          {ELSEWHERE[fault.field.split("/")[0] ?? ""] ? (
            <a href={ELSEWHERE[fault.field.split("/")[0] ?? ""]}>{placeWords(fault, kind)}</a>
          ) : (
            <Button kind="quiet" onClick={() => onGo(fault)}>
              {placeWords(fault, kind)}
            </Button>
          )}
          <span class="break">{faultWords(fault)}</span>
        </li>
      ))}
    </ul>
  );
  const warnings = answer.warnings.length;
  return (
    <div class="stack-tight">
      {answer.errors.length > 0 && (
        <section class="banner banner-bad" aria-label="What needs fixing">
          <p role="status">
            <strong>
              {answer.errors.length === 1
                ? "1 thing needs fixing"
                : `${answer.errors.length} things need fixing`}
            </strong>
          </p>
          {list(answer.errors)}
        </section>
      )}
      {warnings > 0 && (
        <details class="composer-warnings">
          <summary>{warnings === 1 ? "1 thing to think about" : `${warnings} things to think about`}</summary>
          {list(answer.warnings)}
        </details>
      )}
    </div>
  );
}

export function Workbench({ stored, channel, reload, onLanguage, onName }: Props) {
  const { broadcast, actionId, language } = stored;
  const path = `${OURS}/broadcasts/${broadcast.id}/actions/${actionId}`;
  const mayEdit = useMay("edit");
  const maySend = useMay("send");
  const { session } = useSession();
  const [query] = useSearch();
  const [target, setTarget] = useState<Target | null>(null);
  const [side, setSide] = useState<"edit" | "preview">("edit");
  const [checking, setChecking] = useState(false);
  const [testing, setTesting] = useState(false);
  const autosave = useAutosave<Draft>({
    name: `action.${actionId}.${language}`,
    value: stored.draft,
    version: broadcast.version,
    save: async (value, version) => {
      const body = { ...channel.bodyOf(value), version };
      const saved = language
        ? await put<{ version: number }>(`${path}/languages/${encodeURIComponent(language)}`, body)
        : await patch<{ version: number }>(path, body);
      invalidate(`${OURS}/broadcasts/${broadcast.id}`);
      return saved.version;
    },
    newest: async () => {
      const newest = await reload();
      attachments.learn(newest.broadcast.actions.find((one) => one.id === actionId)?.attachments ?? []);
      return { value: newest.draft, version: newest.broadcast.version };
    },
    byField: true,
  });
  const action = broadcast.actions.find((one) => one.id === actionId);
  const attachments = useAttachments({
    path,
    files: action?.attachments ?? [],
    autosave,
    workspace: currentWorkspace(),
    onChange: () => invalidate(`${OURS}/broadcasts/${broadcast.id}`),
  });
  const draft = autosave.value;
  const { name } = draft;
  useEffect(() => {
    if (typeof name === "string") onName(name);
  }, [name, onName]);
  const completions = useQuery<Completions>(`${OURS}/completions?broadcast_id=${broadcast.id}`).data;
  const samples = useQuery<SampleData>(`${OURS}/broadcasts/${broadcast.id}/sample_data`);
  const kind = action?.kind ?? "";
  const condition = action?.condition ?? {};
  const people = usePeople(both(broadcast.recipients, condition));

  const kept = `sample.${broadcast.id}`;
  const [typed, setTyped] = useState<string | null>(() => recall<string>(kept) ?? null);
  const offered = samples.data?.earlier[0]?.data ?? samples.data?.wanted ?? {};
  const dataText = typed ?? written(offered);
  const parsed = useMemo(() => readData(dataText), [dataText]);
  const [data, setData] = useState<Record<string, unknown>>({});
  useEffect(() => {
    if ("data" in parsed) setData(parsed.data);
  }, [parsed]);

  const body = () => ({
    broadcast_id: broadcast.id,
    action_id: actionId,
    language,
    action: channel.bodyOf(draft),
    data,
  });
  // With the default before one, each of the hundred is shown in their own language.
  const forAll = () => ({ ...body(), language: language || undefined });
  const somebody = people.person ? { person: { cio_id: people.person.cio_id } } : {};
  const ready = !people.waiting && (samples.data !== undefined || samples.error !== undefined);
  const preview = usePreview(
    ready ? JSON.stringify({ ...body(), ...somebody }) : null,
    attachments.files.map((one) => one.hash + one.name).join(),
  );
  const answer = preview.shown?.answer;

  const go = (field: string, index: number) => {
    setSide("edit");
    setTarget({ field, index });
  };
  const textOf = (field: string) => String(draft[field] ?? "");
  // What a link from the review asks for, once.
  const [wanted] = useState(() => ({ field: query.get("field"), line: Number(query.get("line") ?? 1) }));
  // biome-ignore lint/correctness/useExhaustiveDependencies: only at the beginning
  useEffect(() => {
    if (wanted.field) go(wanted.field, lineStart(textOf(wanted.field), wanted.line || 1));
  }, []);

  return (
    <div class="stack">
      <div class="row row-between composer-bar">
        <SaveState autosave={autosave} />
        <div class="row">
          <Button onClick={() => setChecking(true)}>Check 100 people</Button>
          {maySend && channel.tests !== "none" && (
            <Button onClick={() => setTesting(true)}>Send a test</Button>
          )}
        </div>
      </div>
      {autosave.recovered && (
        <p class="banner" role="status">
          What you typed before is here again: the server did not have it yet.
        </p>
      )}
      {!mayEdit && <p class="banner">You may look at this message, not change it.</p>}
      <SaveTrouble autosave={autosave} />
      {channel.languages && (
        <Languages
          path={path}
          language={language}
          languages={stored.languages}
          attribute={broadcast.language_attribute}
          mayEdit={mayEdit}
          onChoose={async (chosen) => {
            await autosave.flush();
            await onLanguage(chosen);
          }}
        />
      )}
      <fieldset class="row composer-sides">
        <legend class="visually-hidden">Side that is shown</legend>
        <Button aria-pressed={side === "edit"} onClick={() => setSide("edit")}>
          Edit
        </Button>
        <Button aria-pressed={side === "preview"} onClick={() => setSide("preview")}>
          Preview
        </Button>
      </fieldset>
      <div class="composer" data-side={side}>
        <section class="composer-fields stack" aria-label="Message">
          <channel.Fields
            kind={kind}
            draft={draft}
            change={(changes) => autosave.change({ ...autosave.value, ...changes })}
            language={language}
            readOnly={!mayEdit}
            completions={completions}
            answer={answer}
            target={target}
            attachments={attachments}
          />
        </section>
        <div class="composer-side stack-tight">
          <Faults
            answer={answer}
            kind={kind}
            onGo={(fault) => go(fault.field, indexOf(textOf(fault.field), fault.from ?? 0))}
          />
          <PreviewPane
            kind={kind}
            channel={channel}
            preview={preview}
            said={autosave.state === "failed" ? autosave.error : null}
            people={people}
            dataText={dataText}
            onData={(text) => {
              setTyped(text);
              remember(kept, text);
            }}
            dataFault={"fault" in parsed ? parsed.fault : null}
            samples={samples.data}
          />
        </div>
      </div>
      <CheckDialog
        kind={kind}
        open={checking}
        onClose={() => setChecking(false)}
        body={forAll}
        onShow={people.pick}
      />
      <TestDialog
        open={testing}
        onClose={() => setTesting(false)}
        path={`${path}/test_send`}
        body={() => ({ language, action: channel.bodyOf(draft), data, ...somebody })}
        as={people.person ? nameOf(people.person) : "nobody in particular"}
        mine={session?.user?.email ?? ""}
        goes={channel.tests === "none" ? "request" : channel.tests}
        hint={channel.testHint}
      />
    </div>
  );
}

/** The newest of the server. */
export async function load(id: string, action: string, language: string): Promise<Stored & { kind: string }> {
  const one = `${OURS}/broadcasts/${encodeURIComponent(id)}`;
  const { broadcast } = await get<{ broadcast: Broadcast }>(one);
  const found = broadcast.actions.find((each) => String(each.id) === action);
  if (!found) return { broadcast, actionId: 0, language, languages: [], draft: {}, kind: "" };
  const known = found.languages ?? [];
  const tag = known.find((each) => each.toLowerCase() === language.toLowerCase()) ?? "";
  const content = tag
    ? (await get<{ content: Draft }>(`${one}/actions/${found.id}/languages/${encodeURIComponent(tag)}`))
        .content
    : (found as unknown as Draft);
  return {
    broadcast,
    actionId: found.id,
    language: tag,
    languages: [...known].sort(),
    draft: content,
    kind: found.kind,
  };
}
