import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../tooling/repository.ts";
import { chooseAccess } from "./choose_access.ts";

/** What runs in place of an `access.ts` with this text. */
async function replacing(text: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "bridge-access-"));
  try {
    await writeFile(join(folder, "access.ts"), text);
    return Object.values(await chooseAccess(folder)).map((path) => basename(path));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("the playground opens a channel only while access.ts is as it came: an edited one decides itself", async () => {
  const text = await readFile(join(ROOT, "convex", "access.ts"), "utf8");
  expect(await replacing(text)).toEqual(["opened_access.ts"]);
  expect(await replacing(text.replace("return false", "return true"))).toEqual([]);
});
