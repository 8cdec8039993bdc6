import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isEdited } from "./as_it_came.ts";
import { ROOT } from "./repository.ts";

/** Whether a file of this name with this text counts as edited. */
async function edited(name: string, text: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "bridge-edited-"));
  try {
    await writeFile(join(folder, name), text);
    return await isEdited(join(folder, name));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test.each(["access.ts", "answer.ts"])(
  "%s is edited once its code is another, whatever its comments and line ends",
  async (name) => {
    const text = await readFile(join(ROOT, "convex", name), "utf8");
    expect(await edited(name, text)).toBe(false);
    expect(await edited(name, text.replaceAll("\n", "\r\n"))).toBe(false);
    expect(await edited(name, `// Mine.\n${text}`)).toBe(false);
    expect(await edited(name, text.replace("return ", "return null ?? "))).toBe(true);
    expect(await edited(name, `${text}export const mine = 1;\n`)).toBe(true);
  },
);
