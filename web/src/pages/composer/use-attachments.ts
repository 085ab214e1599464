// SPDX-License-Identifier: Apache-2.0
// The files of a message: each change goes to the server at once, behind what was typed before it.
import { useState } from "preact/hooks";
import { ApiError, del, patch, post, put } from "../../api/client";
import type { Autosave } from "../../lib/autosave";
import { type AttachedFile, type Listed, sorted } from "./attached";

export interface Attachments {
  files: readonly AttachedFile[];
  /** What is being done, in words; "" for nothing. */
  doing: string;
  problems: readonly string[];
  add: (chosen: readonly File[]) => Promise<void>;
  /** Rejects with the server's words. */
  rename: (file: AttachedFile, name: string) => Promise<void>;
  remove: (file: AttachedFile) => Promise<void>;
  order: (hashes: readonly string[]) => Promise<void>;
  /** What the server was found to have. */
  learn: (files: readonly AttachedFile[]) => void;
  href: (file: AttachedFile) => string;
}

interface Changed extends Listed {
  version: number;
}

interface Options<T> {
  /** Of the action. */
  path: string;
  files: readonly AttachedFile[];
  /** Of what is typed beside: its version moves along. */
  autosave: Autosave<T>;
  workspace: number | null;
  onChange: () => void;
}

function wordsOf(failure: unknown): string {
  if (!(failure instanceof ApiError)) return String(failure);
  return failure.apartFrom([])[0]?.detail ?? failure.message;
}

export function useAttachments<T>({ path, files, autosave, workspace, onChange }: Options<T>): Attachments {
  const [listed, learn] = useState(files);
  const [doing, setDoing] = useState("");
  const [problems, setProblems] = useState<readonly string[]>([]);
  const all = `${path}/attachments`;

  const change = async (words: string, call: () => Promise<Changed>): Promise<readonly AttachedFile[]> => {
    setDoing(words);
    try {
      await autosave.flush();
      const answer = await call();
      autosave.follow(answer.version);
      learn(answer.attachments);
      onChange();
      return answer.attachments;
    } finally {
      setDoing("");
    }
  };
  const told = async (words: string, call: () => Promise<Changed>): Promise<void> => {
    setProblems([]);
    try {
      await change(words, call);
    } catch (failure) {
      setProblems([wordsOf(failure)]);
    }
  };
  const one = (file: AttachedFile) => `${all}/${file.hash}`;
  return {
    files: listed,
    doing,
    problems,
    learn,
    add: async (chosen) => {
      const { fit, problems: found } = sorted(listed, chosen);
      setProblems(found);
      for (const file of fit) {
        const target = `${all}?name=${encodeURIComponent(file.name)}`;
        // What it is, the server tells from its name.
        const headers = { "Content-Type": "application/octet-stream" };
        try {
          await change(`Sending ${file.name}…`, () => post<Changed>(target, file, { headers }));
        } catch (failure) {
          found.push(`${file.name}: ${wordsOf(failure)}`);
          setProblems([...found]);
        }
      }
    },
    rename: async (file, name) => {
      setProblems([]);
      await change("Renaming…", () => patch<Changed>(one(file), { name }));
    },
    remove: (file) => told(`Removing ${file.name}…`, () => del<Changed>(one(file))),
    order: (hashes) => told("Moving…", () => put<Changed>(`${all}/order`, { attachments: hashes })),
    href: (file) => `${one(file)}?workspace=${workspace ?? ""}`,
  };
}
