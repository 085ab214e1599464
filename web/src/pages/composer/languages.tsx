// SPDX-License-Identifier: Apache-2.0
// The languages of a message: choose, add, remove.
import { useState } from "preact/hooks";
import { del, put } from "../../api/client";
import { Button } from "../../ui/button";
import { Confirm, FormDialog } from "../../ui/dialog";
import { SelectField, TextField } from "../../ui/field";
import { useSaving } from "../../ui/saving";

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

interface AddProps extends Pick<Props, "path" | "attribute"> {
  onClose: () => void;
  onAdded: (language: string) => Promise<void>;
}

function AddLanguage({ path, attribute, onClose, onAdded }: AddProps) {
  const [tag, setTag] = useState("");
  const saving = useSaving(["/language"]);
  return (
    <FormDialog
      title="Add a language"
      onClose={onClose}
      saving={saving}
      action="Add"
      disabled={!tag.trim()}
      onSave={async () => {
        await put(`${path}/languages/${encodeURIComponent(tag.trim())}`, {});
        await onAdded(tag.trim());
      }}
    >
      <TextField
        label="Language tag"
        hint={`Such as de or pt-BR. People whose attribute ${attribute} says so get this text; it begins as a copy.`}
        value={tag}
        error={saving.about("/language")}
        onInput={setTag}
      />
    </FormDialog>
  );
}

export function Languages({ path, language, languages, attribute, mayEdit, onChoose }: Props) {
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState(false);
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
      {adding && (
        <AddLanguage path={path} attribute={attribute} onClose={() => setAdding(false)} onAdded={onChoose} />
      )}
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
