// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { filled, sentOf, templateOf } from "./template";

test("a text alone is a body", () => {
  const found = filled(templateOf("Hi {{1}}, line {{ 2 }} and {{3}}"), { "1": "Ann", "2": "N7", "4": "x" });
  expect(found.template.body).toBe("Hi Ann, line N7 and {{3}}");
  expect([found.missing, found.unused]).toEqual([["3"], ["4"]]);
});

test("what Twilio tells of a template is read", () => {
  const card = {
    friendly_name: "bus",
    types: {
      "whatsapp/card": {
        header_text: "For {{name}}",
        body: "It runs",
        footer: "Reply STOP",
        media: ["https://a.example/x.png"],
        actions: [
          { type: "URL", title: "Times of {{line}}", url: "https://a.example/{{line}}" },
          { type: "PHONE_NUMBER", title: "Call us", phone: "+15551234567" },
          { type: "QUICK_REPLY", title: "Thanks", id: "t" },
        ],
      },
    },
  };
  const found = filled(templateOf(JSON.stringify(card)), { name: "Ann", line: "N7" });
  expect(found).toEqual({
    template: {
      header: "For Ann",
      body: "It runs",
      footer: "Reply STOP",
      media: true,
      buttons: [
        { text: "Times of N7", kind: "url" },
        { text: "Call us", kind: "phone" },
        { text: "Thanks", kind: "reply" },
      ],
    },
    missing: [],
    unused: [],
  });
  const replies = {
    types: { "twilio/quick-reply": { body: "Well?", actions: [{ title: "Yes", id: "y" }] } },
  };
  expect(templateOf(JSON.stringify(replies)).buttons).toEqual([{ text: "Yes", kind: "reply" }]);
});

test("what is put into it is read from the message", () => {
  expect(sentOf('{"content_sid": "HX1", "variables": {"1": "Ann"}}')).toEqual({
    sid: "HX1",
    variables: { "1": "Ann" },
  });
  expect(sentOf("{")).toBeNull();
});
