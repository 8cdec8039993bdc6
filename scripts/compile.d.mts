/** See compile.mjs. */
export function compile(script: string): Promise<string>;
