import type { UserIdentity } from "convex/server";
import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { appPerson } from "../access/caller.ts";
import { refusal } from "../shared/refusal.ts";
import { cutToBytes, onOneLine } from "../shared/text.ts";

/** Longest name, in bytes of UTF-8. */
const MOST_BYTES = 400;

/** See `apps.ensureUser`. */
export async function ensureAppUser(ctx: MutationCtx, wanted?: string): Promise<Id<"users">> {
  const person = await appPerson(ctx);
  if (!person)
    throw refusal("FORBIDDEN", "only a person whom the app's provider signed in may call this");
  const { tokenIdentifier } = person;
  const user = await ctx.db
    .query("users")
    .withIndex("by_tokenIdentifier", (q) => q.eq("tokenIdentifier", tokenIdentifier))
    .unique();
  const name = nameOf(person, wanted);
  if (!user) return await ctx.db.insert("users", { name: name ?? "Somebody", tokenIdentifier });
  if (name !== undefined && name !== user.name) await ctx.db.patch("users", user._id, { name });
  return user._id;
}

/** What the provider calls the person; only if it says nothing, what the person wants to be called. */
function nameOf(person: UserIdentity, wanted = ""): string | undefined {
  const names = [person.name, person.nickname, wanted];
  const [name] = names.flatMap((each) => {
    const line = typeof each === "string" ? onOneLine(each) : "";
    return line === "" ? [] : [line];
  });
  return name === undefined ? undefined : cutToBytes(name, MOST_BYTES);
}
