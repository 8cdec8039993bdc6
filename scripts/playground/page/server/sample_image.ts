import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { GivenFile } from "../../../stand_ins/chat.ts";

let bytes: Uint8Array | undefined;

/** A screenshot of an error, as people send them: a few kilobytes. */
export function sampleImage(): GivenFile {
  bytes ??= readFileSync(join(import.meta.dirname, "sample.png"));
  return { name: "screenshot.png", type: "image/png", bytes };
}
