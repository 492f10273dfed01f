// Desktop notifications: what alerts tell the browser is shown by it, while this page is open and was allowed to.
import { touch } from "./paint";
import type { Happening } from "./wire";

const shown = new Set<string>();

/** Whether this browser may show something; undefined where it never can (no such browser, or a page in the open). */
export function permission(): NotificationPermission | undefined {
  return "Notification" in window && window.isSecureContext ? Notification.permission : undefined;
}

/** Ask the reader; browsers let that happen only when a button was pressed. */
export async function allow(): Promise<void> {
  await Notification.requestPermission();
  touch("rules");
}

/** Show an alert once; the tag makes one of it where several pages are open. */
export function notify({ id, data }: Happening): void {
  if (permission() !== "granted" || shown.has(id)) return;
  shown.add(id);
  try {
    const note = new Notification(String(data.title), { body: String(data.text), tag: String(data.delivery_id), icon: "/page/icon.svg" });
    note.onclick = () => {
      window.focus();
      note.close();
    };
  } catch (error) {
    // On telephones only a service worker may; there is none.
    if (!(error instanceof TypeError)) throw error;
  }
}
