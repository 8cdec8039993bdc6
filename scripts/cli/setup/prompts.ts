import { CommandError } from "../command_error.ts";

/** Returns what is wrong with an answer, and the question is asked again. */
type Validate = (value: string) => string | undefined;

/** Asks the person who runs setup. */
export interface Prompts {
  /** Whether somebody is there to answer. */
  readonly canAsk: boolean;
  /** `instead` says how to give the answer without a terminal. */
  choose<T extends string>(
    question: string,
    instead: string,
    choices: readonly { value: T; name: string }[],
  ): Promise<T>;
  /** `instead` as in `choose`. */
  line(question: string, instead: string, validate: Validate): Promise<string>;
  /** Does not echo what is typed. Without a terminal, the answer is empty. */
  secret(question: string, validate: Validate): Promise<string>;
  confirm(question: string): Promise<boolean>;
}

/** Replaces the process's own terminal, for tests. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Prompts at a terminal. Ctrl-C throws `CommandError`; answers given before stay, and the next run continues after them. */
export function terminalPrompts(terminal?: Terminal): Prompts {
  return {
    canAsk: true,
    choose: (message, _, choices) =>
      prompt(({ select }) => select({ message, choices: [...choices] }, terminal)),
    line: (message, _, validate) =>
      prompt(({ input }) =>
        input({ message, validate: (value) => validate(value.trim()) ?? true }, terminal),
      ).then((value) => value.trim()),
    secret: (message, validate) =>
      prompt(({ password }) =>
        password(
          { message, mask: true, validate: (value) => validate(value.trim()) ?? true },
          terminal,
        ),
      ).then((value) => value.trim()),
    confirm: (message) => prompt(({ confirm }) => confirm({ message, default: false }, terminal)),
  };
}

/** For runs without a terminal. Secrets then come only from the environment, and `mayChangeKeys` answers `confirm`. */
export function unattendedPrompts(mayChangeKeys: boolean): Prompts {
  const noTerminal = (question: string, instead: string) =>
    new CommandError("NO_TERMINAL", `no terminal to ask "${question}": ${instead}`);
  return {
    canAsk: false,
    choose: async (question, instead) => {
      throw noTerminal(question, instead);
    },
    line: async (question, instead) => {
      throw noTerminal(question, instead);
    },
    secret: async () => "",
    confirm: async () => mayChangeKeys,
  };
}

/** Imports the prompts on first use. */
async function prompt<T>(
  run: (prompts: typeof import("@inquirer/prompts")) => Promise<T>,
): Promise<T> {
  try {
    return await run(await import("@inquirer/prompts"));
  } catch (error) {
    if (error instanceof Error && error.name === "ExitPromptError") {
      throw new CommandError("STOPPED", "stopped. Run it again to continue from here");
    }
    throw error;
  }
}
