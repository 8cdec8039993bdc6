import { createContext, useContext } from "react";
import type { ChatMessage, Command, PlaygroundState } from "../protocol.ts";

/** What every part of the page works with. */
export interface PlaygroundContextValue {
  readonly playground: PlaygroundState;
  readonly messages: ReadonlyMap<string, readonly ChatMessage[]>;
  /** Asks the playground's server; a refusal is shown to the person, and gives undefined. */
  readonly send: (command: Command) => Promise<string | undefined>;
  /** Carries something out and shows why it failed, if it does. */
  readonly attempt: <T>(act: () => Promise<T>) => Promise<T | undefined>;
}

export const PlaygroundContext = createContext<PlaygroundContextValue | undefined>(undefined);

export function usePlayground(): PlaygroundContextValue {
  const playing = useContext(PlaygroundContext);
  if (!playing) throw new Error("usePlayground outside of the playground");
  return playing;
}
