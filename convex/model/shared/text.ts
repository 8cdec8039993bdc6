/** The first `length` UTF-16 units, one less where that would cut a character in two: half of one is no valid text. */
export function cut(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  const isHalf = text.length > length && last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHalf ? length - 1 : length);
}
