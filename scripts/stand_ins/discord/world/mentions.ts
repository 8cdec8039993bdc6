/** The mentions in a message. Each of them pings. */
export interface Mentions {
  /** In the order they first appear. */
  readonly users: readonly string[];
  readonly roles: readonly string[];
  readonly everyone: boolean;
  readonly here: boolean;
}

/** A request's `allowed_mentions` (Discord docs, Message, "Allowed Mentions Object"). */
export interface AllowedMentions {
  readonly parse?: readonly ("users" | "roles" | "everyone")[] | undefined;
  readonly users?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly replied_user?: boolean | undefined;
}

/** Fenced and inline code. Mentions in it do not ping. */
const code = /```[\s\S]*?```|``[^`]*``|`[^`\n]*`/g;

const unique = (values: readonly string[]) => [...new Set(values)];

function idsIn(text: string, token: RegExp): string[] {
  return unique([...text.matchAll(token)].map((match) => match[1] ?? ""));
}

/** Every mention in a text, whether or not its id exists. */
export function mentionsIn(content: string): Mentions {
  const text = content.replace(code, " ");
  return {
    users: idsIn(text, /<@!?(\d+)>/g),
    roles: idsIn(text, /<@&(\d+)>/g),
    everyone: text.includes("@everyone"),
    here: text.includes("@here"),
  };
}

/**
 * The mentions that `allowed_mentions` lets through. Without it, all of them and the author replied to are pinged; with
 * it, only those it lists.
 */
export function allow(
  found: Mentions,
  allowed: AllowedMentions | undefined,
  repliedTo: string | undefined,
): Mentions {
  if (!allowed) {
    return repliedTo === undefined
      ? found
      : { ...found, users: unique([...found.users, repliedTo]) };
  }
  const parse = new Set(allowed.parse);
  const users = found.users.filter((id) => parse.has("users") || allowed.users?.includes(id));
  const replied = repliedTo !== undefined && allowed.replied_user ? [repliedTo] : [];
  return {
    users: unique([...users, ...replied]),
    roles: found.roles.filter((id) => parse.has("roles") || allowed.roles?.includes(id)),
    everyone: found.everyone && parse.has("everyone"),
    here: found.here && parse.has("everyone"),
  };
}

/** The pings of a post as one list: user and role ids, `everyone`, `here`. */
export function pingsOf(mentions: Mentions): string[] {
  return [
    ...mentions.users,
    ...mentions.roles,
    ...(mentions.everyone ? ["everyone"] : []),
    ...(mentions.here ? ["here"] : []),
  ];
}
