import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { isEdited } from "../../tooling/as_it_came.ts";

/**
 * Which files the playground's deployment runs in place of others: none if the developer has edited `access.ts`, so that
 * an edited one decides.
 */
export async function chooseAccess(functionsDir: string): Promise<Record<string, string>> {
  const file = await realpath(join(functionsDir, "access.ts"));
  return (await isEdited(file)) ? {} : { [file]: join(import.meta.dirname, "opened_access.ts") };
}
