// SPDX-License-Identifier: Apache-2.0
// A message as it looks where it arrives; what draws it is loaded when it is first wanted: e-mails need none of it.
import { type ComponentType, createElement } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { LookalikeProps } from "./lookalikes/lookalike";
import type { Rendered } from "./message";

interface Props extends Omit<LookalikeProps, "part" | "pictures"> {
  /** Of the action. */
  kind: string;
  message: Rendered;
}

/** A rendered text of a message; "" where it has none. */
export function partOf(message: Rendered, name: string): string {
  const value = message[name];
  return typeof value === "string" ? value : "";
}

export function Lookalike({ kind, message, ...chosen }: Props) {
  const [known, setKnown] = useState<Readonly<Record<string, ComponentType<LookalikeProps>>> | null>(null);
  useEffect(() => {
    let here = true;
    void import("./lookalikes").then((found) => here && setKnown(found.LOOKALIKES));
    return () => {
      here = false;
    };
  }, []);
  const shown = known?.[kind];
  const pictures = Array.isArray(message.pictures) ? message.pictures.map(String) : [];
  return shown ? createElement(shown, { part: (name) => partOf(message, name), pictures, ...chosen }) : null;
}
