// Copies what stands in an element when its button is pressed. Without it the page
// works all the same: a press into a text selects all of it.
const said = document.querySelector("[data-said]");

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    select(element); // an older browser, or one that does not allow it for files
    return document.execCommand("copy");
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const label = [...button.childNodes]; // also what only a screen reader says
  button.hidden = false;
  button.addEventListener("click", async () => {
    const done = await copy(document.getElementById(button.dataset.copy));
    const words = done ? said.dataset.done : said.dataset.failed;
    said.textContent = words;
    button.textContent = words;
    setTimeout(() => {
      button.replaceChildren(...label);
      said.textContent = "";
    }, 2500);
  });
}
