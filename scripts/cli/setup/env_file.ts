import { randomUUID } from "node:crypto";
import { chmod, lstat, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parse } from "dotenv";
import { settingsText } from "../../../bridges/config/env_files.ts";

/**
 * Sets values in a settings file. An existing setting is changed in place, a new one is appended, and every other line
 * stays byte for byte the same. Makes the file readable by this user only, and replaces it atomically. Throws
 * `UnreadableSettings`.
 */
export async function mergeEnvFile(
  path: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const before = settingsText(path);
  const after = mergeEnvText(before, values);
  if (after === before) {
    if (before !== "") await chmod(path, 0o600);
    return;
  }
  await removeDrafts(path);
  const fresh = `${path}.${randomUUID()}`;
  await writeFile(fresh, after, { mode: 0o600, flag: "wx" });
  await rename(fresh, path);
}

/** Old enough that no run still writes it, in ms. */
const ABANDONED_MS = 60_000;

/** Deletes what a crash between writing and renaming left: a copy of every secret. */
async function removeDrafts(path: string): Promise<void> {
  const own = `${basename(path)}.`;
  const names = await readdir(dirname(path));
  const drafts = names.filter((name) => name.startsWith(own) && UUID.test(name.slice(own.length)));
  for (const name of drafts) {
    const draft = join(dirname(path), name);
    const { mtimeMs } = await lstat(draft);
    if (Date.now() - mtimeMs > ABANDONED_MS) await rm(draft, { force: true });
  }
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** A setting's trimmed value; undefined if it is not set or empty. */
export function nonEmpty(value: string | undefined): string | undefined {
  const text = value?.trim() ?? "";
  return text === "" ? undefined : text;
}

/** The text of a settings file with the values set. Throws if a value can't be written so that it reads back the same. */
export function mergeEnvText(text: string, values: Readonly<Record<string, string>>): string {
  let lines = text;
  for (const [name, value] of Object.entries(values)) {
    if (parse(lines)[name] === value) continue;
    const line = `${name}=${quote(value)}`;
    const matches = [
      ...lines.matchAll(new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=.*$`, "gm")),
    ];
    const last = matches.at(-1);
    if (last === undefined) {
      lines = `${lines}${lines === "" || lines.endsWith("\n") ? "" : "\n"}${line}\n`;
    } else {
      // If a setting occurs more than once, dotenv uses the last.
      const end = last.index + last[0].length;
      const carriageReturn = last[0].endsWith("\r") ? "\r" : "";
      lines = `${lines.slice(0, last.index)}${line}${carriageReturn}${lines.slice(end)}`;
    }
    if (parse(lines)[name] !== value)
      throw new Error(`${name} can't be written to a settings file`);
  }
  return lines;
}

function quote(value: string): string {
  if (/^[\w./:@+-]*$/.test(value)) return value;
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}
