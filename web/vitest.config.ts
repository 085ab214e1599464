// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vitest/config";

// Logic is tested without a DOM; a test that needs one says `// @vitest-environment happy-dom` in its first line.
export default defineConfig({ test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] } });
