// SPDX-License-Identifier: Apache-2.0
// A rendered message in a sandbox, by its URL: two frames take turns, so that nothing flickers while one types.
import { useEffect, useRef, useState } from "preact/hooks";
import "./preview.css";

interface FrameProps {
  /** From the server, such as `/preview/…`; null: there is nothing to show. */
  url: string | null;
  title: string;
  /** Phone or the whole width. */
  width?: "desktop" | "phone";
  /** What the message sees of the reader's theme. */
  dark?: boolean;
}

/** The older page stays until the newer one has come. */
export function PreviewFrame({ url, title, width = "desktop", dark = false }: FrameProps) {
  const [urls, setUrls] = useState<[string | null, string | null]>([url, null]);
  const [front, setFront] = useState<0 | 1>(0);
  const wanted = useRef(url);
  useEffect(() => {
    if (url === wanted.current) return;
    wanted.current = url;
    setUrls((before) => (front === 0 ? [before[0], url] : [url, before[1]]));
  }, [url, front]);
  const arrived = (index: 0 | 1) => {
    if (urls[index] !== null && urls[index] === wanted.current) setFront(index);
  };
  return (
    <div class={`preview-frames preview-${width}${dark ? " preview-dark" : ""}`}>
      {([0, 1] as const).map(
        (index) =>
          urls[index] && (
            <iframe
              key={index}
              class="preview-frame"
              sandbox=""
              title={index === front ? title : `${title}, being loaded`}
              src={urls[index] ?? undefined}
              aria-hidden={index !== front || undefined}
              tabIndex={index === front ? 0 : -1}
              data-front={index === front}
              onLoad={() => arrived(index)}
            />
          ),
      )}
    </div>
  );
}
