// SPDX-License-Identifier: Apache-2.0
// Which files can be attached to an e-mail, before they are sent to the server. Without a DOM.
import { bytes } from "../../lib/format";

export interface AttachedFile {
  name: string;
  media_type: string;
  size: number;
  hash: string;
}

/** The server's answer to whatever concerns attachments. */
export interface Listed {
  attachments: AttachedFile[];
  bytes: number;
  most_bytes: number;
}

export const MOST_BYTES = 2_000_000;
const MOST_FILES = 25;

export function totalOf(files: readonly { size: number }[]): number {
  return files.reduce((sum, one) => sum + one.size, 0);
}

/** Those of some files that can be added, and what is wrong with the others. */
export function sorted<F extends { name: string; size: number }>(
  listed: readonly AttachedFile[],
  chosen: readonly F[],
): { fit: F[]; problems: string[] } {
  const fit: F[] = [];
  const problems: string[] = [];
  const names = new Set(listed.map((one) => one.name.toLowerCase()));
  let total = totalOf(listed);
  for (const file of chosen) {
    const name = file.name.trim().toLowerCase();
    if (file.size === 0) problems.push(`${file.name} is empty, or a folder.`);
    else if (names.has(name)) problems.push(`There is an attachment called ${file.name} already.`);
    else if (listed.length + fit.length >= MOST_FILES)
      problems.push(`${file.name} is one too many: a message has at most ${MOST_FILES} attachments.`);
    else if (total + file.size > MOST_BYTES)
      problems.push(
        `${file.name} is too big: it has ${bytes(file.size)}, and ${bytes(MOST_BYTES - total)} are left of ${bytes(MOST_BYTES)}.`,
      );
    else {
      fit.push(file);
      names.add(name);
      total += file.size;
    }
  }
  return { fit, problems };
}

/** From how much on a review tells what the files of a message weigh. */
const NOTICED_BYTES = 500_000;

/** What the files of a message weigh for everybody who gets it, base64 and all; "" where that is little. */
export function weightWords(files: readonly { size: number }[], people: number | null): string {
  const each = Math.ceil((totalOf(files) * 4) / 3) + Math.ceil(totalOf(files) / 57) * 2;
  if (each < NOTICED_BYTES) return "";
  const all = people === null ? "" : `, ${bytes(each * people)} in all`;
  return `${bytes(each)} of attachments with each${all}`;
}

/** The order after one was moved; the same where it cannot go further. */
export function moved(files: readonly AttachedFile[], hash: string, by: -1 | 1): string[] {
  const order = files.map((one) => one.hash);
  const at = order.indexOf(hash);
  const to = at + by;
  if (at < 0 || to < 0 || to >= order.length) return order;
  order.splice(at, 1);
  order.splice(to, 0, hash);
  return order;
}
