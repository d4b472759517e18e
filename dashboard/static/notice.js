// One line over the foot of the page, for what keeps a page from being true: over, and not among what is shown, so that
// nothing moves. Of several reasons the gravest is told; each is taken back by whoever gave it.
(() => {
  const GRAVEST = ["out", "lost", "gateway", "failed"];
  const given = new Map();

  const draw = () => {
    const box = document.getElementById("notice");
    const kind = GRAVEST.find((name) => given.has(name));
    box.hidden = kind === undefined;
    if (box.hidden) return;
    const told = given.get(kind);
    const text = box.querySelector("span");
    if (text.textContent !== told.text) text.textContent = told.text;
    const link = box.querySelector("a");
    link.hidden = !told.link;
    if (told.link) [link.href, link.textContent] = told.link;
    box.querySelector("button").hidden = kind !== "failed";
  };
  window.soundstageNotice = (kind, text, link) => {
    text ? given.set(kind, { text, link }) : given.delete(kind);
    draw();
  };

  // Part of a page that was asked for and refused: what is shown stays, and why is told.
  const reason = async (raw) => {
    try {
      return (await raw.clone().json()).detail;
    } catch {
      return null;
    }
  };
  document.addEventListener("htmx:before:response", async (event) => {
    const { response } = event.detail.ctx;
    if (response.status < 400) { window.soundstageNotice("failed"); return; }
    if (response.status === 401) { window.soundstageNotice("out", "You are signed out.", ["/sign-in", "Sign in"]); return; }
    window.soundstageNotice("failed", (await reason(response.raw)) || `The dashboard answered with status ${response.status}.`);
  });
  document.addEventListener("htmx:error", () => window.soundstageNotice("failed", "The dashboard did not answer; try again."));
  document.addEventListener("click", (event) => { if (event.target.closest("#notice button")) window.soundstageNotice("failed"); });
})();
