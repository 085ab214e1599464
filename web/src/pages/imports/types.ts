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
  clarion: { rows_wrong: number; segment_id: number | null; rows_joined: number; cancelled: boolean };
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
  /** False: the time was over before the last row. */
  whole: boolean;
  errors: RowError[];
}

export interface RowError {
  line: number;
  error: string;
}

const WORDS: Record<ImportState, string> = {
  preprocessing: "reading the file",
  importing: "importing",
  imported: "done",
  failed: "failed",
};

const TONES: Record<ImportState, Tone> = {
  preprocessing: "accent",
  importing: "accent",
  imported: "good",
  failed: "bad",
};

/** How it stands; one that somebody cancelled has not failed. */
export function standing(one: Import): { words: string; tone: Tone } {
  if (!one.clarion.cancelled || one.state === "imported")
    return { words: WORDS[one.state], tone: TONES[one.state] };
  return one.state === "failed"
    ? { words: "cancelled", tone: "warn" }
    : { words: "being cancelled", tone: "warn" };
}

export function isOver(state: ImportState): boolean {
  return state === "imported" || state === "failed";
}
