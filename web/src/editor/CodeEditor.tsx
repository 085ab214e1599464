// SPDX-License-Identifier: Apache-2.0
// A text that is code: Liquid or JSON. What it needs is fetched when it is shown; until then, and where that fails, the
// text stands in a plain field, so that nobody waits to write.
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { EditorHandle, Language } from "./codemirror";
import type { Completions } from "./completing";
import { Echoes } from "./echoes";
import type { Diagnostic } from "./offsets";
import "./editor.css";

export interface CodeEditorProps {
  label: string;
  language: Language;
  value: string;
  onChange: (value: string) => void;
  oneLine?: boolean;
  hideLabel?: boolean;
  hint?: string;
  readOnly?: boolean;
  completions?: Completions;
  /** What the server says about the text; it is marked in it and written below. */
  diagnostics?: readonly Diagnostic[];
  /** The height that is kept for it, in pixels. */
  height?: number;
  /** Where to go: a new object each time. */
  goTo?: { index: number } | null;
  placeholder?: string;
}

const NOTHING: readonly Diagnostic[] = [];

/** Esc, then Tab, leaves it; in a single line Tab alone does. */
export function CodeEditor(props: CodeEditorProps) {
  const { label, language, value, onChange, oneLine = false, hideLabel, hint, readOnly = false } = props;
  const { completions, diagnostics = NOTHING, height = 320, goTo = null } = props;
  const [failed, setFailed] = useState(false);
  const [handle, setHandle] = useState<EditorHandle | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const plain = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const [echoes] = useState(() => new Echoes());
  const newest = useRef({ value, onChange, completions });
  newest.current = { value, onChange, completions };
  const errors = diagnostics.filter((one) => one.severity === "error");
  const described = [
    hint ? `${id}-hint` : "",
    errors.length > 0 ? `${id}-errors` : "",
    oneLine ? "" : `${id}-keys`,
  ];
  const attributes: Record<string, string> = {
    tabindex: "0", // said, since it scrolls: not every reader knows that what can be written in has the focus
    "aria-labelledby": `${id}-label`,
    "aria-describedby": described.filter(Boolean).join(" "),
    "aria-invalid": errors.length > 0 ? "true" : "false",
  };
  const told = JSON.stringify(attributes);

  // biome-ignore lint/correctness/useExhaustiveDependencies: made once; changes reach it below
  useEffect(() => {
    let made: EditorHandle | null = null;
    let gone = false;
    const parent = place.current;
    if (!parent) return;
    (async () => {
      try {
        const { createEditor } = await import("./codemirror");
        if (gone) return;
        made = await createEditor({
          parent,
          language,
          value: newest.current.value,
          oneLine,
          readOnly,
          attributes,
          completions: () => newest.current.completions,
          onChange: (text) => {
            echoes.say(text);
            newest.current.onChange(text);
          },
        });
        if (gone) {
          made.destroy();
          return;
        }
        const field = plain.current;
        if (field && document.activeElement === field) {
          made.setValue(field.value);
          made.takeOver(field.selectionStart, field.selectionEnd);
        }
        setHandle(made);
      } catch {
        if (!gone) setFailed(true);
      }
    })();
    return () => {
      gone = true;
      made?.destroy();
    };
  }, [language, oneLine, readOnly]);

  // With the drawing: a frame later, what is typed by then would be written over.
  useLayoutEffect(() => {
    if (handle && !echoes.isEcho(value)) handle.setValue(value);
  }, [handle, echoes, value]);
  useLayoutEffect(() => handle?.setAttributes(JSON.parse(told)), [handle, told]);
  useLayoutEffect(() => handle?.diagnose(diagnostics), [handle, diagnostics]);
  useLayoutEffect(() => {
    if (handle && goTo) handle.goTo(goTo.index);
  }, [handle, goTo]);

  return (
    <div class="field code">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: as the label of any field does, it leads into it */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard is in the field already */}
      <span
        id={`${id}-label`}
        class={hideLabel ? "visually-hidden" : "field-label"}
        onClick={() => handle?.focus()}
      >
        {label}
      </span>
      <div
        class={`code-frame${oneLine ? " code-line" : ""}${errors.length > 0 ? " code-wrong" : ""}`}
        style={oneLine ? undefined : { height: `${height}px` }}
      >
        <div ref={place} class="code-place" hidden={failed} />
        {!handle && (
          <textarea
            {...attributes}
            ref={plain}
            class="code-plain"
            rows={oneLine ? 1 : 4}
            readOnly={readOnly}
            value={value}
            spellcheck={false}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        )}
      </div>
      {hint && (
        <p id={`${id}-hint`} class="field-hint">
          {hint}
        </p>
      )}
      {!oneLine && (
        <p id={`${id}-keys`} class="field-hint">
          Esc, then Tab, leaves this field.{completions && " Ctrl+Space completes."}
        </p>
      )}
      <p id={`${id}-errors`} class="field-error" role="status">
        {errors.map((one) => one.message).join(" · ")}
      </p>
    </div>
  );
}
