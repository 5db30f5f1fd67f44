import { defineConfig } from "vite";

// Everything comes from the node itself and nothing is inline, so that the strictest policy lets it run.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/samstad_console/static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
  worker: { format: "es" },
});
