import { type BlockElement, type Option, readBlocks, readParts } from "./block_payload.ts";
import { dateText } from "./dates.ts";
import { type Collector, described, joined, labelText, mention, shown } from "./label.ts";
import { markdownLink } from "./link.ts";
import { richText } from "./rich_text.ts";

/** Of a menu's options, which may be hundreds. */
const MOST_OPTIONS = 25;

/** The text of what is in a block, on one line. Elements without words have none. */
export function elementsText(elements: unknown, collect: Collector): string {
  return joined(
    " ",
    readParts(elements).map((each) => elementText(each, collect)),
  );
}

function elementText(element: BlockElement, collect: Collector): string {
  const { type, text, url, alt_text: altText = "" } = element;
  switch (type) {
    case "mrkdwn":
    case "plain_text":
      return typeof text === "string" ? shown({ type, text }, collect) : "";
    case "image":
      return altText === "" ? "" : described("image", altText);
    case "url":
      return markdownLink(url ?? "", labelText(text, collect));
    case "feedback_buttons": {
      const buttons = readParts(
        [element.positive_button, element.negative_button].flatMap((button) =>
          typeof button === "object" ? { ...button, type: "button" } : [],
        ),
      );
      return joined(
        " ",
        buttons.map((each) => elementText(each, collect)),
      );
    }
    default: {
      const words = wordsOf(element, collect);
      return words === "" ? "" : described(kindOf(type) ?? type, words, url);
    }
  }
}

/** The words of an input's element, whose kind its label says. */
export function inputWords(element: unknown, collect: Collector): string {
  return joined(
    ", ",
    readParts([element]).map((each) => wordsOf(each, collect)),
  );
}

function wordsOf(element: BlockElement, collect: Collector): string {
  const { type, text, placeholder, accessibility_label: label } = element;
  if (kindOf(type) === undefined) collect.unknown(`element ${type}`);
  const [own = ""] = [text, placeholder, label]
    .map((each) => labelText(each, collect))
    .filter((each) => each !== "");
  return joined(": ", [own, choices(element, collect)]);
}

/** A button, a menu, a choice of several, or something to fill in. */
function kindOf(type: string): string | undefined {
  if (type.endsWith("button")) return "button";
  if (/select$|^overflow$/.test(type)) return "menu";
  if (/^(?:checkboxes|radio_buttons)$/.test(type)) return "choice";
  return /(?:picker|input)$/.test(type) ? "input" : undefined;
}

/** What people can choose or have filled in. What is chosen has a check mark. */
function choices(element: BlockElement, collect: Collector): string {
  const named = (option: Option) =>
    joined(" – ", [labelText(option.text, collect), labelText(option.description, collect)]);
  const chosen = [element.initial_option ?? [], element.initial_options].flat().map(named);
  const groups = [{ label: undefined, options: element.options }, ...element.option_groups].map(
    ({ label, options }) => ({ label: labelText(label, collect), names: options.map(named) }),
  );
  const offered = new Set(groups.flatMap(({ names }) => names));
  const others = chosen.filter((name) => !offered.has(name));
  const shown = [...groups, { label: "", names: others }].map(({ label, names }) => {
    const marked = names.map((name) => (chosen.includes(name) ? `✓ ${name}` : name));
    const rest = marked.splice(MOST_OPTIONS).length > 0 ? ["…"] : [];
    return joined(": ", [label, joined(", ", [...marked, ...rest])]);
  });
  return joined(", ", [joined("; ", shown), ...filledIn(element, collect)]);
}

function filledIn(element: BlockElement, collect: Collector): string[] {
  const { initial_value: value, initial_date_time: seconds } = element;
  const users = [element.initial_user ?? [], element.initial_users].flat();
  const channels = [
    ...[element.initial_channel ?? [], element.initial_channels],
    ...[element.initial_conversation ?? [], element.initial_conversations],
  ].flat();
  return [
    ...(typeof value === "string"
      ? [value]
      : readBlocks([value]).map(({ elements }) => richText(elements, collect))),
    element.initial_date ?? "",
    element.initial_time ?? "",
    seconds === undefined ? "" : dateText(seconds),
    ...users.map((id) => mention("user", id, collect)),
    ...channels.map((id) => mention("channel", id, collect)),
  ];
}
