/**
 * Whether an address is a platform's own, so that what is meant for the platform may be sent there, and what comes from there
 * may be taken: one over HTTPS whose host `isListed`, or one of the API's origin where the settings name another.
 */
export function isOwnAddress(
  address: string,
  apiUrl: string | undefined,
  isListed: (hostname: string) => boolean,
): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, origin } = new URL(address);
  if (apiUrl !== undefined && origin === new URL(apiUrl).origin) return true;
  return protocol === "https:" && isListed(hostname);
}
