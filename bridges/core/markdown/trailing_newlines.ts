/** Without the line breaks at the end. In linear time, which a regular expression anchored there does not take. */
export function trimNewlines(text: string): string {
  let end = text.length;
  while (text[end - 1] === "\n") end -= 1;
  return text.slice(0, end);
}
