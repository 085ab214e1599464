// SPDX-License-Identifier: Apache-2.0
// A push message on the locked screens of an iPhone and of an Android phone.
import { useState } from "preact/hooks";
import { Clamped, type LookalikeProps, Picture, Stage } from "./lookalike";
import { notificationOf, type Platform } from "./push";

const NAMES: Readonly<Record<Platform, string>> = { ios: "iPhone", android: "Android" };
/** Lines of a message; pulled open, Android shows more of it. */
const LINES: Readonly<Record<Platform, number>> = { ios: 4, android: 1 };
const OPEN_LINES = 10;

function Screen({ platform, part, url, images }: LookalikeProps & { platform: Platform }) {
  const [open, setOpen] = useState(false);
  const [cut, setCut] = useState({ title: false, message: false });
  const shown = notificationOf(platform, part);
  const tell = (name: "title" | "message") => (is: boolean) =>
    setCut((before) => (before[name] === is ? before : { ...before, [name]: is }));
  const ios = platform === "ios";
  const words = (["title", "message"] as const).filter((one) => cut[one]).join(" and the ");
  return (
    <figure class={`alike-screen alike-${platform}`}>
      <div class="alike-clock" aria-hidden="true">
        9:41
      </div>
      <div class="alike-note">
        <div class="alike-icon" aria-hidden="true" />
        <div class="alike-note-texts">
          {!ios && (
            <p class="alike-app">
              Your app <span aria-hidden="true">·</span> now
            </p>
          )}
          <div class="alike-note-head">
            <Clamped
              class="alike-note-title"
              text={shown.title || (ios ? "Your app" : "")}
              lines={1}
              onCut={tell("title")}
            />
            {ios && <span class="alike-app">now</span>}
          </div>
          <Clamped
            text={shown.message}
            lines={open && !ios ? OPEN_LINES : LINES[platform]}
            onCut={tell("message")}
          />
        </div>
        {shown.picture && !(open && !ios) && (
          <div class="alike-thumb">
            <Picture url={url} images={images} label="Picture of the message" />
          </div>
        )}
        {!ios && (
          <button
            type="button"
            class="alike-open"
            aria-expanded={open}
            aria-label={open ? "Fold the notification" : "Pull the notification open"}
            onClick={() => setOpen(!open)}
          >
            <span aria-hidden="true">{open ? "⌃" : "⌄"}</span>
          </button>
        )}
        {shown.picture && open && !ios && (
          <div class="alike-big">
            <Picture url={url} images={images} label="Picture of the message" />
          </div>
        )}
      </div>
      <figcaption>
        {NAMES[platform]}
        {words && `: the ${words} ${words.includes("and") ? "are" : "is"} cut off`}
      </figcaption>
    </figure>
  );
}

export function Push(props: LookalikeProps) {
  return (
    <Stage kind="push" dark={props.dark}>
      <Screen {...props} platform="ios" />
      <Screen {...props} platform="android" />
    </Stage>
  );
}
