// "Predict first": verdicts, and all that follows from them, are hidden until the reader has bet on each; the score stands at
// the end of a chapter, and above the outcomes of the whole report.
const { bets } = window.measured;
const chapter = location.pathname.split("/").pop();
const WORDS = { supported: "supported", refuted: "refuted", inconclusive: "open" };
const outcomeOf = (card) => Object.keys(WORDS).find((outcome) => card.classList.contains(outcome));
const cards = [...document.querySelectorAll("article section.verdict")].filter(outcomeOf);
const nameOf = (card) => `${chapter}#${card.id}`;
const outcomes = Object.fromEntries(cards.map((card) => [nameOf(card), outcomeOf(card)]));

function node(name, text = "", values = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...values });
}

function button(text, act) {
  const made = node("button", text, { type: "button" });
  made.addEventListener("click", act);
  return made;
}

function told(bet, outcome) {
  const right = bet === outcome;
  return `You said ${WORDS[bet]}: ${right ? "right" : `it came out ${WORDS[outcome]}`}.`;
}

function place(card, bet) {
  const { isOn, placed } = bets.read();
  bets.write({ isOn, placed: { ...placed, [nameOf(card)]: { bet, outcome: outcomeOf(card) } } });
  show();
  card.querySelector(".bet-said").focus();
}

function count(all, what) {
  if (!all.length) return `none ${what} yet`;
  const right = all.filter(({ bet, outcome }) => bet === outcome).length;
  return `${right} of ${all.length} right ${what}`;
}

function showCard(card, isOn, placed) {
  card.querySelectorAll(".bet, .bet-said").forEach((old) => old.remove());
  const done = placed[nameOf(card)];
  card.classList.toggle("revealed", Boolean(done));
  if (!isOn) return;
  const below = card.querySelector(".headline");
  if (done) {
    below.after(node("p", told(done.bet, outcomeOf(card)), { className: "bet-said", tabIndex: -1 }));
    return;
  }
  const bet = node("fieldset", "", { className: "bet" });
  bet.append(node("legend", "How did this come out? Your bet:"));
  for (const [outcome, word] of Object.entries(WORDS)) bet.append(button(word, () => place(card, outcome)), " ");
  below.after(bet);
}

// What follows from claims names the addresses of their cards, on whatever page these are.
const following = [...document.querySelectorAll("article [data-follows]")].map((item) => [item, item.dataset.follows.split(" ").filter(Boolean)]);
const signed = [...document.querySelectorAll(".of-claim")];

function linked(addresses) {
  return addresses.flatMap((address, place) => [
    place ? (place < addresses.length - 1 ? ", " : " and ") : "",
    node("a", address.split("#claim-")[1], { href: `#${address.split("#")[1]}` }),
  ]);
}

// Says once a section that something is not shown, and what to do about it.
function showNotes(hidden) {
  document.querySelectorAll(".withheld").forEach((old) => old.remove());
  const sections = new Map();
  for (const [item, addresses] of hidden) {
    const section = item.closest("article section");
    if (!section) continue;
    const found = sections.get(section) ?? { first: item.closest("ul, ol, .surprises") ?? item, addresses: new Set() };
    addresses.forEach((address) => found.addresses.add(address));
    sections.set(section, found);
  }
  for (const { first, addresses } of sections.values()) {
    if (first.matches(".contents")) continue;
    const note = node("p", "", { className: "withheld" });
    if (cards.length) note.append("What is said here follows from ", ...linked([...addresses]), ". It shows when you have bet.");
    else note.append(`${addresses.size === 1 ? "One outcome is" : `${addresses.size} outcomes are`} hidden here until you have bet in the chapters.`);
    first.before(note);
  }
}

function showFollowing(isOn, placed) {
  const open = (address) => isOn && !placed[address];
  const hidden = following
    .map(([item, addresses]) => [item, addresses.filter(open)])
    .filter(([item, addresses]) => {
      item.classList.toggle("revealed", !addresses.length);
      return addresses.length;
    });
  for (const link of signed) {
    const address = `${chapter}${link.hash}`;
    link.classList.toggle("revealed", !(address in outcomes && open(address)));
  }
  showNotes(hidden);
  document.documentElement.classList.toggle("all-told", !hidden.length);
}

const score = node("aside", "", { className: "bets" });
score.setAttribute("aria-label", "Your bets");
const scored = node("p");
scored.setAttribute("role", "status");
score.append(scored, button("Forget my bets", () => {
  bets.write({ isOn: true, placed: {} });
  show();
}), " ", button("Show all verdicts", () => turn(false)));

function putScore() {
  if (score.isConnected) return;
  const article = document.querySelector("article");
  if (cards.length) article.append(score);
  else (article.querySelector(".hero") ?? article.querySelector(".lead") ?? article.querySelector("h1")).after(score);
}

function show() {
  const { isOn, placed } = bets.read();
  for (const card of cards) showCard(card, isOn, placed);
  showFollowing(isOn, placed);
  const here = cards.map((card) => placed[nameOf(card)]).filter(Boolean);
  document.documentElement.classList.toggle("predicting", isOn);
  for (const item of document.querySelectorAll(".predict-first")) item.setAttribute("aria-checked", isOn);
  if (!isOn || !(cards.length || following.length)) {
    score.remove();
    return;
  }
  putScore();
  const left = cards.length - here.length;
  const all = count(Object.values(placed), "in the whole report so far");
  scored.textContent = cards.length
    ? `Your bets: ${count(here, "in this chapter")}, ${left ? `${left} to go` : "all placed"}; ${all}.`
    : `You predict first: outcomes show when you have bet on them in the chapters. Your bets: ${all}.`;
}

function turn(isOn) {
  bets.write({ ...bets.read(), isOn });
  show();
}

for (const list of document.querySelectorAll("header.site .drop .panel > ul, header.site .panel .part.on-phone ul")) {
  const item = button("Predict first", () => turn(!bets.read().isOn));
  item.className = "predict-first";
  item.title = "Hides the verdicts of a chapter until you have bet on each";
  item.setAttribute("role", "switch");
  const entry = node("li");
  entry.append(item);
  list.append(entry);
}
show();
