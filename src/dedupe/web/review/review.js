// Keys press the buttons and links that are on the page anyway; all else works without this file.
const byKey = (key) => [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
const dialog = document.getElementById("keys");
const switched = document.getElementById("keys-on");
switched.checked = localStorage.getItem("keys") !== "off";
switched.addEventListener("change", () => localStorage.setItem("keys", switched.checked ? "on" : "off"));
document.querySelector("[data-opens]").addEventListener("click", () => dialog.showModal());

const showDiff = (wanted) => {
  for (const name of ["rendered", "diff"]) {
    const chosen = (name === "diff") === wanted;
    const tab = document.getElementById(`tab-${name}`);
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    document.getElementById(`pane-${name}`).hidden = !chosen;
  }
};
const isDiff = () => document.getElementById("tab-diff")?.getAttribute("aria-selected") === "true";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open || !switched.checked) return;
  if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
  if (event.key === "d" && document.getElementById("tab-diff")) return showDiff(!isDiff());
  const found = byKey(event.key);
  if (found) { event.preventDefault(); found.click(); }
});

// A decision is sent once, however often the key is pressed.
document.addEventListener("submit", (event) => {
  if (event.target.method === "dialog") return;
  if (document.body.dataset.sent) event.preventDefault();
  document.body.dataset.sent = "yes";
});

const place = document.getElementById("preview");
if (place) {
  setTimeout(async () => {
    try {
      const answer = await fetch(place.dataset.src);
      if (!answer.ok) throw new Error(answer.statusText);
      place.innerHTML = await answer.text();
      document.getElementById("tab-rendered").addEventListener("click", () => showDiff(false));
      document.getElementById("tab-diff").addEventListener("click", () => showDiff(true));
      place.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
        if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
        showDiff(!isDiff());
        document.querySelector("[aria-selected=true]").focus();
      });
    } catch { place.textContent = place.dataset.failed; }
  }, 200);
}

const bar = document.getElementById("progress");
if (bar) {
  const said = document.getElementById("progress-said");
  const look = async () => {
    const { busy, done, total } = await (await fetch("/progress")).json();
    if (!busy) return location.reload();
    bar.max = total || 1;
    bar.value = done;
    said.textContent = said.dataset.said.replace("{done}", done).replace("{total}", total);
    setTimeout(look, 500);
  };
  look();
}
