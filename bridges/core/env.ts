import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "dotenv";

/** Settings by name. An empty value counts as unset. */
export type Env = Readonly<Record<string, string | undefined>>;

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** The settings of `.env.local`, then `.env`, at the repository root whatever the working directory. */
export function readEnvFiles(root = REPOSITORY): Env {
  return { ...parseFile(`${root}/.env`), ...parseFile(`${root}/.env.local`) };
}

function parseFile(path: string): Env {
  try {
    return parse(readFileSync(path));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
}
