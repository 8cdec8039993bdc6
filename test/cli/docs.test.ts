import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildCommandLine as channelsProgram } from "../../scripts/cli/channels/command_line.ts";
import { INVITE_PERMISSIONS } from "../../scripts/cli/channels/views/discord_permissions.ts";
import { buildCommandLine as setupProgram } from "../../scripts/cli/setup/command_line.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";

/* The commands and flags that README and docs name exist. */

const read = (path: string) => readFile(join(ROOT, path), "utf8");

async function documents(): Promise<string> {
  const names = (await readdir(join(ROOT, "docs"))).filter((name) => name.endsWith(".md"));
  const texts = await Promise.all(["README.md", ...names.map((name) => `docs/${name}`)].map(read));
  return texts.join("\n");
}

const scripts = async () =>
  (JSON.parse(await read("package.json")) as { scripts: Record<string, string> }).scripts; // Our own file.

test("every `npm run` command in the documents is a script", async () => {
  const named = [...(await documents()).matchAll(/npm run (?:--silent )?([a-z]+)/g)];
  const names = new Set(named.map((match) => match[1] ?? ""));
  expect(names.size).toBeGreaterThan(6);
  const known = Object.keys(await scripts());
  expect([...names].filter((name) => !known.includes(name))).toEqual([]);
});

test.each([
  ["setup", setupProgram],
  ["channels", channelsProgram],
])(
  "every flag and verb of `npm run %s` in the documents exists",
  async (name, buildCommandLine) => {
    const program = buildCommandLine(() => undefined);
    const commands = [program, ...program.commands];
    const help = commands.map((command) => command.helpInformation()).join("\n");
    const lines = [
      ...(await documents()).matchAll(new RegExp(`npm run ${name} -- ([^\\n\`#]+)`, "g")),
    ];
    expect(lines.length).toBeGreaterThan(3);
    for (const [, words = ""] of lines) {
      const [verb = ""] = words.split(" ");
      if (/^[a-z]+$/.test(verb))
        expect(program.commands.map((each) => each.name())).toContain(verb);
      for (const [flag] of words.matchAll(/--[a-z][\w-]*/g)) expect(help).toContain(flag);
    }
  },
);

test("the systemd unit runs the command of `npm start`", async () => {
  const unit = /^ExecStart=\/usr\/bin\/(.*)$/m.exec(await read("docs/running.md"))?.[1];
  expect(unit).toBe((await scripts()).start);
});

test("the systemd unit restarts too rarely for Discord to reset the token", async () => {
  const seconds = /^RestartSec=(\d+)$/m.exec(await read("docs/running.md"))?.[1];
  // Discord allows a bot 1,000 connections a day.
  expect((24 * 60 * 60) / Number(seconds)).toBeLessThan(1_000);
});

test("the invite link requests the permissions that the doctor checks", async () => {
  const permissions = /&permissions=(\d+)/.exec(await read("docs/setup.md"))?.[1];
  expect(permissions).toBe(INVITE_PERMISSIONS.toString());
});

test("the README's badges say what package.json says", async () => {
  const manifest = JSON.parse(await read("package.json")) as {
    license: string;
    engines: { node: string };
  }; // Our own file.
  const readme = await read("README.md");
  expect(readme).toContain(`/badge/licence-${manifest.license}-`);
  expect(readme).toContain(`/badge/node-${encodeURIComponent(manifest.engines.node)}-`);
});

test("docs/running.md names each file that describes where to run the bridge", async () => {
  const running = await read("docs/running.md");
  for (const name of ["compose.yaml", "fly.toml", "render.yaml", "railway.json"])
    expect(running).toContain(name);
});
