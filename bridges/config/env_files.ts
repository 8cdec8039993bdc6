import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "dotenv";

/** Settings by name. An empty value counts as unset. */
export type Env = Readonly<Record<string, string | undefined>>;

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

const READABLE = "Make it a file of the user that runs this: chown it to that user, and chmod 600.";

/** A file of settings is there and can't be read. A person mends it; until then nothing is known of the settings. */
export class UnreadableSettings extends Error {
  readonly problem: string;
  readonly step = READABLE;

  constructor(
    readonly file: string,
    code: string,
  ) {
    const problem = `can't be read by this user (${code})`;
    super(`${file} ${problem}. ${READABLE}`);
    this.name = "UnreadableSettings";
    this.problem = problem;
  }
}

/**
 * The settings of `.env.local`, then `.env`, at the repository root whatever the working directory. Throws
 * `UnreadableSettings`.
 */
export function readEnvFiles(root = REPOSITORY): Env {
  return { ...parseFile(`${root}/.env`), ...parseFile(`${root}/.env.local`) };
}

function parseFile(path: string): Env {
  try {
    return parse(readFileSync(path));
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    if (error.code === "ENOENT") return {};
    throw new UnreadableSettings(basename(path), String(error.code));
  }
}
