// SPDX-License-Identifier: Apache-2.0
// Formatted text as a messenger shows it.
import { type Inline, type Paragraph, safeHref } from "./mrkdwn";

function Piece({ of }: { of: Inline }) {
  switch (of.kind) {
    case "text":
      return <>{of.text}</>;
    case "break":
      return <br />;
    case "bold":
      return (
        <strong>
          <Pieces of={of.children} />
        </strong>
      );
    case "italic":
      return (
        <em>
          <Pieces of={of.children} />
        </em>
      );
    case "strike":
      return (
        <s>
          <Pieces of={of.children} />
        </s>
      );
    case "code":
      return <code>{of.text}</code>;
    case "mention":
      return <span class="alike-mention">{of.text}</span>;
    case "link": {
      const href = safeHref(of.href);
      return href === null ? (
        <span class="alike-link">{of.text}</span>
      ) : (
        <a class="alike-link" href={href} target="_blank" rel="noreferrer">
          {of.text}
        </a>
      );
    }
  }
}

export function Pieces({ of }: { of: readonly Inline[] }) {
  return of.map((one, no) => <Piece key={no} of={one} />);
}

export function Paragraphs({ of }: { of: readonly Paragraph[] }) {
  return of.map((one, no) => {
    const key = `${no}`;
    if (one.kind === "pre") return <pre key={key}>{one.text}</pre>;
    if (one.kind === "list") {
      const List = one.ordered ? "ol" : "ul";
      return (
        <List key={key}>
          {one.items.map((item, at) => (
            <li key={at}>
              <Pieces of={item} />
            </li>
          ))}
        </List>
      );
    }
    const Around = one.kind === "quote" ? "blockquote" : "p";
    return (
      <Around key={key}>
        <Pieces of={one.children} />
      </Around>
    );
  });
}
