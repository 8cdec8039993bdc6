import { useEffect, useState } from "react";

/** The time in ms since 1970, renewed every second while `isNeeded`. */
export function useNow(isNeeded: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isNeeded) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isNeeded]);
  return now;
}

/** For how many seconds something has been so; 0 while it is not. */
export function useSecondsOf(isSo: boolean): number {
  const [since, setSince] = useState(() => Date.now());
  useEffect(() => {
    if (isSo) setSince(Date.now());
  }, [isSo]);
  const now = useNow(isSo);
  return isSo ? Math.max(0, Math.round((now - since) / 1_000)) : 0;
}
