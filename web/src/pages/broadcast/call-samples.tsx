// SPDX-License-Identifier: Apache-2.0
// A trigger call in three languages, to be copied.
import { useState } from "preact/hooks";
import { CopyButton } from "../../ui/button";
import { Tabs } from "../../ui/tabs";
import { curl, node, python } from "./samples";

const LANGUAGES = [
  { key: "curl", label: "curl", make: curl },
  { key: "python", label: "Python", make: python },
  { key: "node", label: "Node", make: node },
] as const;

/** `body` is what is sent. */
export function CallSamples({ id, body }: { id: number; body: Record<string, unknown> }) {
  const [language, setLanguage] = useState<string>("curl");
  const chosen = LANGUAGES.find((one) => one.key === language) ?? LANGUAGES[0];
  const text = chosen.make(location.origin, id, body);
  return (
    <Tabs label="Languages" tabs={LANGUAGES} value={language} onChange={setLanguage}>
      <div class="stack-tight">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
        <pre class="code-sample" tabIndex={0}>
          <code>{text}</code>
        </pre>
        <div>
          <CopyButton text={text} label="Copy the call" />
        </div>
      </div>
    </Tabs>
  );
}
