/** A link as Markdown; plain where the label says no more than the address. */
export function markdownLink(url: string, label: string | undefined): string {
  if (label === undefined || label === "" || label === url) return url;
  const rest = url.replace(/^(https?:\/\/|mailto:|tel:)/i, "");
  if (rest === label || rest === `${label}/`) return label;
  const safeLabel = label.replace(/[\\[\]]/g, "\\$&").replaceAll("\n", " ");
  return `[${safeLabel}](${/[()\s]/.test(url) ? `<${url}>` : url})`;
}
