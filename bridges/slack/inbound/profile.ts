import { z } from "zod";
import { lenient, lenientList, shortName } from "../../core/shared/lenient.ts";
import type { SlackApi } from "../web.ts";

/** What Slack shows of a person. */
export interface Profile {
  readonly name: string;
  readonly avatarUrl?: string;
}

const name = lenient(shortName);
const userForm = z.object({
  user: lenient(
    z.object({
      name,
      real_name: name,
      profile: lenient(
        z.object({
          display_name: name,
          real_name: name,
          image_72: lenient(z.string().max(2_000)),
        }),
      ),
    }),
  ),
});

const channelForm = z.object({
  channel: lenient(z.object({ name, is_private: lenient(z.boolean()) })),
});
const groupsForm = z.object({
  usergroups: lenient(lenientList(z.object({ id: z.string(), handle: name }))),
});

/** How long the list of user groups serves, in ms: Slack has no method for one of them, and allows some 20 calls a minute. */
const GROUPS_MS = 60_000;

/** Looks up the names of people, channels and user groups. */
export class Profiles {
  #groups:
    { readonly at: number; readonly handles: ReadonlyMap<string, string | undefined> } | undefined;

  constructor(private readonly api: SlackApi) {}

  /** `undefined`: Slack gives no name, or not to everybody. */
  async of(id: string, kind: "user" | "channel" | "group"): Promise<Profile | undefined> {
    if (kind === "user") return await profileOf(this.api, id);
    const shown = kind === "channel" ? await this.#channel(id) : await this.#group(id);
    return shown === undefined ? undefined : { name: shown };
  }

  /** Slack shows the name of a private channel to its members alone, so those who read it elsewhere must not see it. */
  async #channel(channel: string): Promise<string | undefined> {
    const answer = channelForm.parse(await this.api.call("conversations.info", { channel }));
    return answer.channel?.is_private === true ? undefined : answer.channel?.name;
  }

  async #group(id: string): Promise<string | undefined> {
    const now = performance.now();
    if (this.#groups === undefined || now - this.#groups.at > GROUPS_MS) {
      const { usergroups = [] } = groupsForm.parse(await this.api.call("usergroups.list", {}));
      const handles = new Map(usergroups.map(({ id: each, handle }) => [each, handle]));
      this.#groups = { at: now, handles };
    }
    return this.#groups.handles.get(id);
  }
}

/** A person's display name, real name or user name, and their picture. `undefined`: Slack gives no name. */
async function profileOf(api: SlackApi, userId: string): Promise<Profile | undefined> {
  const { user } = userForm.parse(await api.call("users.info", { user: userId }));
  const { display_name, real_name, image_72 } = user?.profile ?? {};
  const shown = [display_name, real_name, user?.real_name, user?.name].find(Boolean);
  if (shown === undefined) return undefined;
  return { name: shown, ...(image_72 === undefined ? {} : { avatarUrl: image_72 }) };
}
