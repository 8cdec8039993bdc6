/** Names that resolve on one machine or in one network only. */
const PRIVATE_NAMES = /(?:^|\.)(?:localhost|local|internal|lan|home|test|invalid)\.?$/;

/** IPv4 networks that are not routed: https://www.iana.org/assignments/iana-ipv4-special-registry */
const PRIVATE_NETWORKS =
  /^(?:0|10|127|169\.254|172\.(?:1[6-9]|2\d|3[01])|192\.168|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;

/** Whether anybody on the web can fetch from an address, as far as that can be told from it. */
export function isPublicAddress(url: string): boolean {
  const host = /^https?:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]+)/i.exec(url)?.[1]?.toLowerCase();
  if (host === undefined || host.startsWith("[")) return false;
  // A name without a dot is one of the own network, such as that of a container.
  return host.includes(".") && !PRIVATE_NAMES.test(host) && !PRIVATE_NETWORKS.test(host);
}
