import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig, type Plugin } from "vite";

/** Where the gateway (or the development mock) listens while `npm run dev` serves the pages. */
const gateway = process.env.INBOX_DEV_GATEWAY ?? "http://127.0.0.1:8080";

const WORKER = "sw.js";

/** Writes into the service worker which files a version is made of. */
function shell(): Plugin {
  return {
    name: "shell",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const worker = bundle[WORKER];
      if (worker?.type !== "chunk") throw new Error("the service worker was not built");
      if (worker.imports.length) throw new Error(`the service worker must stand alone: ${worker.imports.join(", ")}`);
      const files = Object.keys(bundle).filter((name) => name.startsWith("assets/")).map((name) => `/${name}`).toSorted();
      const version = createHash("sha256").update(files.join("\n")).digest("hex").slice(0, 12);
      worker.code = worker.code.replaceAll("__SHELL__", JSON.stringify({ version, files }));
    },
  };
}

export default defineConfig({
  plugins: [vue(), shell()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
  server: { proxy: { "/api": { target: gateway, ws: true } } },
  build: {
    target: ["chrome123", "firefox120", "safari17.5"],
    // A font or picture inlined as data: would be refused by the content policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    rolldownOptions: {
      input: { index: "index.html", sw: "src/offline/worker.ts" },
      output: { entryFileNames: (chunk) => (chunk.name === "sw" ? WORKER : "assets/[name]-[hash].js") },
    },
  },
  test: { environment: "happy-dom", include: ["tests/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
