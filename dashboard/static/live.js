// The page's one live stream: closed while the tab is hidden, resumed where it stopped. New rows slide in by transform,
// so that nothing is laid out anew under the pointer; while somebody reads further down they wait behind a button.
(() => {
  const HELD = 300;
  const SHOWN = 200;
  const AGAIN = 3000;
  const BRIEF = 2000;
  const PATIENCE = 5000;
  let source = null;
  let address = null;
  let last = null;
  let paused = false;
  let moved = 0;
  let held = [];
  let timer = null;
  let again = null;
  let away = false;
  let silent = null;

  const holder = () => document.querySelector("[data-live]");
  const list = () => document.querySelector("[data-live] [data-rows]");
  const say = () => {
    const sign = document.getElementById("live");
    const on = source !== null && source.readyState === EventSource.OPEN && !away;
    sign.hidden = false;
    sign.dataset.state = on ? "on" : "off";
    sign.title = sign.textContent = away ? "Waiting" : !on ? "Reconnecting" : paused ? "Paused" : "Live";
  };

  const close = () => { clearTimeout(again); if (source) source.close(); source = null; };
  const open = () => {
    close();
    if (!holder() || document.hidden) return;
    const url = new URL(holder().dataset.live, location.href);
    if (last !== null) url.searchParams.set("after", last);
    source = new EventSource(url);
    source.onopen = () => { silent = null; for (const kind of ["out", "lost"]) window.soundstageNotice(kind); say(); };
    source.onerror = () => { silent ??= Date.now(); say(); lost(); };
    const on = (name, act) => source.addEventListener(name, (event) => { if (event.lastEventId) last = event.lastEventId; act(event.data); });
    on("row", hold);
    on("part", window.soundstagePart);
    on("seen", (count) => { if (window.soundstageUnread) window.soundstageUnread(count, last); });
    on("gateway", gateway);
  };
  const gateway = (state) => {
    // Not at once: a page that fails again must not be asked for without a pause.
    if (state === "here" && holder().hasAttribute("data-reload")) again = setTimeout(() => location.reload(), AGAIN / 2);
    away = state === "away";
    window.soundstageNotice("gateway", away && "The gateway does not answer. Nothing passes while it is down; this page goes on by itself.");
    say();
  };
  // A browser tries again by itself where nothing answers, and gives up where something else than a stream does.
  const lost = async () => {
    const asked = { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) };
    const answer = await fetch("/static/icon.svg", asked).catch(() => null);
    if (!source || source.readyState === EventSource.OPEN) return;
    const since = new Date(silent).toLocaleTimeString([], { hour12: false });
    if (answer && answer.status === 401) window.soundstageNotice("out", "You are signed out.", ["/sign-in", "Sign in"]);
    else if (Date.now() - silent > BRIEF) window.soundstageNotice("lost", `The dashboard does not answer. What is shown is as it was at ${since}; it goes on by itself.`);
    if (source.readyState === EventSource.CLOSED) again = setTimeout(open, AGAIN);
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
    const template = document.createElement("template");
    template.innerHTML = html;
    const row = template.content.firstElementChild;
    // A stream that goes on where it was cut off may tell of a row again.
    if (!row || held.some((other) => other.id === row.id)) return;
    held.push(row);
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
    const added = held.reverse().filter((row) => !document.getElementById(row.id));
    held = [];
    document.getElementById("fresh").hidden = true;
    document.getElementById("empty")?.remove();
    if (!added.length) return;
    const before = rows.scrollHeight;
    rows.prepend(...added);
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
    say();
    settle();
  });
  document.addEventListener("DOMContentLoaded", () => {
    const pause = document.getElementById("pause");
    if (pause) pause.hidden = false;
    new MutationObserver(follow).observe(document.getElementById("main"), { childList: true, subtree: true });
    follow();
  });
})();
