// SPDX-License-Identifier: Apache-2.0
// An SMS on a phone, and what it costs.
import { Pieces } from "./formatted";
import { type LookalikeProps, Picture, Stage } from "./lookalike";
import type { Inline } from "./mrkdwn";
import { foreignWords, segmentsOf } from "./segments";

const LINK = /(https?:\/\/[^\s]+[^\s.,;:!?'")\]])/;

/** Phones mark links in a text. */
function withLinks(text: string): Inline[] {
  return text
    .split(LINK)
    .map(
      (piece, no): Inline =>
        no % 2 === 1 ? { kind: "link", href: piece, text: piece } : { kind: "text", text: piece },
    );
}

export function Sms({ part, url, dark, images }: LookalikeProps) {
  const body = part("body");
  const cost = segmentsOf(body);
  return (
    <>
      <Stage kind="sms" dark={dark}>
        {part("image_url") && (
          <div class="alike-mms">
            <Picture url={url} images={images} label="Picture of the message" />
          </div>
        )}
        <p class="alike-bubble">
          {body ? <Pieces of={withLinks(body)} /> : <span class="alike-faint">(nothing)</span>}
        </p>
      </Stage>
      <p class="muted small">
        {cost.length} characters in {cost.encoding}:{" "}
        {cost.count === 1 ? "1 segment" : `${cost.count} segments`}
        {cost.count > 0 && `, ${cost.left} more fit`}. {foreignWords(cost)}
      </p>
    </>
  );
}
