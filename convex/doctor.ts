import { v } from "convex/values";
import { action, query } from "./_generated/server.js";
import { requireAdmin } from "./model/access/caller.ts";
import { complete } from "./model/replies/completion.ts";
import { completionFailure } from "./model/replies/completion_errors.ts";
import { findMapping } from "./model/rows/mappings.ts";
import { openAiSettings } from "./model/shared/settings.ts";
import { vPlatform } from "./model/shared/validators.ts";
import { BACKEND_VERSION } from "./model/shared/version.ts";

/* What `npm run doctor` asks a deployment, with an admin token. Tells what is set, never to what. */

/** The version of these functions, and what of the AI service is set up. */
export const about = query({
  args: {},
  returns: v.object({
    version: v.number(),
    hasOpenAiKey: v.boolean(),
    model: v.string(),
    /** OPENAI_BASE_URL is set, and no address. */
    hasBadBaseUrl: v.optional(v.boolean()),
  }),
  handler: async (ctx) => {
    await requireAdmin(ctx);
    const { apiKey, model, baseURL } = openAiSettings();
    return {
      version: BACKEND_VERSION,
      hasOpenAiKey: apiKey !== undefined,
      model,
      ...(baseURL !== undefined && !isAddress(baseURL) && { hasBadBaseUrl: true }),
    };
  },
});

function isAddress(text: string): boolean {
  return /^https?:\/\/[^\s/]+\S*$/.test(text);
}

/** Which of these messages of a mapped channel are stored, at most 20; all of them are none if it isn't mapped. */
export const stored = query({
  args: { platform: vPlatform, externalId: v.string(), messageIds: v.array(v.string()) },
  returns: v.array(v.string()),
  handler: async (ctx, { platform, externalId, messageIds }) => {
    await requireAdmin(ctx);
    const mapping = await findMapping(ctx, platform, externalId);
    if (!mapping) return [];
    const found: string[] = [];
    for (const messageId of messageIds.slice(0, 20)) {
      const message = await ctx.db
        .query("messages")
        .withIndex("by_mappingId_and_externalId", (q) =>
          q.eq("mappingId", mapping._id).eq("externalId", messageId),
        )
        .first();
      if (message) found.push(messageId);
    }
    return found;
  },
});

/** Asks the AI service something tiny, as a reply would. The answer's text is thrown away; `reason` says why not. */
export const askModel = action({
  args: {},
  returns: v.union(
    v.object({ ok: v.literal(true) }),
    v.object({ ok: v.literal(false), reason: v.string() }),
  ),
  handler: async (ctx) => {
    await requireAdmin(ctx);
    try {
      await complete({ messages: [{ role: "user", content: "Answer with the word ok." }] });
      return { ok: true as const };
    } catch (error) {
      return { ok: false as const, reason: completionFailure(error).reason };
    }
  },
});
