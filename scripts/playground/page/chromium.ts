import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Where Linux distributions and macOS install it. */
const PATHS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** The path of an installed Chromium or Chrome. */
export function findChromium(): string | undefined {
  return PATHS.find((path) => existsSync(path));
}

/** Starts the browser headless, without its own background network requests. */
export async function launchChromium(executablePath: string): Promise<Browser> {
  return await chromium.launch({
    executablePath,
    headless: true,
    args: [
      // Chromium's sandbox does not work as root, for example in a container.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
