// The list beside an opened message says what the message says: read or not, its tags, and how many are unread.
(() => {
  const put = (count, upto) => {
    const place = document.getElementById("unread");
    const form = place && place.closest("form");
    // Marking all read means all that are shown by now, not only those the page began with.
    if (form && upto) {
      const address = new URL(form.action);
      address.searchParams.set("upto", upto);
      form.action = address;
    }
    if (place && count !== "" && count !== undefined) place.textContent = count;
  };
  const tagged = (row, tags) => {
    const place = row.querySelector(".tags");
    place.replaceChildren(...tags.map((name) => {
      const tag = document.createElement("span");
      tag.className = "tag";
      tag.textContent = name;
      return tag;
    }));
  };
  const follow = () => {
    const head = document.querySelector("#message .message-head");
    if (!head) return;
    put(head.dataset.count);
    const row = document.getElementById(`row-${head.dataset.id}`);
    if (!row) return;
    row.classList.toggle("unread", head.dataset.unread === "1");
    tagged(row, head.dataset.tags ? head.dataset.tags.split(" ") : []);
  };
  window.soundstageUnread = put;
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelector("#rows a[aria-current]")?.scrollIntoView({ block: "center" });
    new MutationObserver(follow).observe(document.getElementById("message"), { childList: true });
  });
})();
