import { createHash } from "node:crypto";
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";

/** SHA-256 of `convex/access.ts` as it comes, which opens nothing. Of a change to that file, a test of the page tells. */
const AS_IT_CAME = "bd519fee7253df6e31ab763679e3449ba2a4264625c4246b1326f4ad52503267";

/**
 * Which files the playground's deployment runs in place of others: none if the developer has edited `access.ts`, so that
 * an edited one decides.
 */
export async function chooseAccess(functionsDir: string): Promise<Record<string, string>> {
  const file = await realpath(join(functionsDir, "access.ts"));
  // Git may write other line ends into a checkout.
  const text = (await readFile(file, "utf8")).replaceAll("\r\n", "\n");
  const isEdited = createHash("sha256").update(text).digest("hex") !== AS_IT_CAME;
  return isEdited ? {} : { [file]: join(import.meta.dirname, "opened_access.ts") };
}
