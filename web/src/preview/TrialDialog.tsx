// SPDX-License-Identifier: Apache-2.0
// A form that sends one test and stays, with what the provider said.
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { post } from "../api/client";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import type { Saving } from "../ui/saving";
import { Tested } from "./TestResult";
import type { TestResult } from "./test-result";

interface TrialProps {
  title: string;
  path: string;
  /** What is asked for. */
  body: () => object;
  saving: Saving;
  onClose: () => void;
  /** A test has been sent, and counts. */
  onSent?: () => void;
  children: ComponentChildren;
}

/** Open while it is there. Enter or its button sends. */
export function TrialDialog({ title, path, body, saving, onClose, onSent, children }: TrialProps) {
  const [result, setResult] = useState<TestResult | null>(null);
  const form = useId();
  return (
    <Dialog
      title={title}
      open
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" type="submit" form={form} busy={saving.busy}>
            Send the test
          </Button>
        </>
      }
    >
      <div class="stack">
        <form
          id={form}
          class="stack"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            setResult(null);
            void saving.run(async () => {
              const said = await post<{ result: TestResult }>(path, body());
              setResult(said.result);
              onSent?.();
            });
          }}
        >
          {children}
          {saving.problems}
        </form>
        <Tested result={result} />
      </div>
    </Dialog>
  );
}
