import { THUMBS, type ChatMessage, type Thumb } from "../../../protocol.ts";

/** Who has reacted to a message, by emoji. A press adds this person's thumb or takes it back. */
export function Reactions(props: {
  readonly reactions: ChatMessage["reactions"];
  readonly me: string;
  readonly names: ReadonlyMap<string, string>;
  readonly react: (thumb: Thumb) => void;
}) {
  const { reactions, me, names, react } = props;
  return (
    <p className="reactions">
      {reactions.map(({ emoji, people }) => {
        const thumb = THUMBS.find((each) => each === emoji);
        const who = people.map((id) => names.get(id) ?? "somebody").join(", ");
        const label = `${emoji} ${people.length}: ${who}`;
        if (thumb === undefined) return <span key={emoji}>{label}</span>;
        return (
          <button
            key={emoji}
            type="button"
            tabIndex={-1}
            aria-label={label}
            title={who}
            aria-pressed={people.includes(me)}
            onClick={() => react(thumb)}
          >
            {emoji} {people.length}
          </button>
        );
      })}
    </p>
  );
}
