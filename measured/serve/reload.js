// Follows the preview: reloads this page where it stands when the report was built anew, and shows what went wrong.
{
  const key = `measured-place:${location.pathname}`;
  const place = sessionStorage.getItem(key);
  if (place !== null) {
    sessionStorage.removeItem(key);
    addEventListener("load", () => scrollTo(0, Number(place)));
  }

  const show = (lines) => {
    document.getElementById("measured-trouble")?.remove();
    if (!lines.length) return;
    const box = document.createElement("pre");
    box.id = "measured-trouble";
    box.setAttribute("role", "alert");
    box.textContent = lines.join("\n");
    box.style.cssText =
      "position:fixed;inset:auto 0 0 0;margin:0;padding:0.8rem 1rem;max-height:40vh;overflow:auto;z-index:99;white-space:pre-wrap;" +
      "background:#3a1512;color:#fff;font-size:0.85rem;";
    document.body.append(box);
  };

  new EventSource("/_measured/events").onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (event.kind === "reload") {
      sessionStorage.setItem(key, String(scrollY));
      location.reload();
    } else {
      show(event.lines);
    }
  };
}
