// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { notificationOf } from "./push";

const of = (parts: Record<string, string>) => (name: string) => parts[name] ?? "";

test("title, message and picture", () => {
  const shown = { title: "T", message: "M", picture: true };
  const part = of({ title: "T", message: "M", image_url: "https://a.example/x.png" });
  expect(notificationOf("ios", part)).toEqual(shown);
  expect(notificationOf("android", part)).toEqual(shown);
});

test("a payload of one's own stands in place of the rest, for the devices that it names", () => {
  const ios = { message: { aps: { alert: { title: "A", body: "B" } } } };
  const one = of({ title: "T", message: "M", custom_payload: JSON.stringify({ ios }) });
  expect(notificationOf("ios", one)).toEqual({ title: "A", message: "B", picture: false });
  expect(notificationOf("android", one)).toEqual({ title: "T", message: "M", picture: false });
  const android = { notification: { title: "A", body: "B", image: "https://a.example/x" } };
  const other = of({ custom_payload: JSON.stringify({ ios: { aps: { alert: "B" } }, android }) });
  expect(notificationOf("ios", other)).toEqual({ title: "", message: "B", picture: false });
  expect(notificationOf("android", other)).toEqual({ title: "A", message: "B", picture: true });
});
