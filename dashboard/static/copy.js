// Copy buttons. Where the clipboard is closed to a page (plain HTTP beyond loopback), the old way still works.
(() => {
  const copied = async (text, from) => {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    from.focus();
    if (!done) throw new Error("not copied");
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const label = button.dataset.label || (button.dataset.label = button.textContent);
    // The shorter word must not move what stands beside it.
    button.style.minWidth = `${button.offsetWidth}px`;
    try {
      await copied(button.dataset.copy, button);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  });
})();
