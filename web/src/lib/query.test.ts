// @vitest-environment happy-dom
// SPDX-License-Identifier: Apache-2.0
import { cleanup, renderHook, waitFor } from "@testing-library/preact";
import { afterEach, expect, test, vi } from "vitest";
import { invalidate, useQuery } from "./query";

/** For each call its answer, in the order of calls. */
const answers: ((value: unknown) => void)[] = [];
vi.stubGlobal(
  "fetch",
  (_: string, { signal }: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      answers.push((value) => resolve(new Response(JSON.stringify(value))));
      signal?.addEventListener("abort", () => reject(new DOMException("given up", "AbortError")));
    }),
);
afterEach(cleanup);

const answer = (number: number, value: unknown) => answers.at(number)?.(value);

test("what was asked before a change is given up, and asked anew", async () => {
  const { result } = renderHook(() => useQuery<string>("/changed"));
  const before = answers.length;
  invalidate("/changed");
  expect(answers.length).toBe(before + 1);
  answer(-2, "old");
  answer(-1, "new");
  await waitFor(() => expect(result.current.data).toBe("new"));
});

test("an answer that nobody waited for makes nothing fresh", async () => {
  const page = renderHook(() => useQuery<string>("/left"));
  answer(-1, "old");
  await waitFor(() => expect(page.result.current.data).toBe("old"));
  invalidate("/left");
  page.unmount();
  await Promise.resolve();
  const before = answers.length;
  const next = renderHook(() => useQuery<string>("/left"));
  expect(next.result.current.data).toBe("old");
  expect(answers.length).toBe(before + 1);
  answer(-1, "new");
  await waitFor(() => expect(next.result.current.data).toBe("new"));
});
