// SPDX-License-Identifier: Apache-2.0
// How wide an element is, so that text in a drawing keeps its size.
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** A ref, and the width of what it is put on; `first` until it is known. */
export function useWidth<E extends HTMLElement>(first: number): [RefObject<E | null>, number] {
  const ref = useRef<E>(null);
  const [width, setWidth] = useState(first);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(24, Math.floor(element.clientWidth))));
    observer.observe(element);
    setWidth(Math.max(24, Math.floor(element.clientWidth) || first));
    return () => observer.disconnect();
  }, [first]);
  return [ref, width];
}
