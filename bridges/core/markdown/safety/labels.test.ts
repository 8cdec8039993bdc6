import { expect, test } from "vitest";
import { labelChanges } from "./labels.ts";
import { Rewritten } from "../rewrite.ts";

const shown = (source: string) => new Rewritten(source, labelChanges(source)).text;

const EVIL = "https://evil.example/x";
const BESIDE = ` (${EVIL})`;

test.each([
  `[bank.example](${EVIL})`,
  `[https://bank.example/login](${EVIL})`,
  `[Go to **bank.example** now](${EVIL} "bank.example")`,
  `[bank\\.example](<${EVIL}>)`,
  `[ba&#110;k&period;example](${EVIL})`,
  `[bank。example](${EVIL})`,
  `[ｂａｎｋ.example](${EVIL})`,
  `[bank\u200b.exa\u00admple](${EVIL})`,
  `[bank .com](${EVIL})`,
  `[bank<b></b>.example](${EVIL})`,
  `[https://bank.example@evil.example/x](${EVIL})`,
  `[bаnk.example](${EVIL})`,
  `[127.0.0.1](${EVIL})`,
  `![bank.example](${EVIL})`,
  `[![bank.example](https://bank.example)](${EVIL})`,
  `| a |\n|---|\n| [bank.example](${EVIL}) |`,
  `> - [bank.example](${EVIL})`,
  `[evil.example and bank.example](${EVIL})`,
  `\`\n\n[bank.example](${EVIL})`,
  `<a title="\`">[bank.example](${EVIL})`,
  `[${"a ".repeat(800)}](${EVIL})`,
  `[bank&NoBreak;.example](${EVIL})`,
  `[bank&middot;com](${EVIL})`,
  `[bank .example](${EVIL})`,
  `[bank\\\n.example](${EVIL})`,
  `[https://intranet/login](${EVIL})`,
  `[例え。テスト](${EVIL})`,
  `[bank.example <i a="]">](${EVIL})`,
  `[bank.example <i a="[">](${EVIL})`,
  `[bank.example <!--[-->](${EVIL})`,
  `[bank.example <https:[>](${EVIL})`,
  `[bank.example \`\n[\`](${EVIL})`,
])("%j shows the address beside a label that names another host", (source) => {
  const text = shown(source);
  expect(text).toContain(BESIDE);
  expect(text.replace(BESIDE, "")).toBe(source);
});

test.each([
  `[evil.example](${EVIL})`,
  `[https://www.EVIL.example/other](${EVIL})`,
  `[read this. It helps](${EVIL})`,
  `[README.md](${EVIL})`,
  `[version 1.2.3, e.g. now](${EVIL})`,
  "[ada.b@bank.example](mailto:ada.b@bank.example)",
  `[1](bank.example)`,
  `[bank.example](bank.example)`,
  `[bücher.example](https://xn--bcher-kva.example/)`,
  `\`[bank.example](${EVIL})\``,
  `\`\`\`md\n[bank.example](${EVIL})\n\`\`\``,
  `\\[bank.example](${EVIL}`,
  "a[bank.example]",
  `[コンピュータ・プログラミング](${EVIL})`,
  `[请看这里。谢谢你](${EVIL})`,
  `[col·legi](${EVIL})`,
  `[Home · About • Help](${EVIL})`,
  `[Edit the .gitignore](${EVIL})`,
  `[Install .NET](${EVIL})`,
  `[Chapter 1. Net income](${EVIL})`,
  `[Array.prototype.map()](${EVIL})`,
  `[bank.example](https://bank.example/a_(b_(c)))`,
])("%j stays as it is", (source) => {
  expect(shown(source)).toBe(source);
});

test("a name and a password, which may look like a host, are not part of the shown address", () => {
  expect(shown("[bank.example](https://bank.example:x@evil.example/)")).toBe(
    "[bank.example](https://bank.example:x@evil.example/) (https://evil.example/)",
  );
});

test("an address that can't be read to its end is no link any more", () => {
  const source = `[bank.example](https://evil.example/${"a".repeat(2_000)})`;
  expect(shown(source)).toBe(source.replace("](", "] ("));
});

test("a reference shows its address, its definition does not", () => {
  const definition = `\n\n[1]: ${EVIL}\n[bank.example]: ${EVIL}`;
  expect(shown(`[bank.example][1] [bank.example][] [bank.example] [a][1]${definition}`)).toBe(
    `[bank.example][1]${BESIDE} [bank.example][]${BESIDE} [bank.example]${BESIDE} [a][1]${definition}`,
  );
});

test.each([
  ["a\\]b", `[a\\]b]: ${EVIL}`],
  ["ß", `[SS]: ${EVIL}`],
  ["a\nb", `[a b]: ${EVIL}`],
  ["a".repeat(900), `[${"a".repeat(900)}]: ${EVIL}`],
  ["a", `1. [a]: ${EVIL}`],
  ["a", `> [a]:\n> ${EVIL}`],
  ["a", `[a]: ${EVIL}\n[A]: https://bank.example`],
  ["a", `text\n[a]: https://bank.example\n\n[a]: ${EVIL}`],
])("a reference to %j shows its address, wherever it is defined", (name, definition) => {
  const source = `[bank.example][${name}]\n\n`;
  expect(shown(source + definition)).toBe(source.replace("]\n\n", `]${BESIDE}\n\n`) + definition);
});

test("after unclear code, links in code show their addresses too", () => {
  const code = `\`\`\`\n[bank.example](${EVIL})\n\`\`\``;
  expect(shown(`a \`\`\` b\n${code}`)).toContain(BESIDE);
  expect(shown(`<div>\n${code}`)).toContain(BESIDE);
});
