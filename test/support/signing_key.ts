import { parseSigningKey, type SigningKey } from "../../bridges/core/convex/token.ts";

/** The signing key in a setting. Throws if there is none. */
export function signingKeyIn(setting: string | undefined): SigningKey {
  const key = parseSigningKey(setting ?? "");
  if (!key) throw new Error("the setting holds no signing key");
  return key;
}
