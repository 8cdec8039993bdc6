import { expect, test, vi } from "vitest";
import { buildCommandLine } from "./command_line.ts";
import { unattendedPrompts } from "./prompts.ts";

test.each([
  [["rotat", "discord"], "error: unknown command 'rotat'", "(Did you mean rotate?)"],
  [["discord"], "error: unknown command 'discord'", "--help"],
])("a word that is no command is named, and nothing is set up: %j", async (args, ...said) => {
  const written: string[] = [];
  const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  const program = buildCommandLine(() => undefined);
  await expect(program.parseAsync(args, { from: "user" })).rejects.toMatchObject({ exitCode: 1 });
  write.mockRestore();
  for (const text of said) expect(written.join("")).toContain(text);
});

test("a choice that nobody is there to make names the flag that makes it", async () => {
  await expect(
    unattendedPrompts(false).choose("Where?", "pass --convex <where>", []),
  ).rejects.toThrow('no terminal to ask "Where?": pass --convex <where>');
});
