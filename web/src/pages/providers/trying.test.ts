// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { bodyOf, senderOf, toOf, variablesIn } from "./trying";

const TYPED = { to: "x", from: "", content_sid: " HX1 ", variables: "1: Ann" };

describe("a test through an account", () => {
  it("asks for what its channel has", () => {
    expect(toOf("email")?.type).toBe("email");
    expect(toOf("in_app")).toBeNull();
    expect([senderOf("email"), senderOf("sms"), senderOf("push")]).toEqual(["needed", "possible", "none"]);
  });
  it("says so to the server", () => {
    expect(bodyOf("email", TYPED, null)).toEqual({ to: "x", from: "" });
    expect(bodyOf("sms", TYPED, null)).toEqual({ to: "x" });
    expect(bodyOf("webhook", { ...TYPED, from: "y" }, null)).toEqual({ to: "x" });
    expect(bodyOf("push", TYPED, "a1")).toEqual({ person: { cio_id: "a1" } });
    expect(bodyOf("whatsapp", { ...TYPED, from: "+1" }, null)).toEqual({
      to: "x",
      from: "+1",
      template: { content_sid: "HX1", variables: { "1": "Ann" } },
    });
    const odd = bodyOf("whatsapp", { ...TYPED, variables: "Ann" }, null) as { template: object };
    expect(odd.template).toEqual({ content_sid: "HX1", variables: "Ann" });
  });
  it("fills a template with what is typed", () => {
    expect(variablesIn("1: Ann\n\n time : 10:30 ")).toEqual({ "1": "Ann", time: "10:30" });
    expect(variablesIn("")).toEqual({});
    expect(variablesIn("Ann")).toBeUndefined();
    expect(variablesIn(": Ann")).toBeUndefined();
  });
});
