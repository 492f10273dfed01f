// The parts of a view, each with an address.
import { hrefOf } from "../shell/route";

interface TabsProps {
  view: string;
  /** What the parts are of, for who doesn't see it. */
  label: string;
  /** The one that is shown. */
  item: string;
  of: readonly (readonly [id: string, title: string])[];
}

export function Tabs({ view, label, item, of }: TabsProps) {
  return (
    <nav class="tabs" aria-label={label}>
      {of.map(([id, title]) => (
        <a key={id} href={hrefOf(view, id)} aria-current={id === item ? "page" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}
