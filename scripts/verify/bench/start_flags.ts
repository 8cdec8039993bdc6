import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ROOT } from "../../tooling/repository.ts";

const manifest = z.object({ scripts: z.object({ start: z.string() }) });

/** The flags that `npm start` passes to Node. */
export async function startFlags(): Promise<string[]> {
  const text = await readFile(join(ROOT, "package.json"), "utf8");
  const { start } = manifest.parse(JSON.parse(text)).scripts;
  return (start.split("scripts/bootstrap.mjs")[0] ?? "")
    .split(" ")
    .filter((word) => word.startsWith("--"));
}
