import { type RefObject, useEffect, useRef } from "react";

/** How near the end counts as there, in pixels. */
const NEAR = 40;

/**
 * For a list in an element that scrolls: keeps its end in view while it is, whatever grows, in the list or around it. A
 * new `newest` brings the end into view.
 */
export function useStickToEnd(newest: unknown): RefObject<HTMLDivElement | null> {
  const scrolled = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    const element = scrolled.current;
    if (!element) return;
    const onScroll = () => {
      isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    };
    const observer = new ResizeObserver(() => {
      if (isAtEnd.current) element.scrollTop = element.scrollHeight;
    });
    for (const observed of [element, ...element.children]) observer.observe(observed);
    element.addEventListener("scroll", onScroll);
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", onScroll);
    };
  }, []);
  useEffect(() => {
    isAtEnd.current = true;
    scrolled.current?.scrollTo({ top: scrolled.current.scrollHeight });
  }, [newest]);
  return scrolled;
}
