// SPDX-License-Identifier: Apache-2.0
// Looking at a hundred people, and sending tests.
import { useEffect, useState } from "preact/hooks";
import { OURS, post } from "../../api/client";
import { nameOf } from "../../audience/PersonPicker";
import { people as inWords } from "../../lib/format";
import { addressesOf, type Fault, faultWords, type Named, placeWords } from "../../preview/message";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { CheckField, TextArea } from "../../ui/field";
import { Pill } from "../../ui/pill";
import { useSaving } from "../../ui/saving";
import { Loading, Problems } from "../../ui/states";
import { isOnPeople } from "../broadcasts/types";

interface Cause extends Fault {
  state: string;
  reason: string | null;
  people: number;
  examples: Named[];
}

interface Checked {
  people: number;
  complete: boolean;
  sent: number;
  causes: Cause[];
}

interface CheckProps {
  /** Of the message. */
  kind: string;
  open: boolean;
  onClose: () => void;
  /** The body of the call. */
  body: () => object;
  onShow: (person: Named) => void;
}

/** Renders it for up to a hundred of the audience; who would not get it, and why. */
export function CheckDialog({ kind, open, onClose, body, onShow }: CheckProps) {
  const [found, setFound] = useState<Checked | null>(null);
  const [error, setError] = useState<unknown>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked when it opens, of what is written then
  useEffect(() => {
    if (!open) return;
    const aborting = new AbortController();
    setFound(null);
    setError(null);
    post<Checked>(`${OURS}/preview/check`, body(), { signal: aborting.signal }).then(setFound, (failure) => {
      if (!aborting.signal.aborted) setError(failure);
    });
    return () => aborting.abort();
  }, [open]);
  return (
    <Dialog
      title="Check 100 people"
      open={open}
      onClose={onClose}
      wide
      actions={<Button onClick={onClose}>Close</Button>}
    >
      {error !== null && <Problems error={error} />}
      {error === null && found === null && <Loading label="Rendering for 100 people" lines={4} />}
      {found && (
        <div class="stack">
          <p role="status">
            <strong>
              {isOnPeople(kind)
                ? `It would be done for ${found.sent} of ${inWords(found.people)}.`
                : `${found.sent} of ${inWords(found.people)} would be sent this.`}
            </strong>{" "}
            They were taken from here and there in the audience.
            {!found.complete && " It took long, so not all of the hundred were looked at."}
          </p>
          {found.causes.map((cause) => (
            <section key={`${cause.reason}${cause.field}${cause.message}`} class="composer-cause">
              <div class="row">
                <Pill tone={cause.state === "failed" ? "bad" : "quiet"}>{cause.state}</Pill>
                <strong>{inWords(cause.people)}</strong>
                <span class="break">
                  {cause.field ? `${placeWords(cause, kind)}: ${faultWords(cause)}` : cause.message}
                </span>
              </div>
              <div class="row">
                {cause.examples.map((person) => (
                  <Button
                    key={person.cio_id}
                    kind="quiet"
                    onClick={() => {
                      onShow(person);
                      onClose();
                    }}
                  >
                    Show as {nameOf(person)}
                  </Button>
                ))}
              </div>
            </section>
          ))}
        </div>
      )}
    </Dialog>
  );
}

interface Result {
  address: string;
  sent: boolean;
  words: string;
}

interface TestProps {
  open: boolean;
  onClose: () => void;
  path: string;
  /** The body of the call without the addresses. */
  body: () => object;
  as: string;
  mine: string;
  /** Whether it goes to addresses of e-mail, to others, of which `hint` says what they are, or is a request. */
  goes: "addresses" | "elsewhere" | "request";
  hint?: string;
}

const MOST = 25;

/** What stands in the lines; numbers may have blanks in them. */
function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

/** Sends the message as it is written to oneself and others, at once. */
export function TestDialog({ open, onClose, path, body, as, mine, goes, hint }: TestProps) {
  const [text, setText] = useState(goes === "addresses" ? mine : "");
  const [prefix, setPrefix] = useState(true);
  const [results, setResults] = useState<Result[] | null>(null);
  const saving = useSaving();
  const to = goes === "elsewhere" ? linesOf(text) : addressesOf(text);
  const send = () =>
    saving.run(async () => {
      setResults(null);
      const more = goes === "request" ? {} : goes === "addresses" ? { to, prefix } : { to };
      setResults((await post<{ results: Result[] }>(path, { ...body(), ...more })).results);
    });
  return (
    <Dialog
      title="Send a test"
      open={open}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button
            kind="primary"
            busy={saving.busy}
            disabled={goes !== "request" && (to.length === 0 || to.length > MOST)}
            onClick={() => void send()}
          >
            {goes === "request" ? "Call now" : to.length < 2 ? "Send the test" : `Send ${to.length} tests`}
          </Button>
        </>
      }
    >
      <div class="stack">
        {goes === "request" ? (
          <p>The URL is called once, at once, as it would be for {as}, with an id of its own.</p>
        ) : (
          <>
            <TextArea
              label="To"
              hint={
                hint
                  ? `${hint} They get it as ${as} would, at once.`
                  : `Up to ${MOST} addresses. They get it as ${as} would, at once; copies get none.`
              }
              error={to.length > MOST ? `At most ${MOST} addresses` : undefined}
              value={text}
              onInput={setText}
              rows={3}
              spellcheck={false}
            />
            {goes === "addresses" && (
              <CheckField label="[TEST] before the subject" checked={prefix} onChange={setPrefix} />
            )}
          </>
        )}
        {saving.problems}
        <div role="status">
          {results && (
            <ul class="composer-results">
              {results.map((one) => (
                <li key={one.address}>
                  <Pill tone={one.sent ? "good" : "bad"}>{one.sent ? "sent" : "not sent"}</Pill>
                  <span class="break">
                    {one.address}: {one.words}
                  </span>
                </li>
              ))}
            </ul>
          )}
        </div>
      </div>
    </Dialog>
  );
}
