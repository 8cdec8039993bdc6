import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "dotenv";

/** Settings by name. An empty value counts as unset. */
export type Env = Readonly<Record<string, string | undefined>>;

/** The folder of the settings files. */
export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

const STEP = "Make it readable for the user that runs this: chown it to that user, and chmod 600.";

/** A settings file exists and can't be read. Until that is fixed, no setting can be used. */
export class UnreadableSettings extends Error {
  readonly step = STEP;

  constructor(
    readonly file: string,
    readonly problem: string,
  ) {
    super(`${file} ${problem}. ${STEP}`);
    this.name = "UnreadableSettings";
  }
}

/**
 * The settings in `.env.local`, which overrides `.env`, at the repository root, whatever the working directory. A
 * missing file has none. Throws `UnreadableSettings`.
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
    const problem = `can't be read by this user (${String(error.code)})`;
    throw new UnreadableSettings(basename(path), problem);
  }
}
