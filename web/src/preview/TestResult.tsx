// SPDX-License-Identifier: Apache-2.0
// What a provider said to a test, and what that means.
import { Pill } from "../ui/pill";
import { endingOf, meaningOf, type TestResult } from "./test-result";

/** A place that screen readers watch; empty while there is no result. */
export function Tested({ result }: { result: TestResult | null }) {
  return (
    <div role="status">
      {result && (
        <>
          <p>
            <Pill tone={endingOf(result).tone}>{endingOf(result).words}</Pill> {meaningOf(result)}
          </p>
          <p class="muted break">
            {result.account} says: {result.words}
          </p>
        </>
      )}
    </div>
  );
}
