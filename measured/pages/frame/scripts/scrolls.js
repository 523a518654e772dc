// A formula, code or a table that is too wide for the screen scrolls, by keyboard too.
const scrolling = [...document.querySelectorAll('math[display="block"], .document :is(pre, .scroll)')];
function reach() {
  for (const part of scrolling) {
    if (part.scrollWidth > part.clientWidth + 1) part.setAttribute("tabindex", "0");
    else part.removeAttribute("tabindex");
  }
}
if (scrolling.length) {
  reach();
  window.addEventListener("resize", reach);
}
