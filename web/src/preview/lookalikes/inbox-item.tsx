// SPDX-License-Identifier: Apache-2.0
// An inbox message in the list of an app, with what the app is given.
import { setOut } from "../json";
import { inboxItemOf } from "./inbox";
import { type LookalikeProps, OnePicture, Stage } from "./lookalike";

export function Inbox(props: LookalikeProps) {
  const { part, dark } = props;
  const json = part("properties");
  const item = inboxItemOf(json);
  const [type, topic] = [part("type"), part("topic")];
  return (
    <>
      <Stage kind="inbox" dark={dark}>
        <p class="alike-inbox-head">
          Inbox <span class="alike-count">1</span>
        </p>
        <div class="alike-item">
          <span class="alike-dot" role="img" aria-label="not read yet" />
          <div class="alike-item-texts">
            <p>
              <strong class="break">{item?.title || type || "(no title)"}</strong>
            </p>
            {item?.text && <p class="break">{item.text}</p>}
            <p class="alike-faint alike-small break">
              now{topic && ` · ${topic}`}
              {item?.link && ` · leads to ${item.link}`}
            </p>
          </div>
          {item?.picture && (
            <OnePicture {...props} from={item.picture} alt="Picture of the message" class="alike-side" />
          )}
        </div>
        <div class="alike-item alike-item-empty" aria-hidden="true" />
      </Stage>
      <p class="muted small">
        Your app decides how it looks: this is a usual way.
        {item && item.others.length > 0 && ` Not shown here: ${item.others.join(", ")}.`}
      </p>
      {json && (
        <details>
          <summary>Properties as your app gets them</summary>
          <pre class="alike-json">{setOut(json)}</pre>
        </details>
      )}
    </>
  );
}
