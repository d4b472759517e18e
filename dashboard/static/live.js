// The page's one live stream: closed while the tab is hidden, resumed where it stopped. New rows slide in by transform,
// so that nothing is laid out anew under the pointer; while somebody reads further down they wait behind a button.
(() => {
  const HELD = 300;
  const SHOWN = 200;
  let source = null;
  let address = null;
  let last = null;
  let paused = false;
  let moved = 0;
  let held = [];
  let timer = null;

  const holder = () => document.querySelector("[data-live]");
  const list = () => document.querySelector("[data-live] [data-rows]");
  const say = (state, text) => {
    const sign = document.getElementById("live");
    sign.hidden = false;
    sign.dataset.state = state;
    sign.title = sign.textContent = text;
  };

  const close = () => { if (source) source.close(); source = null; };
  const open = () => {
    close();
    if (!holder() || document.hidden) return;
    const url = new URL(holder().dataset.live, location.href);
    if (last !== null) url.searchParams.set("after", last);
    source = new EventSource(url);
    source.onopen = () => say("on", paused ? "Paused" : "Live");
    source.onerror = () => say("off", "Reconnecting");
    source.addEventListener("row", (event) => { last = event.lastEventId; hold(event.data); });
    source.addEventListener("figures", (event) => { last = event.lastEventId; figures(event.data); });
    source.addEventListener("seen", (event) => {
      last = event.lastEventId;
      if (window.soundstageUnread) window.soundstageUnread(event.data, last);
    });
  };
  const follow = () => {
    const now = holder() ? holder().dataset.live : null;
    if (now === address) return;
    address = now;
    last = null;
    held = [];
    open();
  };

  const hold = (html) => {
    held.push(html);
    if (held.length > HELD) held.shift();
    settle();
  };
  const reading = () => {
    const rows = list();
    if (!rows) return false;
    const box = rows.closest("#results");
    return box.scrollTop > 30;
  };
  const settle = () => {
    clearTimeout(timer);
    const button = document.getElementById("fresh");
    if (!held.length || !list()) { if (button) button.hidden = true; return; }
    if (paused || reading()) {
      button.hidden = false;
      button.textContent = `${held.length} new`;
      return;
    }
    const wait = moved + 700 - performance.now();
    if (wait > 0) { timer = setTimeout(settle, wait); return; }
    insert();
  };
  const insert = () => {
    const rows = list();
    const template = document.createElement("template");
    template.innerHTML = held.reverse().join("");
    held = [];
    for (const row of [...template.content.children]) if (document.getElementById(row.id)) row.remove();
    const added = [...template.content.children];
    document.getElementById("fresh").hidden = true;
    document.getElementById("empty")?.remove();
    if (!added.length) return;
    const before = rows.scrollHeight;
    rows.prepend(template.content);
    while (rows.children.length > SHOWN) rows.lastElementChild.remove();
    if (window.htmx) for (const row of added) window.htmx.process(row);
    window.soundstageTimes(rows);
    slide(rows, rows.scrollHeight - before);
  };
  const slide = (rows, by) => {
    if (by <= 0) return;
    const duration = window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : 180;
    rows.animate([{ transform: `translateY(${-by}px)` }, { transform: "none" }], { duration, easing: "ease-out" });
  };
  const figures = (html) => {
    const box = document.getElementById("figures");
    // Replacing what somebody is tabbing through would throw them out of it.
    if (!box || box.contains(document.activeElement)) return;
    const chart = document.getElementById("chart");
    box.innerHTML = html;
    window.soundstageTimes(box);
    if (window.soundstageChart) window.soundstageChart(chart);
  };

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  document.addEventListener("pointermove", (event) => { if (event.target.closest?.("[data-rows]")) moved = performance.now(); });
  document.addEventListener("scroll", () => { if (held.length) settle(); }, { capture: true, passive: true });
  document.addEventListener("click", (event) => {
    if (event.target.id === "fresh") {
      event.target.closest("#results").scrollTop = 0;
      paused ? insert() : settle();
    }
    if (event.target.id !== "pause") return;
    paused = !paused;
    event.target.setAttribute("aria-pressed", String(paused));
    event.target.textContent = paused ? "Go on" : "Pause";
    say(source && source.readyState === 1 ? "on" : "off", paused ? "Paused" : "Live");
    settle();
  });
  document.addEventListener("DOMContentLoaded", () => {
    const pause = document.getElementById("pause");
    if (pause) pause.hidden = false;
    new MutationObserver(follow).observe(document.getElementById("main"), { childList: true, subtree: true });
    follow();
  });
})();
