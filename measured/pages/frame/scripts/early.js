// Runs before the page is drawn: what needs scripts has its place from the start, so that nothing moves when they arrive, and
// verdicts do not show for a moment to a reader who wants to bet on them first.
"use strict";
window.measured = {
  bets: {
    // Pages opened from file:// share one storage, so that each site has a place of its own; it may be refused altogether.
    place: `measured-bets ${new URL(".", document.currentScript.src).href}`,
    read() {
      try {
        return { isOn: false, placed: {}, ...JSON.parse(localStorage.getItem(this.place)) };
      } catch {
        return this.kept ?? { isOn: false, placed: {} };
      }
    },
    write(bets) {
      this.kept = bets;
      try {
        localStorage.setItem(this.place, JSON.stringify(bets));
      } catch {
        // Bets then last as long as the page.
      }
    },
  },
};
document.documentElement.classList.add("scripted");
document.documentElement.classList.toggle("predicting", window.measured.bets.read().isOn);
