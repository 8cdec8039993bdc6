const VARIATION = /\uFE0F/g;
/** What is shown as text unless a variation selector, or a skin tone, follows. */
const TEXTUAL = /(?!\p{Emoji_Presentation})\p{Emoji}(?!\p{Emoji_Modifier})/gu;

/** Longest emoji, in UTF-16 units: of a family with skin tones, some 30. */
export const MOST_EMOJI_UNITS = 100;

/** An emoji in its one full form: platforms leave variation selectors out, each in other places. */
export function fullEmoji(emoji: string): string {
  return emoji.replace(VARIATION, "").replace(TEXTUAL, "$&\uFE0F");
}

/** An emoji of a server's or workspace's own. */
export function customEmoji(name: string): string {
  return `:${name}:`;
}
