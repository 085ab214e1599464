// SPDX-License-Identifier: Apache-2.0
// What each look-alike is given, and what several of them show.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { PreviewFrame } from "../PreviewFrame";
import "./lookalikes.css";

export interface LookalikeProps {
  /** A rendered text of the message; "" where it has none. */
  part: (name: string) => string;
  /** Of what is HTML or a picture, for a frame. */
  url: string | null;
  /** Addresses of the pictures that the frame has, by their places in it. */
  pictures: readonly string[];
  width: "desktop" | "phone";
  dark: boolean;
  images: boolean;
}

/** Its ground, in the theme that is chosen for it and not in the page's. */
export function Stage({
  kind,
  dark,
  children,
}: {
  kind: string;
  dark: boolean;
  children: ComponentChildren;
}) {
  return (
    <section
      class={`alike alike-${kind}`}
      data-theme={dark ? "dark" : "light"}
      aria-label="The message as it arrives"
    >
      {children}
    </section>
  );
}

/** A picture of the message: from elsewhere only where somebody wants it loaded. */
export function Picture({ url, images, label }: { url: string | null; images: boolean; label: string }) {
  if (images && url !== null) return <PreviewFrame url={`${url}?images=1`} title={label} />;
  return (
    <div class="alike-picture" role="img" aria-label={label}>
      <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
        <path
          d="M3 5h18v14H3zM3 16l5-5 4 4 3-3 6 6M15.5 9h.01"
          fill="none"
          stroke="currentColor"
          stroke-width="1.6"
          stroke-linecap="round"
        />
      </svg>
    </div>
  );
}

interface OnePictureProps extends Pick<LookalikeProps, "url" | "images" | "pictures"> {
  /** Where it is. */
  from: string;
  alt: string;
  class: string;
}

/** One of several pictures of a message; in its place, what it says, unless somebody wants it loaded. */
export function OnePicture({ url, images, pictures, from, alt, class: name }: OnePictureProps) {
  const place = pictures.indexOf(from);
  if (images && url !== null && place >= 0)
    return (
      <div class={name}>
        <PreviewFrame key={place} url={`${url}?images=1#p${place}`} title={alt} />
      </div>
    );
  return (
    <div class={`alike-picture ${name}`} role="img" aria-label={alt}>
      {alt}
    </div>
  );
}

interface ClampedProps {
  text: string;
  lines: number;
  class?: string;
  /** Whether some of it is not seen. */
  onCut: (cut: boolean) => void;
}

/** A text on so many lines, as devices cut it. */
export function Clamped({ text, lines, class: name = "", onCut }: ClampedProps) {
  const place = useRef<HTMLParagraphElement>(null);
  const last = useRef(onCut);
  last.current = onCut;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text fits or not, in the same box
  useLayoutEffect(() => {
    const box = place.current;
    if (!box) return;
    const look = () => last.current(box.scrollHeight > box.clientHeight + 1);
    look();
    const watched = new ResizeObserver(look);
    watched.observe(box);
    return () => watched.disconnect();
  }, [text, lines]);
  return (
    <p ref={place} class={`alike-clamped ${name}`} style={{ "-webkit-line-clamp": lines }}>
      {text}
    </p>
  );
}
