// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vite";

const server = process.env.CLARION_SERVER ?? "http://127.0.0.1:8025";
const proxied = ["/api", "/v1", "/preview", "/docs", "/openapi.json"];

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // a font as a data: URL would need a looser policy
    license: { fileName: "licenses.md" },
    chunkSizeWarningLimit: 800,
  },
  server: {
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: server, changeOrigin: false }])),
  },
});
