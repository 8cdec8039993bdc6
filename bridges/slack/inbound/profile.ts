import type { SlackApi } from "../web.ts";

/** What Slack shows of a person. */
export interface Profile {
  readonly name: string;
  readonly avatarUrl?: string;
}

/** A person's display name, real name or user name, and their picture. `undefined`: Slack gives no name. */
export async function profileOf(api: SlackApi, userId: string): Promise<Profile | undefined> {
  const { user } = await api.request((web) => web.users.info({ user: userId }));
  const { display_name, real_name, image_72 } = user?.profile ?? {};
  const name = [display_name, real_name, user?.real_name, user?.name].find(
    (each) => each !== undefined && each !== "",
  );
  if (name === undefined) return undefined;
  return { name, ...(image_72 === undefined ? {} : { avatarUrl: image_72 }) };
}
