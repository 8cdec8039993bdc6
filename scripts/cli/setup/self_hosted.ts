import { CommandError } from "../command_error.ts";
import { nonEmpty } from "./env_file.ts";
import type { SetupTools } from "./setup_tools.ts";
import { explainInvalid } from "./tokens.ts";

const TIMEOUT_MS = 10_000;

/**
 * Asks for the address and the admin key of a self-hosted backend where they are missing. Tries each before saving it, and
 * asks again if it does not work. Throws `CommandError` if nobody is there to ask.
 */
export async function saveSelfHosted(
  tools: SetupTools,
  givenUrl: string | undefined,
): Promise<void> {
  const { prompts, settings, save } = tools;
  const before = settings();
  const url = await untilAccepted(
    tools,
    givenUrl ?? nonEmpty(before.CONVEX_SELF_HOSTED_URL),
    () =>
      prompts.line(
        "URL of your Convex backend (its CONVEX_CLOUD_ORIGIN, https://…)",
        "use --self-hosted-url",
        explainAddress,
      ),
    async (typed) => {
      const invalid = explainAddress(typed);
      if (invalid !== undefined) throw new CommandError("BAD_URL", invalid);
      await request(typed, "/version", {});
    },
  );
  const address = url.trim().replace(/\/+$/, "");
  await save({ CONVEX_SELF_HOSTED_URL: address, CONVEX_URL: address });
  const adminKey = await untilAccepted(
    tools,
    nonEmpty(before.CONVEX_SELF_HOSTED_ADMIN_KEY),
    () =>
      prompts.secret("Its admin key (the whole line that generate_admin_key.sh prints)", (typed) =>
        /^\S+$/.test(typed) ? undefined : "It is needed, and has no spaces in it.",
      ),
    (typed) => checkAdminKey(address, typed),
  );
  await save({ CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey });
}

/** The given value or the typed one, asked for until `check` does not throw a `CommandError`. */
async function untilAccepted(
  { prompts, print }: SetupTools,
  given: string | undefined,
  ask: () => Promise<string>,
  check: (value: string) => Promise<void>,
): Promise<string> {
  for (let value = given ?? (await ask()); ; value = await ask()) {
    try {
      await check(value);
      return value;
    } catch (error) {
      if (!prompts.canAsk || !(error instanceof CommandError)) throw error;
      print(error.message);
    }
  }
}

/** Why this can't be the address of a backend; undefined if it can. */
function explainAddress(url: string): string | undefined {
  return explainInvalid("CONVEX_URL", url) === undefined
    ? undefined
    : "That is not the address of a Convex backend: it begins with https:// or http://, and does not end in .convex.site.";
}

/** Accepts a server without this endpoint; a wrong key then fails the next call. */
async function checkAdminKey(url: string, adminKey: string): Promise<void> {
  if (adminKey === "") {
    throw new CommandError(
      "NO_ADMIN_KEY",
      "a self-hosted Convex backend needs CONVEX_SELF_HOSTED_ADMIN_KEY",
    );
  }
  const headers = { authorization: `Convex ${adminKey}` };
  const status = await request(url, "/api/check_admin_key", headers);
  if (status === 401 || status === 403) {
    throw new CommandError(
      "BAD_ADMIN_KEY",
      "your Convex backend refuses CONVEX_SELF_HOSTED_ADMIN_KEY. Copy the whole line that generate_admin_key.sh prints",
    );
  }
}

/** The status of the answer. Throws `CommandError` if there is none. */
async function request(
  url: string,
  path: string,
  headers: Record<string, string>,
): Promise<number> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return (await fetch(new URL(path, url), { headers, signal })).status;
  } catch {
    throw new CommandError(
      "UNREACHABLE",
      `nothing responds at ${new URL(url).host}. Check the URL, and that your Convex backend is running`,
    );
  }
}
