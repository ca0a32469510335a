// The page without a script shows all that was judged. With it, tables sort and filter, charts are drawn, and every
// operation of a plan is listed. This part connects the others to the page.

all(".needs-script").forEach((node) => node.classList.remove("needs-script"));

// A link to a test opens it.
const open = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target?.tagName === "DETAILS") {
    target.hidden = false;
    target.open = true;
    target.querySelector("summary").focus();
  }
};
window.addEventListener("hashchange", open);
table?.addEventListener("click", (event) => {
  if (event.target.hash && event.target.hash === location.hash) open();
});

// What is in a closed part is drawn when it is opened.
async function fill(part) {
  if (part.dataset.filled) return;
  part.dataset.filled = "true";
  const found = await data();
  const index = Number(part.dataset.index);
  for (const box of all("[data-chart]", part)) {
    if (box.dataset.chart === "calls" && found.calls[index]) drawCalls(box, found.calls[index]);
    if (box.dataset.chart === "trend") drawTrend(box, found.drawn.trends[index]);
    if (box.dataset.chart === "variants") drawVariants(box, found.drawn.variants[index]);
  }
  const box = part.querySelector(".operations");
  const plan = found.plans[index];
  if (box && plan) listOperations(box, decode(plan, found.operations), part.querySelector(".id").textContent);
  else if (box) box.textContent = "This page has no room for the single operations of this test; the report has them.";
}
if (typeof DecompressionStream !== "undefined") {
  all("details[data-index]").forEach((part) => {
    part.addEventListener("toggle", () => part.open && fill(part));
    if (part.open) fill(part);
  });
  all("section[data-index]").forEach(fill);
} else {
  all("[data-chart], .operations").forEach((box) => box.remove());
}
open();
