import { randomUUID } from "node:crypto";
import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { parse } from "dotenv";

/**
 * Sets values in a settings file. Every other line stays as it is, in its place and byte for byte; a value that is
 * there is changed where it stands, a new one goes to the end. The file is for this user only afterwards, and is
 * replaced in one step: a crash leaves the old one.
 */
export async function mergeEnvFile(
  path: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const before = await readIfThere(path);
  const after = mergeEnvText(before, values);
  if (after === before) {
    if (before !== "") await chmod(path, 0o600);
    return;
  }
  const fresh = `${path}.${randomUUID()}`;
  await writeFile(fresh, after, { mode: 0o600, flag: "wx" });
  await rename(fresh, path);
}

/** The text of a settings file with the values set. Throws when a value can't be written so that it is read back. */
export function mergeEnvText(text: string, values: Readonly<Record<string, string>>): string {
  let lines = text;
  for (const [name, value] of Object.entries(values)) {
    if (parse(lines)[name] === value) continue;
    const line = `${name}=${quoted(value)}`;
    const matches = [
      ...lines.matchAll(new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=.*$`, "gm")),
    ];
    const last = matches.at(-1);
    if (last === undefined) {
      lines = `${lines}${lines === "" || lines.endsWith("\n") ? "" : "\n"}${line}\n`;
    } else {
      // Of several the last one counts.
      const end = last.index + last[0].length;
      const carriage = last[0].endsWith("\r") ? "\r" : "";
      lines = `${lines.slice(0, last.index)}${line}${carriage}${lines.slice(end)}`;
    }
    if (parse(lines)[name] !== value)
      throw new Error(`${name} can't be written to a settings file`);
  }
  return lines;
}

function quoted(value: string): string {
  if (/^[\w./:@+-]*$/.test(value)) return value;
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
