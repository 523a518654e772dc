// Marks, in the contents beside a page, the section that is being read. The folded contents close when one was chosen.
const links = [...document.querySelectorAll(".contents-of-page .wide a")];
const places = links.map((link) => [link, document.getElementById(decodeURIComponent(link.hash.slice(1)))]).filter(([, place]) => place);
if (places.length && "IntersectionObserver" in window) {
  let current = null;
  const mark = () => {
    const top = window.innerHeight * 0.3;
    const passed = places.filter(([, place]) => place.getBoundingClientRect().top <= top);
    const [link] = passed.length ? passed[passed.length - 1] : places[0];
    if (link === current) return;
    current?.removeAttribute("aria-current");
    for (const other of links) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "location");
    // A claim is in a section, which stays marked with it.
    link.closest("ol > li")?.querySelector(":scope > a")?.setAttribute("aria-current", "location");
    const column = link.closest(".wide");
    const [inside, around] = [link.getBoundingClientRect(), column.getBoundingClientRect()];
    if (inside.top < around.top || inside.bottom > around.bottom) column.scrollTop += inside.top - around.top - around.height / 3;
    current = link;
  };
  const observer = new IntersectionObserver(mark, { rootMargin: "-30% 0px -69% 0px" });
  for (const [, place] of places) observer.observe(place.closest("section") ?? place);
  mark();
}
const folded = document.querySelector(".contents-of-page .folded");
folded?.addEventListener("click", (event) => {
  if (event.target.closest("a")) folded.open = false;
});
