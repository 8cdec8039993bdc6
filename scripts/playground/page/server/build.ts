import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { build } from "vite";

/** A file of the built page, by its path on the server (`/`, `/assets/index-….js`). */
export interface PageFile {
  readonly type: string;
  readonly body: string | Uint8Array;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** Builds the page with Vite in memory, so that playgrounds don't share output files. */
export async function buildPage(): Promise<ReadonlyMap<string, PageFile>> {
  const built = await build({
    root: join(import.meta.dirname, "..", "app"),
    configFile: false,
    envFile: false,
    logLevel: "error",
    plugins: [react()],
    // Builds the production page whatever this process's NODE_ENV is.
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    oxc: { jsx: { runtime: "automatic", development: false } },
    build: { write: false, modulePreload: false, chunkSizeWarningLimit: 2_000 },
  });
  const files = new Map<string, PageFile>();
  for (const bundle of Array.isArray(built) ? built : [built]) {
    if (!("output" in bundle)) throw new Error("Vite watches instead of building");
    for (const file of bundle.output) {
      const type = TYPES[file.fileName.split(".").at(-1) ?? ""] ?? "application/octet-stream";
      const body = file.type === "chunk" ? file.code : file.source;
      files.set(file.fileName === "index.html" ? "/" : `/${file.fileName}`, { type, body });
    }
  }
  return files;
}
