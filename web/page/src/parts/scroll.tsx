// What may be larger than its panel: a box that the keyboard can scroll, too.
import type { ComponentChildren } from "preact";

interface ScrollProps {
  /** What is in it, for who doesn't see it. */
  label: string;
  /** Scrolls downwards as well. */
  tall?: boolean;
  children: ComponentChildren;
}

export function Scroll({ label, tall = false, children }: ScrollProps) {
  return (
    <div class={`scroll ${tall ? "tall" : ""}`} tabIndex={0} role="group" aria-label={label}>
      {children}
    </div>
  );
}
