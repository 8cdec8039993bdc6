import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../scripts/tooling/repository.ts";
import { copyProject, type ProjectCopy } from "../support/project_copy.ts";

/* The examples of docs/apps.md, as they stand there. */

/** What stands in the marked places of two files until an app puts something there. */
const PLACES = {
  "convex/auth.config.ts": /^const APP_PROVIDERS: .*\[\];$/m,
  "convex/schema.ts": /^ {2}\/\/ An app's own tables go here.*$/m,
} as const;

/** Which members there are, as an admin decides. */
const MEMBERS = `
import { v } from "convex/values";
import { mutation } from "./_generated/server.js";
import { requireAdmin } from "./model/access/caller.ts";

export const set = mutation({
  args: { channelId: v.id("channels"), person: v.string(), isMember: v.boolean() },
  returns: v.null(),
  handler: async (ctx, { channelId, person, isMember }) => {
    await requireAdmin(ctx);
    if (isMember) {
      await ctx.db.insert("members", { channelId, person });
      return null;
    }
    const member = await ctx.db
      .query("members")
      .withIndex("by_member", (q) => q.eq("channelId", channelId).eq("person", person))
      .unique();
    if (member) await ctx.db.delete("members", member._id);
    return null;
  },
});
`;

/** The examples by the file they are of and, where that has several, their name. */
export async function readSnippets(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(ROOT, "docs", "apps.md"), "utf8");
  const found = text.matchAll(/^```(?:html|tsx?) ([\w./]+(?: \(\w+\))?)\n([^]*?)^```$/gm);
  return new Map([...found].map(([, name = "", code = ""]) => [name, code]));
}

/** Copies the project and puts examples into it, by name; what stands in brackets is left out of the file's name. */
export async function projectWith(...names: string[]): Promise<ProjectCopy> {
  const copy = await copyProject();
  await mkdir(join(copy.path, "app"));
  const snippets = await readSnippets();
  for (const name of names) {
    const code = snippets.get(name);
    if (code === undefined) throw new Error(`docs/apps.md has no ${name}`);
    const [path = ""] = name.split(" ");
    const file = join(copy.path, path);
    const place = PLACES[path as keyof typeof PLACES] as RegExp | undefined;
    const before = place && (await readFile(file, "utf8"));
    if (before !== undefined && !place?.test(before)) throw new Error(`${path} has no such place`);
    await writeFile(
      file,
      before === undefined || !place ? code : before.replace(place, () => code),
    );
    if (path === "convex/schema.ts") await writeFile(join(copy.path, "convex/members.ts"), MEMBERS);
  }
  return copy;
}
