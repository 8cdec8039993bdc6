import type { ReactNode } from "react";
import { moveInMessages } from "../../arrow_keys.ts";
import { useStickToEnd } from "../../hooks/use_stick_to_end.ts";

/** A list of messages, oldest first, that scrolls to new ones and that arrow keys walk through. */
export function MessageList(props: {
  readonly label?: string;
  /** Changes when a message is added at the end. */
  readonly newest: string | undefined;
  readonly children: ReactNode;
}) {
  const { label = "Messages", newest, children } = props;
  return (
    <div
      className="messages"
      ref={useStickToEnd(newest)}
      role="log"
      aria-label={label}
      tabIndex={0}
      onKeyDown={moveInMessages}
    >
      <ol>{children}</ol>
    </div>
  );
}
