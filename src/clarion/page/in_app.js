// SPDX-License-Identifier: Apache-2.0
// Shows a person's in-app messages on any page (docs/channels.md):
//   <script src="https://clarion.example/in-app.js" data-token="…" async></script>
// What messages bring is shown in a frame that runs no scripts; our own styles and theirs do not meet the page's.
(() => {
  const me = document.currentScript;
  const messages = `${new URL(me.src).origin}/api/clarion/v1/in_app/messages`;
  const authorization = { Authorization: `Bearer ${me.dataset.token}` };
  const everySeconds = Math.max(5, Number(me.dataset.seconds) || 15);
  const done = new Set(); // ids of those that were shown here
  let showing = false; // one at a time over the page
  let etag = "";

  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { all: initial; }
    section, dialog { box-sizing: border-box; border: 0; padding: 1rem; background: #fff; color: #1a1a1a;
      font: 1rem/1.5 system-ui, sans-serif; box-shadow: 0 .3rem 2rem #0006; }
    dialog { width: min(32rem, 90vw); border-radius: .6rem; }
    dialog::backdrop { background: #0008; }
    .top, .bottom { position: fixed; left: 0; right: 0; z-index: 2147483647; }
    .top { top: 0; } .bottom { bottom: 0; }
    .inline { box-shadow: none; }
    header { display: flex; justify-content: space-between; align-items: start; gap: 1rem; }
    h2 { font-size: 1.2rem; margin: 0; }
    button { font: inherit; padding: .3rem .8rem; border: 1px solid #555; border-radius: .3rem; background: #fff;
      color: #1a1a1a; cursor: pointer; }
    iframe { display: block; width: 100%; height: 4rem; border: 0; }`);

  const tell = (message, what, body) =>
    fetch(`${messages}/${encodeURIComponent(message.id)}/${what}`, {
      method: "POST",
      headers: { ...authorization, "Content-Type": "application/json" },
      body: JSON.stringify(body ?? {}),
      keepalive: true, // a click may lead away from this page
    }).catch(() => undefined);

  /** Whether a rule with `*` for anything fits where we are; a blank one fits everywhere. */
  const fits = (rule) => {
    const wanted = (rule ?? "").trim();
    const pattern = wanted.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*");
    const here = [location.pathname, location.pathname + location.search, location.href];
    return !wanted || here.some((one) => new RegExp(`^${pattern}$`).test(one));
  };

  const frameOf = (message, end) => {
    const frame = document.createElement("iframe");
    frame.title = message.title || "Message";
    frame.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
    frame.srcdoc = `<!doctype html><meta charset="utf-8"><base target="_blank">${message.body}`;
    frame.addEventListener("load", () => {
      const inside = frame.contentDocument;
      frame.style.height = `${inside.documentElement.scrollHeight}px`;
      inside.addEventListener("click", (event) => {
        const link = event.target.closest("a[href]");
        if (link) tell(message, "clicked", { href: link.href });
      });
      inside.addEventListener("keydown", (event) => {
        if (event.key === "Escape") end(); // keys that are pressed in a frame stay in it
      });
    });
    return frame;
  };

  const show = (message, position, parent) => {
    const host = document.createElement("div");
    const root = host.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [style];
    const box = document.createElement(position === "modal" ? "dialog" : "section");
    box.className = position;
    box.setAttribute("aria-label", message.title || "Message");
    const header = document.createElement("header");
    const title = document.createElement("h2");
    title.textContent = message.title;
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Close";
    header.append(title, close);
    const end = () => {
      if (!host.isConnected) return;
      host.remove();
      if (position !== "inline") showing = false;
      tell(message, "dismissed");
    };
    box.append(header, frameOf(message, position === "inline" ? () => undefined : end));
    root.append(box);
    close.addEventListener("click", end);
    box.addEventListener("close", end); // of a dialog, by the Escape key
    parent.append(host);
    if (position === "modal") box.showModal();
    tell(message, "opened");
  };

  const consider = (message) => {
    if (done.has(message.id) || message.kind !== "in_app" || !fits(message.page_rule)) return;
    if (/^\s*[{[]/.test(message.body)) return; // JSON: the page listens to the event, and shows it as it likes
    if (message.position === "inline") {
      const parent = document.getElementById(message.element_id);
      if (!parent) return;
      done.add(message.id);
      show(message, "inline", parent);
    } else if (!showing && (!message.opened || message.persistent === "true")) {
      showing = true;
      done.add(message.id);
      show(message, message.position, document.body);
    }
  };

  let known = [];
  const look = async () => {
    let wait = everySeconds;
    try {
      const headers = etag ? { ...authorization, "If-None-Match": etag } : authorization;
      const answer = await fetch(messages, { headers, cache: "no-store" });
      if (answer.status === 401) return; // the token is over: whoever put us here has to bring another
      if (answer.ok) {
        etag = answer.headers.get("ETag") ?? "";
        known = (await answer.json()).messages;
        document.dispatchEvent(new CustomEvent("clarion:messages", { detail: known }));
      }
      wait = Math.max(wait, Number(answer.headers.get("Retry-After")) || 0);
    } catch {
      wait *= 4; // nobody there
    }
    known.forEach(consider);
    setTimeout(look, wait * 1000);
  };
  look();
})();
