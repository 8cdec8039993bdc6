import { CommandError } from "../command_error.ts";

const TIMEOUT_MS = 10_000;

/**
 * Checks that a self-hosted Convex responds and accepts the admin key, before either is saved. Throws `CommandError` if
 * not. Accepts a server without this endpoint; a wrong key then fails the next call.
 */
export async function checkSelfHosted(url: string, adminKey: string): Promise<void> {
  let status: number;
  try {
    const response = await fetch(new URL("/api/check_admin_key", url), {
      headers: { authorization: `Convex ${adminKey}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    status = response.status;
  } catch {
    throw new CommandError(
      "UNREACHABLE",
      `nothing responds at ${new URL(url).host}. Check the URL, and that your Convex backend is running`,
    );
  }
  if (status === 401 || status === 403) {
    throw new CommandError(
      "BAD_ADMIN_KEY",
      "your Convex backend refuses CONVEX_SELF_HOSTED_ADMIN_KEY. Copy the whole line that generate_admin_key.sh prints",
    );
  }
}
