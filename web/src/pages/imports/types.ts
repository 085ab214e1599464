// SPDX-License-Identifier: Apache-2.0
// What the API tells of imports.
import type { Tone } from "../../ui/pill";

export type ImportState = "preprocessing" | "importing" | "imported" | "failed";

export interface Import {
  id: number;
  name: string;
  type: "people" | "event";
  identifier: "id" | "email";
  state: ImportState;
  rows_to_import: number;
  rows_imported: number;
  error: string;
  data_to_process: string;
  created_at: number;
  updated_at: number;
  clarion: { rows_wrong: number };
}

/** `POST /imports/check`. */
export interface Trial {
  rows: number;
  new: number;
  changed: number;
  same: number;
  left_out: number;
  wrong: number;
  looked_up: number;
  errors: RowError[];
}

export interface RowError {
  line: number;
  error: string;
}

export const STATE_WORDS: Record<ImportState, string> = {
  preprocessing: "reading the file",
  importing: "importing",
  imported: "done",
  failed: "failed",
};

export const STATE_TONES: Record<ImportState, Tone> = {
  preprocessing: "accent",
  importing: "accent",
  imported: "good",
  failed: "bad",
};

export function isOver(state: ImportState): boolean {
  return state === "imported" || state === "failed";
}
