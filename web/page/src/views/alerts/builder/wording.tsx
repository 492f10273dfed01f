// The words of a rule in its owner's own: templates for what people are told, and what they become.
import { useState } from "preact/hooks";
import type { Checked, Draft, Words } from "../wire";
import type { Checking } from "./checking";
import { TextField } from "./fields";

interface WordingProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  words: Words;
  checking: Checking;
}

type Templates = NonNullable<Draft["templates"]>;
const OURS: Templates = { subject: null, text: null, html: null };

export function Wording({ draft, change, words, checking }: WordingProps) {
  const { templates } = draft;
  const said = templates ?? OURS;
  const [open] = useState(templates !== null); // only at first: it does not shut while the last word is taken out
  const mailed = [...draft.delivery_methods, ...draft.escalate_methods].includes("email");
  // An empty field is ours again, not a message without words.
  const put = (name: keyof Templates, text: string) => {
    const next = { ...said, [name]: text || null };
    change({ templates: Object.values(next).every((one) => one === null) ? null : next });
  };
  return (
    <details class="entry more" open={open}>
      <summary>In your words: subject and text of what they are told</summary>
      <TextField field="templates.subject" label="Subject" hint="Of mail, and the title of what this desktop shows; empty: ours." placeholder="{{ alert_name }}: {{ event.asset.symbol }}" value={said.subject ?? ""} set={(text) => put("subject", text)} />
      <TextField field="templates.text" label="Text" hint="By every way but the webhook; empty: ours." rows={3} placeholder="{{ event.description }} ({{ event.severity | upper }})" value={said.text ?? ""} set={(text) => put("text", text)} />
      {(mailed || said.html !== null) && (
        <TextField field="templates.html" label="HTML" hint="Of mail; what stands in for a name is escaped. Empty: ours." rows={3} value={said.html ?? ""} set={(text) => put("html", text)} />
      )}
      <Message message={checking.told?.message ?? null} html={said.html !== null} />
      <Names words={words} />
    </details>
  );
}

function Message({ message, html }: { message: Checked["message"]; html: boolean }) {
  if (!message) return <p class="dim">What they become is shown here once they can be read.</p>;
  const about = message.about ? "of the newest detection that fits" : "of a test";
  return (
    <figure class="message" aria-label="What people are told" aria-live="polite">
      <figcaption class="dim">What people are told, {about}:</figcaption>
      <strong>{message.subject}</strong>
      <pre>{message.text}</pre>
      {html && <pre aria-label="HTML">{message.html}</pre>}
    </figure>
  );
}

function Names({ words }: { words: Words }) {
  return (
    <details class="entry words">
      <summary>What can stand between {"{{ and }}"}</summary>
      <dl>
        {words.names.map(({ name, doc }) => <div key={name}><dt><code>{name}</code></dt><dd>{doc}</dd></div>)}
        {words.filters.map(({ name, doc }) => <div key={name}><dt><code>| {name}</code></dt><dd>{doc}</dd></div>)}
      </dl>
      <p class="dim">A name that is not there is empty. Filters follow a name, one after the other.</p>
    </details>
  );
}
