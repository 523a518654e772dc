// What a word means, or which work is cited, shows where one points at the link, focuses it, or taps it once. Without scripts
// the link leads to the glossary or to the references.
const selector = "a.term[data-tip], a.cite[data-tip]";
let tip = null;
let shownFor = null;
let timer = 0;
let touched = false;

function hide() {
  clearTimeout(timer);
  shownFor?.removeAttribute("aria-describedby");
  tip?.remove();
  tip = shownFor = null;
}

function show(link, withLink) {
  if (link === shownFor) return;
  hide();
  tip = document.createElement("div");
  tip.className = "explained";
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  const word = document.createElement("b");
  word.textContent = link.textContent;
  tip.append(word, link.dataset.tip);
  if (withLink) {
    const more = document.createElement("a");
    more.href = link.href;
    more.textContent = link.classList.contains("term") ? "Glossary" : "References";
    tip.append(" ", more);
  }
  document.body.append(tip);
  const line = link.getClientRects()[0];
  const box = tip.getBoundingClientRect();
  const width = document.documentElement.clientWidth;
  const below = line.bottom + box.height + 8 < window.innerHeight || line.top < box.height + 60;
  tip.style.left = `${Math.max(8, Math.min(line.left, width - box.width - 8)) + window.scrollX}px`;
  tip.style.top = `${(below ? line.bottom + 6 : line.top - box.height - 6) + window.scrollY}px`;
  link.setAttribute("aria-describedby", "tip");
  shownFor = link;
}

const leave = () => {
  clearTimeout(timer);
  timer = setTimeout(hide, 250);
};
document.addEventListener("pointerover", (event) => {
  if (event.pointerType === "touch") return;
  const link = event.target.closest?.(selector);
  if (link) {
    clearTimeout(timer);
    if (link !== shownFor) timer = setTimeout(show, 120, link, false);
  } else if (tip?.contains(event.target)) clearTimeout(timer);
});
document.addEventListener("pointerout", (event) => {
  if (event.pointerType !== "touch" && (event.target.closest?.(selector) || tip?.contains(event.target))) leave();
});
document.addEventListener("focusin", (event) => {
  if (!touched && event.target.matches(selector)) show(event.target, false);
});
document.addEventListener("focusout", (event) => {
  if (event.target === shownFor) leave();
});
document.addEventListener("keydown", (event) => {
  touched = false;
  if (event.key === "Escape") hide();
});
// On a touch screen the first tap shows, and the card has the link; the second tap follows it.
document.addEventListener("pointerdown", (event) => {
  touched = event.pointerType === "touch";
  if (tip && !tip.contains(event.target) && event.target !== shownFor) hide();
});
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(selector);
  if (!link || !touched || link === shownFor) return;
  event.preventDefault();
  show(link, true);
});
