// Says while a build runs which chapters are done, and offers to reload a page that is old. Pages open from file://, where only
// a script can be loaded again: building.js, which calls the function below.
const PAUSE = 4000, SILENT = 100; // milliseconds between two looks; seconds after which a build is no longer believed in
const own = document.querySelector('script[src$="building.js"]');
const here = location.pathname.split("/").pop() || "index.html";
const isSource = own?.getAttribute("src") !== "building.js";
let atFirst, latest, closed, pending, bar;

function element(name, text = "", values = {}) {
  return Object.assign(document.createElement(name), { textContent: text }, values);
}

function look() {
  clearTimeout(pending);
  if (document.hidden) return; // whoever comes back to the page looks again
  const script = element("script", "", { src: `${own.src}?${Date.now()}` });
  script.onload = script.onerror = () => script.remove();
  document.head.append(script);
}

function about(seconds) {
  if (seconds == null) return "";
  if (seconds < 60) return "in less than a minute";
  const [number, unit] = seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
  return `in about ${Math.round(number)} ${unit}${Math.round(number) === 1 ? "" : "s"}`;
}

function make() {
  bar = element("aside", "", { className: "building" });
  bar.setAttribute("aria-label", "Build");
  const close = element("button", "×", { type: "button", title: "Close" });
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => {
    closed = latest;
    bar.remove();
    document.documentElement.classList.remove("has-building");
  });
  const changed = element("p", "", { className: "changed" });
  changed.setAttribute("role", "status"); // the times below change every few seconds, which nobody wants to hear
  const details = element("details");
  details.append(element("summary"), element("ul"));
  bar.append(close, changed, details);
  document.body.append(bar);
  document.documentElement.classList.add("has-building");
}

function state(chapter) {
  if (chapter.state !== "waiting") return chapter.state;
  return chapter.seconds == null ? "being measured" : about(chapter.seconds);
}

function told(running) {
  const time = new Date(running.at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const done = running.chapters.filter((chapter) => chapter.state !== "waiting");
  const count = `${done.length} of ${running.chapters.length} chapters are done`;
  if (Date.now() / 1000 - running.at > SILENT) return `A build ran here, last heard of at ${time} when ${count}; it was probably stopped.`;
  const waiting = running.chapters.filter((chapter) => chapter.state === "waiting");
  const mine = waiting.find((chapter) => chapter.page === here);
  const next = mine ?? waiting.filter((chapter) => chapter.seconds != null).sort((a, b) => a.seconds - b.seconds)[0];
  if (!next || next.seconds == null) return `A build is running: ${count}.`;
  return `A build is running: ${count}; ${mine ? "this one" : `the next, ${next.title},`} comes ${about(next.seconds)}.`;
}

function show({ running }) {
  const isOld = latest !== atFirst;
  if (closed === latest) return;
  if (!running && !isOld && !bar) return;
  if (!bar?.isConnected) make();
  const [, changed, details] = bar.children;
  if (isOld && !changed.childElementCount) {
    const reload = element("button", "Reload", { type: "button" });
    reload.addEventListener("click", () => location.reload()); // which keeps the place on the page
    const wasWaiting = document.querySelector("[data-waiting]");
    changed.append(wasWaiting ? "This chapter is there. " : "This page has changed. ", reload);
  }
  details.hidden = !running;
  if (!running) {
    if (!isOld) changed.textContent = "The build has ended.";
    return;
  }
  details.children[0].textContent = told(running);
  const links = running.chapters.map((chapter) => {
    const item = element("li");
    const href = own.getAttribute("src").replace("building.js", chapter.page);
    item.append(element("a", `${chapter.number} ${chapter.title}`, { href }), ` ${state(chapter)}`);
    return item;
  });
  details.children[1].replaceChildren(...links);
}

window.measured.building = (news) => {
  latest = isSource ? "" : news.pages[here] ?? ""; // pages of sources change only with the sources
  atFirst ??= latest;
  show(news);
  clearTimeout(pending);
  if (news.running && Date.now() / 1000 - news.running.at <= SILENT) pending = setTimeout(look, PAUSE);
};
if (own) document.addEventListener("visibilitychange", look);
