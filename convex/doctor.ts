import { type Infer, v } from "convex/values";
import { action, query } from "./_generated/server.js";
import { requireAdmin } from "./model/access/caller.ts";
import { complete } from "./model/replies/completion.ts";
import { completionFailure } from "./model/replies/ai_service/completion_errors.ts";
import { withinTime } from "./model/replies/ai_service/time_limit.ts";
import { findMapping } from "./model/rows/mappings.ts";
import { findMessage } from "./model/rows/messages/messages.ts";
import {
  isWebAddress,
  openAiSettings,
  publicChatIsOpen,
  publicChatIsSet,
  unreadableSettings,
} from "./model/shared/settings.ts";
import { vPlatform } from "./model/shared/validators.ts";
import { BACKEND_VERSION } from "./model/shared/version.ts";

/* What `npm run doctor` calls, with an admin token. Returns whether settings are set, never their values. */

/** The fields that are optional are missing from older functions. */
const vAbout = v.object({
  version: v.number(),
  hasOpenAiKey: v.boolean(),
  model: v.string(),
  /** OPENAI_BASE_URL is set and is not an address. */
  hasBadBaseUrl: v.optional(v.boolean()),
  /** Who may use the public chat API; `undecided` is open too. */
  publicChat: v.optional(v.union(v.literal("open"), v.literal("closed"), v.literal("undecided"))),
  /** Names of limits that can't be read and count as 0, and PUBLIC_CHAT if its value is unknown and closes it. */
  unreadable: v.optional(v.array(v.string())),
});

/** The version of these functions, and which settings of the AI service are set. */
export const about = query({
  args: {},
  returns: vAbout,
  handler: async (ctx): Promise<Infer<typeof vAbout>> => {
    await requireAdmin(ctx);
    const { apiKey, model, baseURL } = openAiSettings();
    const openness = publicChatIsSet() ? "open" : "undecided";
    return {
      version: BACKEND_VERSION,
      hasOpenAiKey: apiKey !== undefined,
      model,
      ...(baseURL !== undefined && !isWebAddress(baseURL) && { hasBadBaseUrl: true }),
      publicChat: publicChatIsOpen() ? openness : "closed",
      unreadable: unreadableSettings(),
    };
  },
});

/** Which of these messages of a mapped channel are stored, at most 20. None if the channel isn't mapped. */
export const stored = query({
  args: { platform: vPlatform, externalId: v.string(), messageIds: v.array(v.string()) },
  returns: v.array(v.string()),
  handler: async (ctx, { platform, externalId, messageIds }) => {
    await requireAdmin(ctx);
    const mapping = await findMapping(ctx, platform, externalId);
    if (!mapping) return [];
    const found: string[] = [];
    for (const messageId of messageIds.slice(0, 20)) {
      if (await findMessage(ctx, mapping._id, messageId)) found.push(messageId);
    }
    return found;
  },
});

/** Sends the AI service a short prompt, as a reply does. Discards the answer; `reason` says why there was none. */
export const askModel = action({
  args: {},
  returns: v.union(
    v.object({ ok: v.literal(true) }),
    v.object({ ok: v.literal(false), reason: v.string() }),
  ),
  handler: async (ctx) => {
    await requireAdmin(ctx);
    try {
      const messages = [{ role: "user" as const, content: "Answer with the word ok." }];
      await withinTime((signal) => complete({ messages, signal }));
      return { ok: true as const };
    } catch (error) {
      return { ok: false as const, reason: completionFailure(error).reason };
    }
  },
});
