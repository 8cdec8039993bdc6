import { createHash, randomUUID } from "node:crypto";
import { lstat, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ROOT } from "../tooling/repository.ts";

/*
 * How the admin script finds the playground that runs on this machine: through a file in the temporary directory. The file
 * contains the playground's admin key, so only this user may read it; the key is worthless once the playground stops.
 */

const vPlayground = z.object({
  pid: z.number().int().positive(),
  convexUrl: z.url(),
  adminKey: z.string(),
  /** The settings of both platforms' stand-ins, for the admin script's requests. */
  platforms: z.record(z.string(), z.string()).optional(),
});

/** How to connect to a running playground. */
export type RunningPlayground = Readonly<z.infer<typeof vPlayground>>;

/** One file per checkout and temporary directory. If two playgrounds share it, it names the one started last. */
function stateFile(): string {
  const checkout = createHash("sha256").update(ROOT).digest("hex").slice(0, 12);
  return join(tmpdir(), `bridge-playground-${checkout}.json`);
}

/** Writes the file. The playground calls this once its deployment answers. */
export async function announcePlayground(playground: RunningPlayground): Promise<void> {
  const file = stateFile();
  // The temporary directory is shared: a new file with an unguessable name, moved into place, can't be one that
  // another user has created to read the key.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(playground), { mode: 0o600, flag: "wx" });
  await rename(draft, file);
}

/** Deletes the file, unless another playground has replaced it. */
export async function withdrawPlayground(pid: number): Promise<void> {
  if ((await read(stateFile()))?.pid === pid) await rm(stateFile(), { force: true });
}

/** The running playground, if there is one. */
export async function findPlayground(): Promise<RunningPlayground | undefined> {
  const playground = await read(stateFile());
  return playground !== undefined && isAlive(playground.pid) ? playground : undefined;
}

async function read(file: string): Promise<RunningPlayground | undefined> {
  try {
    const { uid } = await lstat(file);
    // Another user's file could point the script at another deployment.
    if (process.getuid !== undefined && uid !== process.getuid()) return undefined;
    return vPlayground.safeParse(JSON.parse(await readFile(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 only checks that the process exists.
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
