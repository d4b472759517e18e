// The part of a page that the stream draws anew. What is the same stays as it is, focus and all; while a pointer moves
// over it or text of it is chosen, the latest waits, but not for long: what is shown must not be taken for what is.
(() => {
  const LONGEST = 3000;
  let came = 0;
  let waiting = null;
  let timer = null;
  let moved = 0;

  const box = () => document.querySelector("[data-part]");
  const chosen = () => {
    const selection = document.getSelection();
    return !selection.isCollapsed && box().contains(selection.anchorNode);
  };
  const settle = () => {
    clearTimeout(timer);
    if (waiting === null || !box()) return;
    const wait = moved + 700 - performance.now();
    if ((wait > 0 || chosen()) && performance.now() < came + LONGEST) { timer = setTimeout(settle, Math.max(wait, 300)); return; }
    const text = waiting;
    waiting = null;
    put(text);
  };
  const put = async (text) => {
    await window.htmx.swap({ target: box(), sourceElement: box(), text, swap: "innerMorph" });
    window.soundstageTimes(box());
    if (window.soundstageChart) window.soundstageChart();
  };
  window.soundstagePart = (text) => {
    if (waiting === null) came = performance.now();
    waiting = text;
    settle();
  };
  document.addEventListener("pointermove", (event) => { if (event.target.closest?.("[data-part]")) moved = performance.now(); });
})();
