import { createHash, randomUUID } from "node:crypto";
import { lstat, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ROOT } from "../tooling/repository.ts";

/*
 * How the admin script finds the playground that runs on this machine. The file holds the playground's admin
 * key, so it is for this user only; the key is worth nothing once that playground has stopped.
 */

const vPlayground = z.object({
  pid: z.number().int().positive(),
  convexUrl: z.url(),
  adminKey: z.string(),
  /** The settings of both platforms' stand-ins, so that the admin script can ask them. */
  platforms: z.record(z.string(), z.string()).optional(),
});

export type RunningPlayground = Readonly<z.infer<typeof vPlayground>>;

/** One file a checkout and temporary folder; of two playgrounds there, the one started last is found. */
function stateFile(): string {
  const checkout = createHash("sha256").update(ROOT).digest("hex").slice(0, 12);
  return join(tmpdir(), `bridge-playground-${checkout}.json`);
}

/** Written by the playground once its deployment answers. */
export async function announcePlayground(playground: RunningPlayground): Promise<void> {
  const file = stateFile();
  // The temporary folder is shared: a new file under a name nobody can guess, moved into place, can't be
  // one that another user has put there to read along.
  const fresh = `${file}.${randomUUID()}`;
  await writeFile(fresh, JSON.stringify(playground), { mode: 0o600, flag: "wx" });
  await rename(fresh, file);
}

/** Takes the announcement back, unless another playground has made its own since. */
export async function withdrawPlayground(pid: number): Promise<void> {
  if ((await read(stateFile()))?.pid === pid) await rm(stateFile(), { force: true });
}

/** The playground that runs now, if one does. */
export async function findPlayground(): Promise<RunningPlayground | undefined> {
  const playground = await read(stateFile());
  return playground !== undefined && isAlive(playground.pid) ? playground : undefined;
}

async function read(file: string): Promise<RunningPlayground | undefined> {
  try {
    const { uid } = await lstat(file);
    // Another user's file could send the script to another deployment.
    if (process.getuid !== undefined && uid !== process.getuid()) return undefined;
    return vPlayground.safeParse(JSON.parse(await readFile(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 only asks.
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
