// SPDX-License-Identifier: Apache-2.0
// What a channel brings to the composer: its fields, and how a rendered message of it looks.
import type { ComponentType } from "preact";
import type { Completions } from "../../../editor/completing";
import type { Switch } from "../../../preview/lookalikes/kinds";
import type { Draft, PreviewAnswer, Shown } from "../../../preview/message";
import type { Attachments } from "../use-attachments";

/** A place to go to; each is a new object. */
export interface Target {
  field: string;
  index: number;
}

export interface FieldsProps {
  /** Of the action, as the API calls it. */
  kind: string;
  draft: Draft;
  change: (changes: Draft) => void;
  /** "" for the default. */
  language: string;
  readOnly: boolean;
  completions: Completions | undefined;
  answer: PreviewAnswer | undefined;
  target: Target | null;
  /** Of an e-mail. */
  attachments: Attachments;
}

export interface View {
  key: string;
  label: string;
  /** What can be chosen of how it is shown. */
  switches?: readonly Switch[];
}

export interface PreviewProps {
  shown: Shown;
  /** Which of the channel's views. */
  view: string;
  width: "desktop" | "phone";
  dark: boolean;
  images: boolean;
}

export interface Channel {
  label: string;
  languages: boolean;
  /** A test goes to addresses of e-mail that are asked for, to others, is the one request that would go out, or there
   * is none. */
  tests: "addresses" | "elsewhere" | "request" | "none";
  /** What is asked for, where it is no e-mail. */
  testHint?: string;
  views: readonly View[];
  pick: (stored: Draft, language: string) => Draft;
  bodyOf: (draft: Draft) => Draft;
  Fields: ComponentType<FieldsProps>;
  Preview: ComponentType<PreviewProps>;
}
