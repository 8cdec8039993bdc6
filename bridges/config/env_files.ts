import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "dotenv";

/** Settings by name. An empty value counts as unset. */
export type Env = Readonly<Record<string, string | undefined>>;

/** The folder of the settings files. */
export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** A settings file exists and can't be read. Until that is fixed, no setting can be used. */
export class UnreadableSettings extends Error {
  constructor(
    readonly file: string,
    readonly problem: string,
    readonly step: string,
  ) {
    super(`${file} ${problem}. ${step}`);
    this.name = "UnreadableSettings";
  }
}

/**
 * The settings in `.env.local`, which overrides `.env`, at the repository root, whatever the working directory. A
 * missing file has none. Throws `UnreadableSettings`.
 */
export function readEnvFiles(root = REPOSITORY): Env {
  return { ...parse(settingsText(`${root}/.env`)), ...parse(settingsText(`${root}/.env.local`)) };
}

/** The text of a settings file; empty if there is none. Throws `UnreadableSettings`. */
export function settingsText(path: string): string {
  const unreadable = (problem: string, step: string) =>
    new UnreadableSettings(basename(path), problem, step);
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    if (error.code === "ENOENT") return "";
    if (error.code === "EISDIR")
      throw unreadable("is a folder (EISDIR)", "Put a file in its place.");
    if (error.code !== "ERR_ENCODING_INVALID_ENCODED_DATA")
      throw unreadable(`can't be read by this user (${String(error.code)})`, READABLE);
  }
  // Most of UTF-16 without a byte order mark is valid UTF-8, with a NUL beside each letter.
  if (text === undefined || text.includes("\0"))
    throw unreadable("is not in UTF-8 (PowerShell's > writes UTF-16)", ENCODED);
  return text;
}

const READABLE =
  "Make it readable for the user that runs this: chown it to that user, and chmod 600.";
const ENCODED = "Save it as UTF-8, and check that letters beyond English are still right.";
