import type { Nodes, RootContent, Parent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { Fragment, type ReactNode, useMemo } from "react";

type Names = ReadonlyMap<string, string>;

/** Renders Markdown like the platforms. Mentions show as names, images as links, HTML as text. */
export function Markdown({ text, names }: { readonly text: string; readonly names: Names }) {
  return useMemo(() => {
    const tree = fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
    return <>{children(tree, names)}</>;
  }, [text, names]);
}

/** Renders text without Markdown. Mentions show as names. */
export function Plain({ text, names }: { readonly text: string; readonly names: Names }) {
  return <p>{withNames(text, names)}</p>;
}

function children(parent: Parent, names: Names): ReactNode[] {
  return parent.children.map((child, at) => <Fragment key={at}>{rendered(child, names)}</Fragment>);
}

function rendered(node: RootContent, names: Names): ReactNode {
  switch (node.type) {
    case "text":
      return withNames(node.value, names);
    case "paragraph":
      return <p>{children(node, names)}</p>;
    case "heading":
      return <p className="heading">{children(node, names)}</p>;
    case "strong":
      return <strong>{children(node, names)}</strong>;
    case "emphasis":
      return <em>{children(node, names)}</em>;
    case "delete":
      return <del>{children(node, names)}</del>;
    case "inlineCode":
      return <code>{node.value}</code>;
    case "code":
      return (
        <pre>
          <code>{node.value}</code>
        </pre>
      );
    case "blockquote":
      return <blockquote>{children(node, names)}</blockquote>;
    case "list":
      return node.ordered ? (
        <ol start={node.start ?? 1}>{children(node, names)}</ol>
      ) : (
        <ul>{children(node, names)}</ul>
      );
    case "listItem":
      return (
        <li>
          {typeof node.checked === "boolean" && (node.checked ? "☑ " : "☐ ")}
          {children(node, names)}
        </li>
      );
    case "link":
      return linked(node.url, children(node, names));
    case "image":
      return linked(node.url, [node.alt, node.url].find(Boolean));
    case "break":
      return <br />;
    case "thematicBreak":
      return <hr />;
    case "table":
      return (
        <table>
          <tbody>{children(node, names)}</tbody>
        </table>
      );
    case "tableRow":
      return <tr>{children(node, names)}</tr>;
    case "tableCell":
      return <td>{children(node, names)}</td>;
    default:
      return plainOf(node);
  }
}

/** Addresses of other kinds are not followed. */
function linked(url: string, shown: ReactNode): ReactNode {
  return /^https?:/.test(url) ? (
    <a href={url} target="_blank" rel="noreferrer noopener">
      {shown}
    </a>
  ) : (
    shown
  );
}

function plainOf(node: Nodes): string {
  if ("value" in node) return node.value;
  if ("alt" in node) return node.alt ?? "";
  return "children" in node ? node.children.map(plainOf).join("") : "";
}

function withNames(text: string, names: Names): ReactNode[] {
  return text.split(/(<@!?[A-Z0-9]+>)/).map((part, at) => {
    const id = /^<@!?([A-Z0-9]+)>$/.exec(part)?.[1];
    const name = id === undefined ? undefined : names.get(id);
    return name === undefined ? (
      part
    ) : (
      <span className="mention" key={at}>
        @{name}
      </span>
    );
  });
}
