import { parse } from "dotenv";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { copyFile, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../tooling/repository.ts";
import { mergeEnvFile, mergeEnvText } from "./env_file.ts";

describe("merging settings", () => {
  test("changes an existing value in place and appends a new one", () => {
    const before = "# about A\nA=1\nexport B='two'\n";
    expect(mergeEnvText(before, { B: "2", C: "3" })).toBe("# about A\nA=1\nB=2\nC=3\n");
  });

  test("a last line without a line break stays a separate line", () => {
    expect(mergeEnvText("A=1", { B: "2" })).toBe("A=1\nB=2\n");
  });

  test("of a setting that occurs twice, the last one is changed", () => {
    expect(mergeEnvText("A=1\nA=2\n", { A: "3" })).toBe("A=1\nA=3\n");
  });

  test("a value that is already set changes nothing", () => {
    const before = 'A="1"  # why\r\n';
    expect(mergeEnvText(before, { A: "1" })).toBe(before);
  });

  test("Windows line endings stay", () => {
    expect(mergeEnvText("A=1\r\nB=2\r\n", { A: "9" })).toBe("A=9\r\nB=2\r\n");
  });

  test("no other setting is lost or changed, whatever is set", () => {
    const name = fc.stringMatching(/^[A-Z]{1,3}$/);
    const value = fc.stringMatching(/^[\w {}":,=+/.#-]{0,20}$/).map((text) => text.trim());
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.dictionary(name, value), (before, values) => {
        const text = mergeEnvText("# top\n", before);
        expect(parse(mergeEnvText(text, values))).toEqual({ ...before, ...values });
      }),
    );
  });
});

const inFolder = async (use: (folder: string) => Promise<void>) => {
  const folder = await mkdtemp(join(tmpdir(), "bridge-env-"));
  await use(folder).finally(() => rm(folder, { recursive: true }));
};

test("a file that is not in UTF-8 is refused and stays as it is", () =>
  inFolder(async (folder) => {
    const path = join(folder, ".env.local");
    const before = Buffer.from("A=é\n", "latin1");
    await writeFile(path, before);
    await expect(mergeEnvFile(path, { B: "2" })).rejects.toThrow(".env.local is not in UTF-8");
    expect(await readFile(path)).toEqual(before);
  }));

describe("what a crash between writing and renaming leaves", () => {
  test("is deleted by the next write, and no other file is", () =>
    inFolder(async (folder) => {
      const [left, fresh] = [`.env.local.${randomUUID()}`, `.env.local.${randomUUID()}`];
      for (const name of [left, fresh, ".env.local.backup"])
        await writeFile(join(folder, name), "");
      const anHourAgo = Date.now() / 1_000 - 3_600;
      for (const name of [left, ".env.local.backup"])
        await utimes(join(folder, name), anHourAgo, anHourAgo);
      await mergeEnvFile(join(folder, ".env.local"), { A: "1" });
      // A run that writes at the same time may still need its own.
      expect((await readdir(folder)).sort()).toEqual(
        [".env.local", ".env.local.backup", fresh].sort(),
      );
    }));

  test("is ignored by git", () =>
    inFolder(async (folder) => {
      const git = (...args: string[]) => execFileSync("git", ["-C", folder, ...args]).toString();
      git("init", "--quiet");
      await copyFile(join(ROOT, ".gitignore"), join(folder, ".gitignore"));
      for (const name of [`.env.local.${randomUUID()}`, ".env.local", ".env.example"])
        await writeFile(join(folder, name), "");
      expect(git("ls-files", "--others", "--exclude-standard").split("\n")).toEqual([
        ".env.example",
        ".gitignore",
        "",
      ]);
    }));
});
