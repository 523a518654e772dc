// "Predict first": verdicts of a chapter are hidden until the reader has bet on each; the score stands at the end.
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

const score = node("aside", "", { className: "bets" });
score.setAttribute("aria-label", "Your bets");
const scored = node("p");
scored.setAttribute("role", "status");
score.append(scored, button("Forget my bets", () => {
  bets.write({ isOn: true, placed: {} });
  show();
}), " ", button("Show all verdicts", () => turn(false)));

function show() {
  const { isOn, placed } = bets.read();
  for (const card of cards) showCard(card, isOn, placed);
  const here = cards.map((card) => placed[nameOf(card)]).filter(Boolean);
  document.documentElement.classList.toggle("predicting", isOn);
  document.documentElement.classList.toggle("all-bet", here.length === cards.length);
  for (const item of document.querySelectorAll(".predict-first")) item.setAttribute("aria-checked", isOn);
  if (!isOn || !cards.length) {
    score.remove();
    return;
  }
  if (!score.isConnected) document.querySelector("article").append(score);
  const left = cards.length - here.length;
  const all = Object.values(placed);
  scored.textContent = `Your bets: ${count(here, "in this chapter")}, ${left ? `${left} to go` : "all placed"}; ${count(all, "in the whole report")}.`;
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
