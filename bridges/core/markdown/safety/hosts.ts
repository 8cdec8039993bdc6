import { cut } from "../../../../convex/model/shared/text.ts";

/** Stops that browsers read as dots, and letters that look like dots. */
const DOTS = /[。｡．․ꓸ܁܂]/gu;
/** A stop between words of a script that has no spaces ends a sentence, unless a well-known ending follows. */
const STOP =
  /(?<=[\p{scx=Han}\p{scx=Kana}\p{scx=Hira}\p{scx=Hang}])[。｡](?=[\p{scx=Han}\p{scx=Kana}\p{scx=Hira}\p{scx=Hang}])(?!中国|中國|公司|网络|網絡|网址|网站|在线|集团|商城|香港|台湾|台灣|テスト|コム|みんな|한국|닷컴)/gu;
const ENDINGS = "com|net|org|io|dev|app|co|info|gov|edu";
const either = (endings: string) => `(?=(?:${endings}|${endings.toUpperCase()})(?![\\p{L}\\p{N}]))`;
const WELL_KNOWN = either(
  `${ENDINGS}|example|ai|me|xyz|biz|shop|site|online|bank|uk|de|eu|ru|cn|fr`,
);
/** Marks between words that look like dots before a well-known ending, and elsewhere are none. */
const MARKS = new RegExp(`\\s*[·∙•・⋅‧۔⸱⸳ꞏᐧ᛫]\\s*${WELL_KNOWN}`, "gu");
/** White space around the dot of a well-known ending is no sentence. `.NET` and `.gitignore` are names. */
const APART = new RegExp(`\\s+\\.\\s*(?!NET\\b)${WELL_KNOWN}|\\.\\s+${either(ENDINGS)}`, "gu");

const PART = "[\\p{L}\\p{N}][\\p{L}\\p{N}\\p{M}-]{0,62}";
const HOST = new RegExp(
  `(\\w{1,12}:[\\\\/]{2})?((?:${PART}\\.){1,10}(?:xn--[a-z\\d-]{2,59}|[\\p{L}\\p{M}]{2,63})|(?:\\d{1,3}\\.){3}\\d{1,3}|localhost\\b|(?<=:[\\\\/]{2})${PART})(@)?(?::\\d{1,5})?([\\\\/?#]\\S*)?`,
  "giu",
);

/** Files, which look like hosts. */
const FILE =
  /\.(?:[cm]?[jt]sx?|json|html?|s?css|ya?ml|toml|txt|pdf|png|jpe?g|gif|svg|csv|xml|log|md|mdx|lock|py|rs|rb|go|java|sh|php|sql|env|zip|exe|docx?|xlsx?)$/i;

/** The hosts that a text names, as browsers write them. `isMail`: what precedes an at sign is a person's. */
export function hostsIn(text: string, isMail: boolean): string[] {
  const plain = text
    .normalize("NFKC")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .replace(STOP, " ")
    .replace(DOTS, ".")
    .replace(MARKS, ".")
    .replace(APART, ".");
  return Array.from(plain.matchAll(HOST)).flatMap(
    ({ 0: whole, 1: scheme, 2: host = "", 3: at, 4: path, index }) => {
      // A function, as in `Array.prototype.map()`.
      if (plain.startsWith("()", index + whole.length)) return [];
      const isFile = scheme === undefined && path === undefined && FILE.test(host);
      return isFile || (at !== undefined && isMail) ? [] : [normal(host)];
    },
  );
}

/** The host of a link's address. Undefined where it has none. */
export function hostOf(address: string): string | undefined {
  const url = parsed(address);
  if (url === undefined) return undefined;
  if (url.protocol !== "mailto:") return normal(url.hostname);
  return normal(url.pathname.slice(url.pathname.lastIndexOf("@") + 1));
}

const MAX_SHOWN = 100;

/** An address as it is shown beside a link: without a name and a password, which may look like a host. */
export function shownAddress(address: string): string {
  const url = parsed(address);
  if (url === undefined) return cut(address, MAX_SHOWN);
  url.username = "";
  url.password = "";
  const whole = url.href.replaceAll("(", "%28").replaceAll(")", "%29");
  if (whole.length <= MAX_SHOWN) return whole;
  return `${url.host === "" ? cut(whole, MAX_SHOWN) : `${url.protocol}//${url.host}/`}…`;
}

function parsed(address: string): URL | undefined {
  const whole = /^[a-z][a-z\d+.-]*:(?!\d)/i.test(address)
    ? address
    : `https://${address.replace(/^[\\/]{2,}/, "")}`;
  return URL.canParse(whole) ? new URL(whole) : undefined;
}

function normal(host: string): string {
  const whole = `http://${host}`;
  const plain = URL.canParse(whole) ? new URL(whole).hostname : host.toLowerCase();
  return plain.replaceAll("_", "").replace(/^www\./, "");
}
