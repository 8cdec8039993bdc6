import { z } from "zod";
import { lenient, shortName } from "../../core/shared/lenient.ts";
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

/** A person's display name, real name or user name, and their picture. `undefined`: Slack gives no name. */
export async function profileOf(api: SlackApi, userId: string): Promise<Profile | undefined> {
  const { user } = userForm.parse(await api.call("users.info", { user: userId }));
  const { display_name, real_name, image_72 } = user?.profile ?? {};
  const shown = [display_name, real_name, user?.real_name, user?.name].find(
    (each) => each !== undefined && each !== "",
  );
  if (shown === undefined) return undefined;
  return { name: shown, ...(image_72 === undefined ? {} : { avatarUrl: image_72 }) };
}
