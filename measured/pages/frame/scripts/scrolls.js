// A formula that is too wide for the screen scrolls, by keyboard too.
const formulas = [...document.querySelectorAll('math[display="block"]')];
function reach() {
  for (const formula of formulas) {
    if (formula.scrollWidth > formula.clientWidth + 1) formula.setAttribute("tabindex", "0");
    else formula.removeAttribute("tabindex");
  }
}
if (formulas.length) {
  reach();
  window.addEventListener("resize", reach);
}
