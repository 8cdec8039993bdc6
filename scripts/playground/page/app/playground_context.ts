import { createContext, useContext } from "react";
import type { ChatMessage, Command, PlaygroundState } from "../protocol.ts";

/** What every component of the page uses. */
export interface PlaygroundContextValue {
  readonly playground: PlaygroundState;
  readonly messages: ReadonlyMap<string, readonly ChatMessage[]>;
  /** Sends a command to the playground's server. Shows an error to the person and resolves with undefined if it fails. */
  readonly send: (command: Command) => Promise<string | undefined>;
  /** Runs `act`. Shows an error to the person and resolves with undefined if it fails. */
  readonly attempt: <T>(act: () => Promise<T>) => Promise<T | undefined>;
}

export const PlaygroundContext = createContext<PlaygroundContextValue | undefined>(undefined);

/** The context; throws outside of one. */
export function usePlayground(): PlaygroundContextValue {
  const playing = useContext(PlaygroundContext);
  if (!playing) throw new Error("usePlayground needs a PlaygroundContext");
  return playing;
}
