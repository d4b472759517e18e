// Relative times that stay true while a page is open; the exact one, in the reader's own zone, on hover.
(() => {
  const said = (seconds) => {
    const span = Math.abs(seconds);
    if (span < 1) return "now";
    const [unit, name] = span < 60 ? [1, "s"] : span < 3600 ? [60, "min"] : span < 86400 ? [3600, "h"] : [86400, "d"];
    const text = `${Math.floor(span / unit)} ${name}`;
    return seconds < 0 ? `in ${text}` : text;
  };
  const clock = (at) => {
    const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
    return at.toDateString() === new Date().toDateString() ? time : `${at.toLocaleDateString()} ${time}`;
  };
  const refresh = (root) => {
    for (const element of (root || document).querySelectorAll("time[datetime]")) {
      const at = new Date(element.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const text = "clock" in element.dataset ? clock(at) : said((Date.now() - at) / 1000);
      if (element.textContent !== text) element.textContent = text;
      if (!element.dataset.exact) {
        element.dataset.exact = "1";
        element.title = `${at.toLocaleString()} (${element.title})`;
      }
    }
  };
  window.soundstageTimes = refresh;
  setInterval(refresh, 5000);
  document.addEventListener("DOMContentLoaded", () => refresh());
})();
