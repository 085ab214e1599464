// SPDX-License-Identifier: Apache-2.0
// What each kind of device shows of a push message. Without a DOM.

export type Platform = "ios" | "android";

export interface Notification {
  title: string;
  message: string;
  picture: boolean;
}

type Loose = Readonly<Record<string, unknown>>;

function object(value: unknown): Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}
function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A payload of the writer's own stands in place of everything else, for the devices that it names. */
export function notificationOf(platform: Platform, part: (name: string) => string): Notification {
  const written = { title: part("title"), message: part("message"), picture: part("image_url") !== "" };
  let payload: Loose;
  try {
    payload = object(JSON.parse(part("custom_payload") || "{}"));
  } catch {
    return written;
  }
  if (payload[platform] === undefined) return written;
  const own = object(payload[platform]);
  const inner = typeof own.message === "object" ? object(own.message) : own;
  if (platform === "android") {
    const shown = object(inner.notification);
    return { title: text(shown.title), message: text(shown.body), picture: text(shown.image) !== "" };
  }
  const aps = object(inner.aps);
  if (typeof aps.alert === "string") return { title: "", message: aps.alert, picture: false };
  const alert = object(aps.alert);
  return { title: text(alert.title), message: text(alert.body), picture: false };
}
