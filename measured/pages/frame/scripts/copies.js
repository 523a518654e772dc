// Buttons that copy the text of another element.
for (const button of document.querySelectorAll("button[data-copies]")) {
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      // Not allowed here: the text is chosen, so that one key copies it.
      window.getSelection().selectAllChildren(source);
      button.textContent = document.execCommand("copy") ? "Copied" : "Chosen: press Ctrl-C";
    }
    setTimeout(() => (button.textContent = words), 2000);
  });
}
