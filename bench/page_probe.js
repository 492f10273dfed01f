// Runs in our page and in the bare one before anything else: notes when each number was sent, and when the frame after the
// one that showed it began. A number is the milliseconds between the start of the measurement and its sending.
window.probe = { base: 0, delays: [] };
document.addEventListener("DOMContentLoaded", () => {
  let shown = [];
  const taken = () => {
    const now = performance.timeOrigin + performance.now() - window.probe.base;
    for (const sent of shown) window.probe.delays.push(now - sent);
    shown = [];
  };
  new MutationObserver((changes) => {
    if (shown.length === 0) requestAnimationFrame(taken);
    for (const { target } of changes) {
      const output = target.parentElement?.closest("output") ?? target.closest?.("output");
      if (output) shown.push(Number(output.textContent.replaceAll(",", "")));
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
});
