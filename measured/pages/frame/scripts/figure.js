// The bar under a figure. Links do without scripts; this is what its buttons do.
const { element } = measured;

for (const figure of document.querySelectorAll("figure[data-figure]")) {
  const bar = figure.querySelector(".bar");
  if (!bar) continue;
  const said = bar.querySelector(".said");
  let forgetting;
  const say = (text, forAWhile = true) => {
    said.textContent = text;
    clearTimeout(forgetting);
    if (forAWhile) forgetting = setTimeout(() => (said.textContent = ""), 4000);
  };
  if (figure.dataset.explorer) letExplore(figure, bar.querySelector(".explore"), say);
  bar.querySelector(".png")?.addEventListener("click", () => savePng(figure, say));
  bar.querySelector(".copy").addEventListener("click", () => copy(bar.querySelector(".command"), say));
}

// The button that puts an explorer in the place of the drawing, and the drawing back.
function letExplore(figure, button, say) {
  const picture = figure.querySelector("picture, img");
  let place; // made when first asked for
  let told = () => {}; // what the explorer wants to know: whether it is shown

  function show(shown) {
    place.hidden = !shown;
    picture.hidden = shown;
    button.textContent = shown ? "Back to the drawing" : "Explore";
    button.setAttribute("aria-expanded", String(shown));
    told(shown);
  }

  button.addEventListener("click", async () => {
    if (place) return show(place.hidden);
    button.disabled = true;
    say("Loading what is needed to explore this figure …", false);
    try {
      const { height } = picture.getBoundingClientRect();
      const id = figure.dataset.figure;
      const [content] = await Promise.all([measured.tableOf(id), measured.load("explore/explore.js")]);
      const explorer = await measured.explorerOf(figure.dataset.explorer);
      place = element("div", { class: "explorer" });
      place.style.minHeight = `${height}px`;
      picture.after(place);
      show(true);
      const label = figure.querySelector(".bar").getAttribute("aria-label");
      told = (await explorer({ ...content, id, label }, { element: place, height, say })) ?? told;
      say("");
    } catch (error) {
      console.error(error);
      if (place) show(false);
      place?.remove();
      place = undefined;
      say(
        /\.js$/.test(error.message)
          ? `This figure cannot be explored: the file ${error.message} is missing beside these pages. Its drawing and its numbers are all there is.`
          : "This figure cannot be explored, as something went wrong. Its drawing and its numbers are as they were.",
        false,
      );
    }
    button.disabled = false;
    button.focus();
  });
}

// Saves the drawing on the paper that the reader sees, with two pixels for each of the drawing's own.
async function savePng(figure, say) {
  say("Drawing …", false);
  try {
    const id = figure.dataset.figure;
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    // A picture that is no part of the page does not know what the reader prefers.
    const svg = (await measured.drawingOf(id)).replaceAll("(prefers-color-scheme: dark)", dark ? "all" : "not all");
    const image = new Image();
    const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    image.src = address;
    await image.decode();
    const canvas = element("canvas", { width: 2 * image.naturalWidth, height: 2 * image.naturalHeight });
    const context = canvas.getContext("2d");
    context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--paper");
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(address);
    const png = URL.createObjectURL(await new Promise((resolve) => canvas.toBlob(resolve)));
    element("a", { href: png, download: `${id.replaceAll("/", "-")}.png` }).click();
    setTimeout(() => URL.revokeObjectURL(png), 10000);
    say("saved as PNG");
  } catch (error) {
    console.error(error);
    say("This browser makes no PNG of the drawing; the SVG is there.", false);
  }
}

async function copy(command, say) {
  try {
    await navigator.clipboard.writeText(command.querySelector("code").textContent);
    say("copied");
  } catch {
    command.open = true; // which shows it
    say("");
  }
}
