/**
 * How the page is built: scripts and one style, named by their hashes, with nothing inline and
 * nothing from elsewhere.
 */
import { fileURLToPath } from "node:url";
import { defaultClientConditions, defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL("src/page", import.meta.url)),
  // Files name each other by relative paths, so that a deployment can be served below a path of its
  // host.
  base: "./",
  resolve: {
    // From the sources of the SDK, so that the page needs nothing to be compiled before it.
    conditions: ["ams-source", ...defaultClientConditions],
    alias: {
      "react-dom": "preact/compat",
      "react/jsx-runtime": "preact/jsx-runtime",
      react: "preact/compat",
    },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../dist/page",
    emptyOutDir: true,
    target: "es2022",
    assetsDir: ".",
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: fileURLToPath(new URL("src/page/main.tsx", import.meta.url)) },
  },
});
