// SPDX-License-Identifier: Apache-2.0
// The languages of a message: choose, add, remove.
import { useState } from "preact/hooks";
import { del, put } from "../../api/client";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { SelectField, TextField } from "../../ui/field";

interface Props {
  /** Of the action. */
  path: string;
  language: string;
  languages: readonly string[];
  /** The attribute that names a person's language. */
  attribute: string;
  mayEdit: boolean;
  onChoose: (language: string) => Promise<void>;
}

const NAMES =
  typeof Intl.DisplayNames === "function" ? new Intl.DisplayNames(["en"], { type: "language" }) : null;

function nameOf(tag: string): string {
  try {
    return `${NAMES?.of(tag) ?? tag} (${tag})`;
  } catch {
    return tag;
  }
}

export function Languages({ path, language, languages, attribute, mayEdit, onChoose }: Props) {
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState(false);
  const [tag, setTag] = useState("");
  return (
    <div class="row composer-languages">
      <SelectField
        label="Language"
        value={language}
        onChange={(chosen) => void onChoose(chosen)}
        options={[["", "Default"], ...languages.map((one) => [one, nameOf(one)] as const)]}
      />
      {mayEdit && <Button onClick={() => setAdding(true)}>Add a language</Button>}
      {mayEdit && language && (
        <Button kind="quiet" onClick={() => setRemoving(true)}>
          Remove {language}
        </Button>
      )}
      <Confirm
        title="Add a language"
        open={adding}
        onClose={() => setAdding(false)}
        action="Add"
        onConfirm={async () => {
          await put(`${path}/languages/${encodeURIComponent(tag.trim())}`, {});
          await onChoose(tag.trim());
          setTag("");
        }}
      >
        <TextField
          label="Language tag"
          hint={`Such as de or pt-BR. People whose attribute ${attribute} says so get this text; it begins as a copy.`}
          value={tag}
          onInput={setTag}
        />
      </Confirm>
      <Confirm
        title={`Remove ${language}`}
        open={removing}
        onClose={() => setRemoving(false)}
        action="Remove the language"
        danger
        onConfirm={async () => {
          await del(`${path}/languages/${encodeURIComponent(language)}`);
          await onChoose("");
        }}
      >
        Its texts are gone then. People of this language get the default.
      </Confirm>
    </div>
  );
}
