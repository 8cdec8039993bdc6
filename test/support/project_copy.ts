import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../scripts/tooling/repository.ts";

const PARTS = [
  "convex",
  "bridges",
  "scripts",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];

/** A copy of this project. */
export interface ProjectCopy {
  readonly path: string;
  remove(): Promise<void>;
}

/** Copies this project into a temporary directory, without settings, for commands that write into the project. */
export async function copyProject(): Promise<ProjectCopy> {
  const path = await mkdtemp(join(tmpdir(), "bridge-project-"));
  for (const part of PARTS) await cp(join(ROOT, part), join(path, part), { recursive: true });
  await mkdir(join(path, ".convex"), { recursive: true });
  // Links each package rather than node_modules, so that compiled files go into the copy's own cache.
  const packages = join(path, "node_modules");
  await mkdir(packages);
  for (const name of await readdir(join(ROOT, "node_modules"))) {
    if (name !== ".cache") await symlink(join(ROOT, "node_modules", name), join(packages, name));
  }
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
