// SPDX-License-Identifier: Apache-2.0
// The mailbox that bounces of mail by SMTP come to.
import { Section } from "../../ui/page";
import { Pill } from "../../ui/pill";
import { type BounceMailbox, readingOf } from "./words";

/** How reading it goes. */
export function Bounces({ mailbox }: { mailbox: BounceMailbox }) {
  return (
    <Section
      title="Mailbox of bounces"
      hint="Reports of mail servers that come here are counted as a provider’s events are, and dead addresses get no more mail."
      actions={
        <Pill tone={mailbox.failure ? "bad" : "good"}>{mailbox.failure ? "cannot be read" : "read"}</Pill>
      }
    >
      <p>
        <code class="break">{mailbox.name}</code>
      </p>
      <p>{readingOf(mailbox)}</p>
    </Section>
  );
}
