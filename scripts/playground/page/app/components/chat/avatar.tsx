const HUES = [210, 265, 330, 12, 42, 150, 185];

/** A person's initial on a colour derived from the name. Hidden from screen readers, because the name is next to it. */
export function Avatar({ name, bot = false }: { readonly name: string; readonly bot?: boolean }) {
  const sum = Array.from(name).reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  const hue = HUES[sum % HUES.length] ?? 0;
  return (
    <span
      className="avatar"
      data-bot={bot}
      aria-hidden="true"
      style={bot ? {} : { background: `hsl(${hue} 45% 38%)` }}
    >
      {bot ? "✦" : (Array.from(name)[0]?.toUpperCase() ?? "?")}
    </span>
  );
}
