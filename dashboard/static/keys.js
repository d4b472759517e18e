// The keyboard: j k Enter / Esc ? and the digits. Never in a field, never with a modifier.
(() => {
  let stepping = false;
  const links = () => [...document.querySelectorAll("[data-rows] > li > a")];
  const mark = (chosen) => {
    for (const link of links()) link === chosen ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  };
  const wide = () => window.matchMedia("(min-width: 56.01rem)").matches;
  const step = (by) => {
    const all = links();
    if (!all.length) return;
    const at = all.findIndex((link) => link === document.activeElement || link.hasAttribute("aria-current"));
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    if (document.querySelector(".inbox")) {
      mark(next);
      stepping = true;
      if (wide()) next.click();
      stepping = false;
    }
  };
  const search = () => { const field = document.getElementById("search"); if (field) { field.focus(); field.select(); } };
  const tab = (n) => document.querySelectorAll(".tabs a")[n - 1]?.click();
  const toggle = () => document.querySelector("#toggle-read button")?.click();
  const tag = () => document.getElementById("tag")?.focus();
  const release = () => {
    const box = document.getElementById("release");
    if (!box) return;
    box.open = true;
    document.getElementById("release-to")?.focus();
  };
  const list = () => document.querySelector("#message:focus-within") && document.querySelector(".inbox [data-rows] a[aria-current]")?.focus();
  const acts = { Escape: list, j: () => step(1), k: () => step(-1), e: toggle, t: tag, r: release, "/": search, "?": () => document.getElementById("keys").showModal() };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest("input, select, textarea, dialog");
    if (field) {
      if (event.key === "Escape" && (field.id === "search" || field.id === "tag" || field.id === "release-to")) field.blur();
      return;
    }
    const act = acts[event.key] || (/^[1-7]$/.test(event.key) ? () => tab(Number(event.key)) : null);
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".inbox [data-rows] > li > a");
    if (!link || event.ctrlKey || event.metaKey) return;
    mark(link);
    document.querySelector(".inbox").classList.add("reading");
    // What comes next by Tab is the message that was opened, not the rest of the list.
    if ((event.detail === 0 && !stepping) || !wide()) document.getElementById("message").focus();
  });
})();
