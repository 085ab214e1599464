// SPDX-License-Identifier: Apache-2.0
// A message in a channel of Slack.
import { type Block, blocksOf, type Control } from "./blocks";
import { Paragraphs } from "./formatted";
import { type LookalikeProps, OnePicture, Stage } from "./lookalike";
import { emoji, paragraphs } from "./mrkdwn";

type Pictures = Pick<LookalikeProps, "url" | "images" | "pictures">;

function One({ of, ...pictures }: { of: Control } & Pictures) {
  if (of.kind === "picture")
    return <OnePicture {...pictures} from={of.from ?? ""} alt={of.text} class="alike-side" />;
  return (
    <span class={`alike-control alike-${of.kind} alike-tone-${of.tone}`}>
      {of.text}
      {of.kind === "choice" && <span aria-hidden="true"> ⌄</span>}
    </span>
  );
}

function Shown({ of, ...pictures }: { of: Block } & Pictures) {
  switch (of.kind) {
    case "header":
      return <p class="alike-slack-header">{of.text}</p>;
    case "divider":
      return <hr />;
    case "section":
      return (
        <div class="alike-section">
          <div class="alike-section-texts">
            <Paragraphs of={of.text} />
            {of.fields.length > 0 && (
              <div class="alike-fields">
                {of.fields.map((field, no) => (
                  <div key={no}>
                    <Paragraphs of={field} />
                  </div>
                ))}
              </div>
            )}
          </div>
          {of.side && <One of={of.side} {...pictures} />}
        </div>
      );
    case "picture":
      return (
        <>
          {of.title && <p>{of.title}</p>}
          <OnePicture {...pictures} from={of.from} alt={of.alt} class="alike-media" />
        </>
      );
    case "context":
      return (
        <div class="alike-context">
          {of.pieces.map((piece, no) =>
            Array.isArray(piece) ? (
              <div key={no}>
                <Paragraphs of={piece} />
              </div>
            ) : (
              <One key={no} of={piece} {...pictures} />
            ),
          )}
        </div>
      );
    case "actions":
      return (
        <div class="row">
          {of.controls.map((one, no) => (
            <One key={no} of={one} {...pictures} />
          ))}
        </div>
      );
    case "rich":
      return <Paragraphs of={of.paragraphs} />;
    case "unknown":
      return <p class="alike-faint">A block {of.type}, which cannot be shown here.</p>;
  }
}

export function Slack({ part, dark, url, images, pictures }: LookalikeProps) {
  const body = part("body");
  const blocks = blocksOf(part("blocks"));
  const name = part("username") || "Your app";
  const icon = part("icon");
  const sign = icon.startsWith(":") ? emoji(icon.slice(1, -1)) : "";
  return (
    <>
      <Stage kind="slack" dark={dark}>
        <div class="alike-avatar" aria-hidden="true">
          {sign && !sign.startsWith(":") ? sign : name.slice(0, 1)}
        </div>
        <div class="alike-post">
          <p>
            <strong>{name}</strong> <span class="alike-badge">APP</span>{" "}
            <span class="alike-faint alike-small">9:41</span>
          </p>
          {blocks ? (
            blocks.map((one, no) => <Shown key={no} of={one} url={url} images={images} pictures={pictures} />)
          ) : body ? (
            <Paragraphs of={paragraphs(body)} />
          ) : (
            <p class="alike-faint">(nothing)</p>
          )}
        </div>
      </Stage>
      {blocks && (
        <p class="muted small break">
          Notifications show: {body || "nothing, for there is no text beside the blocks"}
        </p>
      )}
    </>
  );
}
