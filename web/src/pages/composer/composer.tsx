// SPDX-License-Identifier: Apache-2.0
// `/broadcasts/:id/actions/:action?language=&field=&line=`: one message is written.
import { useCallback, useEffect, useState } from "preact/hooks";
import { ApiError } from "../../api/client";
import type { PageProps } from "../../app/routes";
import { useSearch } from "../../lib/router";
import { Page } from "../../ui/page";
import { Pill } from "../../ui/pill";
import { Empty, ErrorState, Loading } from "../../ui/states";
import { ForWhom } from "../broadcast/for-whom";
import { Others, useOthers } from "../broadcast/presence";
import { actionName, CHANNELS } from "../broadcasts/types";
import { COMPOSED } from "./channels";
import { load, type Stored, Workbench } from "./workbench";
import "./composer.css";

type Found = Stored & { kind: string };

export default function ComposerPage({ params }: PageProps) {
  const id = params.id ?? "";
  const action = params.action ?? "";
  const [query, setQuery] = useSearch();
  const language = query.get("language") ?? "";
  const [found, setFound] = useState<Found | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [round, setRound] = useState(0);
  const [name, setName] = useState<string | null>(null);
  const others = useOthers(id);
  const channel = found ? COMPOSED[found.kind] : undefined;

  const fresh = useCallback(async (): Promise<Found> => {
    const next = await load(id, action, language);
    const of = COMPOSED[next.kind];
    return of ? { ...next, draft: of.pick(next.draft, next.language) } : next;
  }, [id, action, language]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` loads anew
  useEffect(() => {
    let here = true;
    setError(null);
    fresh().then(
      (next) => here && setFound(next),
      (failure) =>
        here &&
        setError(
          failure instanceof ApiError ? failure : new ApiError(0, [{ detail: String(failure), pointer: "" }]),
        ),
    );
    return () => {
      here = false;
    };
  }, [fresh, round]);

  const broadcast = found?.broadcast;
  const one = broadcast?.actions.find((each) => String(each.id) === action);
  return (
    <Page
      title={one ? actionName({ ...one, name: name ?? one.name }) : "Message"}
      parent={{ href: `/broadcasts/${id}/workflow`, label: broadcast?.name ?? "Broadcast" }}
      badge={one && <Pill>{CHANNELS[one.kind] ?? one.kind}</Pill>}
      wide
    >
      <Others others={others} />
      {broadcast && one && <ForWhom broadcast={broadcast.id} action={one} />}
      {error && !found && <ErrorState error={error} onRetry={() => setRound((count) => count + 1)} />}
      {!found && !error && <Loading lines={12} />}
      {found && !one && (
        <Empty title="There is no such message">
          <a href={`/broadcasts/${id}/workflow`}>To the workflow</a>
        </Empty>
      )}
      {found && one && !channel && (
        <Empty title="This page has no editor for this channel">
          The API changes it: <a href="/docs">see its reference</a>.
        </Empty>
      )}
      {found && channel && (
        <Workbench
          key={`${found.actionId} ${found.language} ${round}`}
          stored={found}
          channel={channel}
          onName={setName}
          reload={fresh}
          onLanguage={async (chosen) => {
            setQuery({ language: chosen || null, field: null, line: null });
            if (chosen === found.language) setRound((count) => count + 1);
          }}
        />
      )}
    </Page>
  );
}
