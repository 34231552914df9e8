// The switches of the letter, remembered, and the reload when something changed.
"use strict";
const letter = document.querySelector(".letter");

function show() {
  const frame = letter.querySelector("iframe");
  const { colours, pictures } = letter.dataset;
  const address = `${frame.dataset.address}&dark=${colours === "dark" ? 1 : 0}&pictures=${pictures === "on" ? 1 : 0}`;
  if (frame.getAttribute("src") === address) return;
  // A fresh frame leaves no step behind in the history, and none is restored into it by a reload.
  const fresh = frame.cloneNode();
  fresh.src = address;
  frame.replaceWith(fresh);
}

function remembered(name) {
  try { return sessionStorage.getItem(name); } catch { return null; }
}

function remember(name, value) {
  try { sessionStorage.setItem(name, value); } catch { /* a browser that keeps nothing */ }
}

if (letter) {
  for (const input of letter.querySelectorAll("input")) {
    if (remembered(input.name) === input.value) input.checked = true;
    if (input.checked) letter.dataset[input.name] = input.value;
    input.addEventListener("change", () => {
      letter.dataset[input.name] = input.value;
      remember(input.name, input.value);
      show();
    });
  }
  show();
}

// Readers unfold a warned status with a click; the editor is here to see it.
for (const warned of document.querySelectorAll("details.warned")) warned.open = true;

let seen = document.documentElement.dataset.version;

async function look() {
  if (document.hidden) return;
  const lost = document.querySelector(".lost");
  try {
    const answer = await fetch("/version", { cache: "no-store" });
    const version = await answer.text();
    lost.hidden = true;
    if (!answer.ok) return;
    // Seen twice: a file that is half saved is not worth a look.
    if (version === seen && version !== document.documentElement.dataset.version) location.reload();
    seen = version;
  } catch {
    lost.hidden = false;
  }
}
setInterval(look, 800);
document.addEventListener("visibilitychange", look);
