import { createHash } from "node:crypto";
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";

/** SHA-256 of the code of `convex/access.ts` as it comes, which opens nothing. After a change of that code: the test fails. */
const AS_IT_CAME = "2287753e3253c711f546089aa28686dbc510911aaf364cb0201ae8f77c80e9ce";

/**
 * Which files the playground's deployment runs in place of others: none if the developer has edited `access.ts`, so that
 * an edited one decides.
 */
export async function chooseAccess(functionsDir: string): Promise<Record<string, string>> {
  const file = await realpath(join(functionsDir, "access.ts"));
  const code = codeOf(await readFile(file, "utf8"));
  const isEdited = createHash("sha256").update(code).digest("hex") !== AS_IT_CAME;
  return isEdited ? {} : { [file]: join(import.meta.dirname, "opened_access.ts") };
}

/** Without comments, and with one kind of spaces: Git may write other line ends into a checkout. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "")
    .replace(/\s+/g, " ")
    .trim();
}
