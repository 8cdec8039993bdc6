import type { PlatformName } from "../../../bridges/platform.ts";
import type { AcceptedPost } from "../../stand_ins/chat.ts";
import { ENDLESS } from "../../stand_ins/openai/answers.ts";

const CUT = [
  "the answer that was cut, with a note that it was",
  `${ENDLESS}\n\n_The answer ends here: it reached the limit of its length._`,
] as const;
const LIST = [
  "the list in a quote",
  "\n> Ask first:\n> 1. Who pays?\n> 2. Who crosses?\n",
] as const;

/** What the bot must have posted of the answers with formatting, in the form that the platform shows. */
const FORMS: Readonly<Record<PlatformName, readonly (readonly [what: string, form: string])[]>> = {
  discord: [
    [
      "the table, aligned as code",
      "\n```\nBridge         Country   Length\n───────────────────────────────\nAkashi Kaikyō  日本     3,911 m\nGolden Gate    USA      2,737 m\n```",
    ],
    LIST,
    [
      "the address apart from a label that has one",
      " the docs at https://example.com (https://example.com/docs).",
    ],
    ["the image as a link", "\n[a stone bridge](https://example.com/bridge.png)"],
    CUT,
  ],
  slack: [
    ["the table", "| Akashi Kaikyō | 日本 | 3,911 m |\n| Golden Gate | USA | 2,737 m |\n"],
    LIST,
    ["the link", " [the docs at https://example.com](https://example.com/docs)."],
    ["the image", "\n![a stone bridge](https://example.com/bridge.png)"],
    CUT,
  ],
};

/** A description of each form that no post of the bot has. */
export function missingForms(platform: PlatformName, posts: readonly AcceptedPost[]): string[] {
  const missing = FORMS[platform].filter(
    ([, form]) => !posts.some(({ text }) => text.includes(form)),
  );
  return missing.map(([what]) => `not shown: ${platform} has no post with ${what}`);
}
