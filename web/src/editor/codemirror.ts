// SPDX-License-Identifier: Apache-2.0
// CodeMirror as we use it: a chunk of its own, loaded where there is an editor.
import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  completionStatus,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { html, htmlCompletionSource } from "@codemirror/lang-html";
import { liquid, liquidCompletionSource } from "@codemirror/lang-liquid";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState, type Extension, Prec, Transaction } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import {
  type Completions,
  filtersOf,
  forMails,
  insideLiquid,
  propertiesOf,
  ROOTS,
  tagsOf,
  withoutTwins,
} from "./completing";
import { type Diagnostic, rangeOf } from "./offsets";

/** `html`: with Liquid in it; `liquid`: in a plain text. */
export type Language = "html" | "liquid" | "json";

export interface EditorOptions {
  parent: HTMLElement;
  language: Language;
  value: string;
  oneLine: boolean;
  readOnly: boolean;
  /** Attributes of the text box for screen readers. */
  attributes: Record<string, string>;
  completions: () => Completions | undefined;
  onChange: (value: string) => void;
}

export interface EditorHandle {
  setValue: (value: string) => void;
  setAttributes: (attributes: Record<string, string>) => void;
  diagnose: (found: readonly Diagnostic[]) => void;
  /** Put the cursor there, in sight, and type on. */
  goTo: (index: number) => void;
  /** Go on with what was selected in another field of the same text. */
  takeOver: (from: number, to: number) => void;
  focus: () => void;
  destroy: () => void;
}

const LEAVING_MS = 10_000;
const LOOK_BACK = 2_000; // characters in which Liquid has begun

const COLOURS = HighlightStyle.define([
  { tag: [tags.tagName, tags.keyword, tags.controlKeyword], color: "var(--chart-1)" },
  { tag: [tags.attributeName, tags.propertyName], color: "var(--chart-2)" },
  { tag: [tags.string, tags.attributeValue], color: "var(--chart-3)" },
  { tag: [tags.number, tags.bool, tags.null, tags.function(tags.variableName)], color: "var(--chart-4)" },
  { tag: [tags.comment, tags.angleBracket, tags.processingInstruction], color: "var(--chart-5)" },
]);

const THEME = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--ground)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--accent-ground)",
  },
  ".cm-gutters": {
    backgroundColor: "var(--ground-2)",
    color: "var(--text-2)",
    borderRight: "1px solid var(--line)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--ground-3)" },
  ".cm-tooltip": {
    backgroundColor: "var(--ground)",
    color: "var(--text)",
    border: "1px solid var(--line-control)",
    borderRadius: "var(--radius)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent-ground)",
    color: "var(--text)",
  },
  ".cm-completionDetail": { color: "var(--text-2)", fontStyle: "normal" },
  ".cm-completionInfo": { padding: "var(--s2)", maxWidth: "320px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
});

function nonce(): Extension {
  const given = document.querySelector<HTMLMetaElement>("meta[name=csp-nonce]")?.content;
  return given ? EditorView.cspNonce.of(given) : [];
}

/** A single line: line ends become spaces. */
const ONE_LINE: Extension = EditorState.transactionFilter.of((change) => {
  if (!change.docChanged || change.newDoc.lines === 1) return change;
  const text = change.newDoc.toString().replace(/\s*\n\s*/g, " ");
  const typed = change.isUserEvent("input.type") || change.isUserEvent("input");
  if (typed && text.trim() === change.startState.doc.toString().trim()) return [];
  return {
    changes: { from: 0, to: change.startState.doc.length, insert: text },
    selection: { anchor: Math.min(change.newSelection.main.head, text.length) },
  };
});

/** After Esc the next Tab leaves, also when Esc closed a list of offers. Only a second Esc closes a dialog around it. */
function leaving(): Extension {
  let pressed = false;
  return Prec.highest(
    EditorView.domEventHandlers({
      blur: () => {
        pressed = false;
      },
      keydown: (event, view) => {
        const again = pressed && event.key === "Escape";
        pressed = event.key === "Escape";
        if (!pressed || again) return false;
        view.setTabFocusMode(LEAVING_MS);
        return completionStatus(view.state) === null; // handled, unless it closes the offers
      },
    }),
  );
}

async function language(options: EditorOptions): Promise<Extension> {
  if (options.language === "json") return (await import("@codemirror/lang-json")).json();
  const markup = options.language === "html";
  const source = (context: CompletionContext): CompletionResult | null => {
    if (!insideLiquid(context.state.sliceDoc(Math.max(0, context.pos - LOOK_BACK), context.pos))) {
      const found = markup ? htmlCompletionSource(context) : null;
      return found && { ...found, options: forMails(found.options) };
    }
    const known = options.completions();
    const found = liquidCompletionSource({
      tags: tagsOf(known),
      filters: filtersOf(known),
      variables: ROOTS,
      properties: (path) => propertiesOf(known, path),
    })(context);
    return found && { ...found, options: withoutTwins(found.options) };
  };
  // In a plain text, such as a name with <an address>, nothing closes what only looks like a tag.
  const base = markup ? undefined : html({ autoCloseTags: false });
  return [liquid({ base }), autocompletion({ override: [source], icons: false })];
}

/** An editor in `parent`. */
export async function createEditor(options: EditorOptions): Promise<EditorHandle> {
  let attributes = options.attributes;
  let quiet = false;
  const view = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.value,
      extensions: [
        nonce(),
        leaving(),
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        EditorView.lineWrapping,
        options.oneLine ? ONE_LINE : [lineNumbers(), lintGutter()],
        await language(options),
        syntaxHighlighting(COLOURS),
        THEME,
        keymap.of([
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...historyKeymap,
          ...completionKeymap,
          ...(options.oneLine ? [] : [indentWithTab]),
        ]),
        EditorState.readOnly.of(options.readOnly),
        EditorView.contentAttributes.of(() => attributes),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !quiet) options.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  const shown = () => view.state.doc.toString();
  return {
    setValue(value) {
      if (value === shown()) return;
      quiet = true;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: value },
        annotations: Transaction.addToHistory.of(false),
      });
      quiet = false;
    },
    setAttributes(next) {
      attributes = next;
      view.dispatch({});
    },
    diagnose(found) {
      const text = shown();
      const marks = found.flatMap((one) => {
        const range = rangeOf(text, one);
        return range ? [{ ...range, severity: one.severity, message: one.message }] : [];
      });
      view.dispatch(setDiagnostics(view.state, marks));
    },
    goTo(index) {
      const anchor = Math.min(index, view.state.doc.length);
      view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      view.focus();
    },
    takeOver(from, to) {
      const { length } = view.state.doc;
      view.dispatch({ selection: { anchor: Math.min(from, length), head: Math.min(to, length) } });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
