// Keys that work everywhere but where somebody types: Ctrl+K, ?, and two in a row such as g m.
import { useEffect } from "preact/hooks";
import { commands } from "./commands";

const ROW_MS = 1_200;

interface Opens {
  palette: () => void;
  help: () => void;
}

export function useKeys({ palette, help }: Opens): void {
  useEffect(() => {
    let before = "";
    let beforeAt = 0;
    const pressed = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        return palette();
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
      if (event.key === "/") {
        event.preventDefault();
        return palette();
      }
      if (event.key === "?") return help();
      const row = event.timeStamp - beforeAt < ROW_MS ? `${before} ${event.key}` : event.key;
      const meant = commands().find(({ keys }) => keys === row || keys === event.key);
      before = event.key;
      beforeAt = event.timeStamp;
      if (meant) {
        event.preventDefault();
        meant.run();
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
