// SPDX-License-Identifier: Apache-2.0
// The files of a message: dragged here or picked, with their sizes, their order and their names.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { bytes } from "../../lib/format";
import { Button } from "../../ui/button";
import { FormDialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { useSaving } from "../../ui/saving";
import { type AttachedFile, MOST_BYTES, moved, totalOf } from "./attached";
import type { Attachments } from "./use-attachments";

interface Props {
  attachments: Attachments;
  readOnly: boolean;
  /** Something led here. */
  wanted: object | null;
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

interface RenameProps {
  file: AttachedFile;
  onClose: () => void;
  onRename: (name: string) => Promise<void>;
}

function Rename({ file, onClose, onRename }: RenameProps) {
  const [name, setName] = useState(file.name);
  const saving = useSaving(["/name"]);
  return (
    <FormDialog
      title="Rename the attachment"
      onClose={onClose}
      saving={saving}
      action="Rename"
      disabled={!name.trim()}
      onSave={() => onRename(name)}
    >
      <TextField label="Name" value={name} error={saving.about("/name")} onInput={setName} />
    </FormDialog>
  );
}

export function AttachmentsField({ attachments, readOnly, wanted }: Props) {
  const { files, doing, problems } = attachments;
  const id = useId();
  const picker = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [over, setOver] = useState(false);
  const [renaming, setRenaming] = useState<AttachedFile | null>(null);
  useEffect(() => {
    if (wanted) button.current?.focus();
  }, [wanted]);
  const used = totalOf(files);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dragging is a second way, beside the button
    <div
      class="attachments stack-tight"
      data-over={over || undefined}
      onDragOver={(event) => {
        if (readOnly || !hasFiles(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(false);
        if (!readOnly && !doing) void attachments.add([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <h2 class="field-label" id={id}>
        Attachments
      </h2>
      {files.length > 0 && (
        <ul class="attachments-list" aria-labelledby={id}>
          {files.map((file, no) => (
            <li key={file.hash}>
              <a class="break" href={attachments.href(file)} download={file.name}>
                {file.name}
              </a>
              <span class="muted small">{bytes(file.size)}</span>
              {!readOnly && (
                <span class="row attachments-acts">
                  {files.length > 1 && (
                    <>
                      <Button
                        kind="quiet"
                        aria-label={`Move ${file.name} up`}
                        disabled={no === 0}
                        busy={doing !== ""}
                        onClick={() => void attachments.order(moved(files, file.hash, -1))}
                      >
                        ↑
                      </Button>
                      <Button
                        kind="quiet"
                        aria-label={`Move ${file.name} down`}
                        disabled={no === files.length - 1}
                        busy={doing !== ""}
                        onClick={() => void attachments.order(moved(files, file.hash, 1))}
                      >
                        ↓
                      </Button>
                    </>
                  )}
                  <Button kind="quiet" aria-label={`Rename ${file.name}`} onClick={() => setRenaming(file)}>
                    Rename
                  </Button>
                  <Button
                    kind="quiet"
                    aria-label={`Remove ${file.name}`}
                    busy={doing !== ""}
                    onClick={async () => {
                      await attachments.remove(file);
                      button.current?.focus();
                    }}
                  >
                    ×
                  </Button>
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label="Files to attach"
        onChange={(event) => {
          const chosen = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = "";
          void attachments.add(chosen);
        }}
      />
      <div class="row">
        {!readOnly && (
          <Button buttonRef={button} busy={doing !== ""} onClick={() => picker.current?.click()}>
            Attach files
          </Button>
        )}
        <span class="muted small" role="status">
          {doing ||
            (files.length === 0
              ? readOnly
                ? "None."
                : `Or drag them here: ${bytes(MOST_BYTES)} together.`
              : `${bytes(used)} of ${bytes(MOST_BYTES)}, with each message and in every language.`)}
        </span>
      </div>
      {problems.length > 0 && (
        <div class="banner banner-bad" role="alert">
          <ul class="attachments-problems">
            {problems.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </div>
      )}
      {renaming && (
        <Rename
          file={renaming}
          onClose={() => setRenaming(null)}
          onRename={(name) => attachments.rename(renaming, name)}
        />
      )}
    </div>
  );
}
