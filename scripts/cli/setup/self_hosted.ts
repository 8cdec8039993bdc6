import { CommandError } from "../command_error.ts";

const REACH_MS = 10_000;

/**
 * Asks a self-hosted Convex whether it takes the key, before it is written down. Throws `CommandError` when nothing answers
 * there or the key is refused. A server that knows no such question is taken as it is: the next call will tell.
 */
export async function checkSelfHosted(url: string, adminKey: string): Promise<void> {
  let status: number;
  try {
    const response = await fetch(new URL("/api/check_admin_key", url), {
      headers: { authorization: `Convex ${adminKey}` },
      signal: AbortSignal.timeout(REACH_MS),
    });
    status = response.status;
  } catch {
    throw new CommandError(
      "UNREACHABLE",
      `nothing answers at ${new URL(url).host}. Check the address, and that the Convex you host runs`,
    );
  }
  if (status === 401 || status === 403) {
    throw new CommandError(
      "BAD_ADMIN_KEY",
      "the Convex you host refuses CONVEX_SELF_HOSTED_ADMIN_KEY. Take the whole line that generate_admin_key.sh prints",
    );
  }
}
