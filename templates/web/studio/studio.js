// The studio in the browser: views, live changes, editing. No framework and no build step; served as it stands.
"use strict";
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const isStatic = !("live" in document.body.dataset);

function remembered(name) {
  try { return sessionStorage.getItem(name); } catch { return null; }
}

function remember(name, value) {
  try { sessionStorage.setItem(name, value); } catch { /* a browser that keeps nothing */ }
}

// ---- The letter: frames, text and sources ------------------------------------------------------------------------

const wideEnough = matchMedia("(min-width: 1320px)"), narrow = matchMedia("(max-width: 600px)");
let marked = "";
const turns = new WeakMap();

function chosen(name) {
  return $(`#switches input[name=${name}]:checked`)?.value ?? "";
}

function show() {
  const stage = $("#stage");
  if (!stage) return;
  if (chosen("view") === "both" && !wideEnough.matches) $(narrow.matches ? "#view-phone" : "#view-desktop").checked = true;
  const view = chosen("view");
  $("#preview").dataset.view = stage.dataset.view = view;
  stage.dataset.colours = chosen("colours");
  const address = frameAddress(stage);
  const hasLetter = Boolean(address) || $$("iframe", stage).some(frame => frame.hasAttribute("src"));
  $(".never", stage).hidden = hasLetter;
  for (const screen of $$(".screen", stage)) {
    screen.hidden = !hasLetter;
    const isShown = view === "both" || screen.classList.contains(view);
    if (address && isShown) turn(screen, address);
  }
  fit();
}

function frameAddress(stage) {
  const pattern = stage.dataset.frame;
  if (!pattern) return "";
  const address = pattern.replace("{colours}", chosen("colours")).replace("{pictures}", chosen("pictures"));
  return isStatic ? address : `${address}&marked=${marked}&stamp=${stage.dataset.stamp}`;
}

// A fresh frame is filled behind the one that is seen and takes its place when it stands: nothing flickers, the letter
// stays scrolled as it was, and no step is left in the history.
function turn(screen, address) {
  const glass = $(".glass", screen), old = $("iframe:not(.coming)", glass);
  if (turns.get(screen) === address) return;
  turns.set(screen, address);
  $$(".coming", glass).forEach(frame => frame.remove());
  const fresh = old.cloneNode();
  fresh.classList.add("coming");
  fresh.src = address;
  const isFirst = !old.hasAttribute("src");
  const swap = () => {
    if (turns.get(screen) !== address || !fresh.classList.contains("coming")) return;
    const top = isFirst || (marked && address.includes(`marked=${marked}`)) ? null : scrolled(old);
    fresh.classList.remove("coming");
    old.remove();
    if (top !== null) scrollFrame(fresh, top);
    else if (marked) found(fresh);
    screen.dataset.shown = address;
  };
  fresh.addEventListener("load", swap);
  glass.append(fresh);
}

function inside(frame) {
  try { return frame.contentDocument?.documentElement ? frame.contentWindow : null; } catch { return null; }
}

const scrolled = frame => inside(frame)?.scrollY ?? 0;
const scrollFrame = (frame, top) => inside(frame)?.scrollTo(0, top);
const found = frame => inside(frame)?.document.getElementById("found")?.scrollIntoView({ block: "center" });

// The desktop is at least 640 pixels wide, or the letter would take it for a phone: drawn smaller where there is less.
function fit() {
  const glass = $(".desktop .glass");
  if (!glass?.clientWidth) return;
  const scale = Math.min(1, glass.clientWidth / 640);
  glass.style.setProperty("--scale", scale);
  glass.style.setProperty("--wide", `${glass.clientWidth / scale}px`);
}

function mark(lines, button) {
  marked = marked === lines ? "" : lines;
  $$("[data-mark]").forEach(each => each.setAttribute("aria-pressed", String(each.dataset.mark === marked)));
  if (["text", "html", "raw"].includes(chosen("view"))) pick("view", wideEnough.matches ? "both" : "desktop");
  show();
  say(marked ? "Marked in the letter" : "No longer marked");
  button.focus();
}

function showLine(number) {
  pick("view", "html");
  show();
  const source = $("#source-html"), lines = source.textContent.split("\n");
  const line = document.createElement("mark");
  line.textContent = lines[number - 1] || " ";
  source.replaceChildren(lines.slice(0, number - 1).join("\n"), number > 1 ? "\n" : "", line, "\n" + lines.slice(number).join("\n"));
  line.scrollIntoView({ block: "center" });
  source.focus({ preventScroll: true });
}

function pick(name, value) {
  const input = $(`#${name}-${value}`);
  input.checked = true;
  remember(name, value);
}

// ---- Words that are said ------------------------------------------------------------------------------------------

function say(text) {
  const place = $("#announced") ?? $("#found-posts");
  if (place) place.textContent = text;
}

function state(kind, text) {
  const place = $("#saved");
  if (!place) return;
  place.dataset.kind = kind;
  place.textContent = text;
}

function count(field) {
  const place = $(`[data-count=${field.name}]`);
  if (!place) return;
  const length = [...field.value].length, good = Number(place.dataset.good);
  const advice = field.name === "subject"
    ? (length > good ? `; ${good} or fewer are better` : "")
    : `; the first ${good} count most`;
  place.textContent = `${length} ${length === 1 ? "character" : "characters"}${advice}`;
  place.classList.toggle("long", field.name === "subject" && length > good);
}

// ---- The page made anew, without losing what is typed, chosen or scrolled -------------------------------------------

const keyOf = node => (node.nodeType === 1 ? node.id || null : null);

function morph(have, want) {
  if (have.nodeType === 3 || have.nodeType === 8) {
    if (have.data !== want.data) have.data = want.data;
    return;
  }
  attributes(have, want);
  if (have.hasAttribute("data-keep")) return;
  if (have.localName === "textarea" || have.localName === "input") return field(have, want);
  if (have.localName === "pre" && have.textContent === want.textContent && !$("mark", have)) return;
  children(have, want);
}

function attributes(have, want) {
  const mine = name => (name === "open" && have.localName === "details")
    || (have.hasAttribute("data-keep") && ["hidden", "data-view", "data-colours", "data-kind", "aria-disabled", "style"].includes(name))
    || (name === "value" && have.localName === "input") || name === "aria-pressed" || name === "aria-invalid";
  for (const { name, value } of [...want.attributes]) {
    if (!mine(name) && have.getAttribute(name) !== value) have.setAttribute(name, value);
  }
  for (const { name } of [...have.attributes]) {
    if (!mine(name) && !want.hasAttribute(name)) have.removeAttribute(name);
  }
}

// What is being typed stays; a field that nobody touched takes what is kept now.
function field(have, want) {
  const isTouched = have.value !== have.defaultValue;
  have.defaultValue = want.defaultValue;
  if (!isTouched && have.value !== want.defaultValue) have.value = want.defaultValue;
}

function children(have, want) {
  const wanted = new Set([...want.childNodes].map(keyOf).filter(Boolean));
  const keyed = new Map();
  for (const child of [...have.childNodes]) {
    const key = keyOf(child);
    if (key && !wanted.has(key)) child.remove();
    else if (key) keyed.set(key, child);
  }
  let at = have.firstChild;
  for (const next of [...want.childNodes]) {
    const key = keyOf(next);
    if (key && keyed.has(key)) {
      const mine = keyed.get(key);
      while (at && at !== mine && !keyOf(at)) at = dropped(at);
      if (at === mine) at = at.nextSibling;
      else have.insertBefore(mine, at);
      morph(mine, next);
    } else if (!key && at && !keyOf(at) && at.nodeName === next.nodeName) {
      const mine = at;
      at = at.nextSibling;
      morph(mine, next);
    } else have.insertBefore(document.importNode(next, true), at);
  }
  while (at) at = dropped(at);
}

function dropped(node) {
  const after = node.nextSibling;
  node.remove();
  return after;
}

let asked = 0, refreshing = Promise.resolve();

function refresh() {
  refreshing = fetched(++asked);
  return refreshing;
}

async function fetched(turn) {
  let answer, text;
  try {
    answer = await fetch(location.pathname + location.search, { cache: "no-store" });
    text = await answer.text();
  } catch {
    return lost(true);
  }
  if (turn !== asked) return;
  lost(false);
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const fault = $("#fault");
  // Where the config is at fault, what was shown stays, with the fault above it.
  if (!answer.ok && fault && $("[role=alert]", fresh)) {
    const told = document.importNode($("[role=alert]", fresh), true), title = document.createElement("h2");
    title.append($("h1", told).textContent);
    $("h1", told).replaceWith(title);
    fault.replaceChildren(...told.childNodes);
    fault.hidden = false;
    document.body.dataset.version = fresh.body.dataset.version ?? "";
    return;
  }
  if (!$("#fault") || !$("#fault", fresh)) return location.reload();
  fault.hidden = true;
  take(fresh);
}

function take(fresh) {
  const focus = document.activeElement, id = focus?.id;
  const keepsMine = editor.isDirty() || editor.isBusy();
  const choices = $("#editor")?.dataset.choices;
  document.title = fresh.title;
  // An issue that does not render has no letter of its own: the last good one stays.
  const stage = $("#stage", fresh);
  if (stage && !stage.dataset.frame && $("#stage")?.dataset.frame) {
    for (const name of ["frame", "stamp"]) stage.dataset[name] = $("#stage").dataset[name];
  }
  morph(document.body, fresh.body);
  if (keepsMine && choices && $("#editor")) $("#editor").dataset.choices = choices;
  editor.read();
  if (id && document.activeElement !== focus) document.getElementById(id)?.focus({ preventScroll: true });
  show();
  filter();
  unfold();
}

function lost(isLost) {
  const place = $("#lost");
  const text = isLost ? "The studio has ended. Start it again with syndicate preview." : "";
  if (place && place.textContent !== text) place.textContent = text;
}

function listen() {
  const at = document.body.dataset.live;
  const source = new EventSource(`/events${at ? `?at=${encodeURIComponent(at)}` : ""}`);
  source.addEventListener("version", async event => {
    lost(false);
    await editor.busy;
    await refreshing;
    if (event.data !== document.body.dataset.version) refresh();
  });
  source.addEventListener("error", () => {
    lost(true);
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
  });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", event => { if (event.persisted) location.reload(); });
}

// ---- Editing --------------------------------------------------------------------------------------------------------

const WORDS = ["subject", "preheader", "note"];

const editor = {
  kept: null,
  past: [],
  timer: 0,
  busy: null,
  waiting: null,
  intended: null, // what was sent, or waits to be, and is not kept yet
  conflict: null,

  canWrite: () => Boolean($("meta[name=studio-token]") && $("#undo")),
  isBusy() { return Boolean(this.busy || this.waiting || this.conflict); },
  isDirty: () => WORDS.some(name => { const input = $(`#${name}`); return input && input.value !== input.defaultValue; }),

  read() {
    const form = $("#editor");
    this.kept = form ? JSON.parse(form.dataset.choices) : null;
    for (const name of WORDS) if ($(`#${name}`)) count($(`#${name}`));
    $("#undo")?.setAttribute("aria-disabled", String(!this.past.length));
    if (this.canWrite() && !$("#saved").textContent) state("good", "Saved");
  },

  // The choices as the page has them: what is kept, and what is typed since.
  choices() {
    const now = { ...(this.intended ?? this.kept) };
    for (const name of WORDS) {
      const input = $(`#${name}`);
      if (input && input.value !== input.defaultValue) now[name] = input.value.trim() ? input.value : null;
    }
    return now;
  },

  type(input) {
    count(input);
    if (!this.canWrite()) return;
    state("busy", "…");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(this.choices()), 200);
  },

  async send(choices, { isUndo = false, clear = false } = {}) {
    clearTimeout(this.timer);
    this.intended = choices;
    if (this.busy) { this.waiting = [choices, { isUndo, clear }]; return this.busy; }
    const before = this.kept;
    state("busy", "Saving…");
    this.busy = this.post({ ...choices, revision: this.kept.revision }, clear);
    const revision = await this.busy;
    this.busy = null;
    if (revision === null) { this.waiting = this.intended = null; return; }
    if (!isUndo) this.past.push(before);
    this.settle(choices, revision);
    const next = this.waiting;
    this.waiting = null;
    if (next) return this.send(next[0], next[1]);
    this.intended = null;
    await refresh();
  },

  settle(choices, revision) {
    this.kept = { ...choices, revision };
    const form = $("#editor");
    if (form) form.dataset.choices = JSON.stringify(this.kept);
    for (const name of WORDS) {
      const input = $(`#${name}`);
      if (input && (choices[name] ?? "") === (input.value.trim() ? input.value : "")) input.defaultValue = input.value;
    }
    $("#undo")?.setAttribute("aria-disabled", String(!this.past.length));
    state("good", "Saved");
  },

  // Returns the new revision, or null where it was not kept; then the page says why.
  async post(choices, clear) {
    const digest = encodeURIComponent($("#editor").dataset.digest);
    for (const name of WORDS) this.wrong(name, "");
    let answer, said;
    try {
      answer = await fetch(`/digests/${digest}/choices${clear ? "/clear" : ""}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Studio-Token": $("meta[name=studio-token]").content },
        body: JSON.stringify(clear ? { revision: choices.revision } : choices),
      });
      said = await answer.json();
    } catch {
      state("bad", "Not saved: the studio has ended");
      return null;
    }
    if (answer.ok) return said.revision;
    if (answer.status === 409) this.meet(choices);
    else if (said.field && WORDS.includes(said.field)) this.wrong(said.field, said.error);
    state("bad", answer.status === 409 ? "Not saved" : `Not saved: ${said.error}`);
    return null;
  },

  wrong(name, text) {
    const input = $(`#${name}`);
    if (!input) return;
    $(`#${name}-error`).textContent = text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  },

  meet(choices) {
    this.conflict = choices;
    const changed = [];
    for (const name of WORDS) if (choices[name] !== this.kept[name]) changed.push(name);
    for (const name of ["lead", "order", "left_out"]) {
      if (JSON.stringify(choices[name]) !== JSON.stringify(this.kept[name])) changed.push(name === "left_out" ? "what is left out" : `the ${name}`);
    }
    $("#conflict-what").textContent = changed.length ? `${changed.join(", ")}.` : "the rules.";
    $("#conflict").hidden = false;
  },

  async solve(keepMine) {
    const mine = this.conflict;
    this.conflict = null;
    $("#conflict").hidden = true;
    for (const name of WORDS) if ($(`#${name}`)) $(`#${name}`).value = $(`#${name}`).defaultValue;
    this.past = [];
    state("busy", "Loading…");
    await refresh();
    if (keepMine && mine) await this.send({ ...mine, revision: this.kept.revision });
    else state("good", "Loaded what is there");
    ($("#subject") ?? $("#issue")).focus();
  },

  undo() {
    const before = this.past.pop();
    if (!before) return;
    for (const name of WORDS) if ($(`#${name}`)) $(`#${name}`).value = $(`#${name}`).defaultValue;
    say("Undone");
    return this.send({ ...before }, { isUndo: true });
  },
};

// The reviews in reading order, as the rows stand.
const inOrder = () => $$("#lists .rows.lead .row, #lists .rows.movable .row").map(row => Number(row.dataset.id));

function reordered(choices) {
  return editor.send({ ...choices, order: inOrder() });
}

function move(row, step) {
  const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  const rows = row.parentElement, film = row.dataset.film;
  if (!other) return say(`${film} stands ${step < 0 ? "first" : "last"} already`);
  const focus = document.activeElement;
  if (step < 0) other.before(row);
  else other.after(row);
  landed(row, rows);
  focus?.focus({ preventScroll: true });
  reordered(editor.choices());
}

function landed(row, rows) {
  const all = [...rows.children];
  for (const [place, each] of all.entries()) {
    $("[data-act=up]", each)?.setAttribute("aria-disabled", String(place === 0));
    $("[data-act=down]", each)?.setAttribute("aria-disabled", String(place === all.length - 1));
  }
  row.classList.remove("moved");
  void row.offsetWidth;
  row.classList.add("moved");
  say(`${row.dataset.film}: place ${all.indexOf(row) + 1} of ${all.length}, ${rows.getAttribute("aria-label").replace(", in order", "")}`);
}

function act(name, row) {
  const id = Number(row.dataset.id), film = row.dataset.film, now = editor.choices();
  const without = list => list.filter(each => each !== id);
  if (name === "up" || name === "down") return move(row, name === "up" ? -1 : 1);
  const next = row.nextElementSibling ?? row.previousElementSibling;
  const beside = next && $("button", next)?.id;
  const done = text => { say(text); if (beside) document.getElementById(beside)?.focus({ preventScroll: true }); };
  if (name === "lead") {
    say(`${film} opens the issue`);
    return editor.send({ ...now, lead: id, left_out: without(now.left_out) }).then(() => $(`#out-${id}`)?.focus({ preventScroll: true }));
  }
  if (name === "leave_out") {
    const lead = now.lead === id ? null : now.lead;
    return editor.send({ ...now, lead, order: without(now.order), left_out: [...now.left_out, id] }).then(() => done(`${film} is left out of this issue`));
  }
  if (name === "put_back") {
    return editor.send({ ...now, left_out: without(now.left_out) }).then(() => done(`${film} is back`));
  }
  // Brought in, it takes the last place: what stood there waits for the next issue.
  const all = inOrder(), cap = Number($("#editor").dataset.cap);
  const order = [...all.slice(0, cap - 1), id, ...all.slice(cap - 1)];
  return editor.send({ ...now, order }).then(() => done(`${film} is in this issue`));
}

// A row taken by its grip follows the finger and changes places with those it passes.
function lift(event) {
  const grip = event.target.closest?.(".grip"), row = grip?.closest(".movable .row");
  if (!row || event.button > 0) return;
  event.preventDefault();
  const rows = row.parentElement, before = [...rows.children].indexOf(row);
  row.classList.add("lifted");
  const follow = moved => {
    const others = [...rows.children].filter(each => each !== row);
    const below = others.find(each => { const box = each.getBoundingClientRect(); return moved.clientY < box.top + box.height / 2; });
    if (below !== row.nextElementSibling) rows.insertBefore(row, below ?? null);
  };
  const drop = () => {
    removeEventListener("pointermove", follow);
    removeEventListener("pointerup", drop);
    removeEventListener("pointercancel", drop);
    row.classList.remove("lifted");
    if ([...rows.children].indexOf(row) === before) return;
    landed(row, rows);
    reordered(editor.choices());
  };
  addEventListener("pointermove", follow);
  addEventListener("pointerup", drop);
  addEventListener("pointercancel", drop);
}

// ---- The posts ------------------------------------------------------------------------------------------------------

function filter() {
  const find = $("#find");
  if (!find) return;
  const text = find.value.trim().toLowerCase(), posts = $$(".entries > li");
  for (const post of posts) post.hidden = !post.dataset.text.includes(text);
  const left = posts.filter(post => !post.hidden).length;
  if (text && $("#asleep")) $("#asleep").open = true;
  $("#found-posts").textContent = text ? `${left} of ${posts.length}` : "";
}

// Readers unfold a warned status with a click; the editor is here to see it, and may fold it again.
const unfolded = new WeakSet();

function unfold() {
  for (const warned of $$("details.warned")) {
    if (!unfolded.has(warned)) warned.open = true;
    unfolded.add(warned);
  }
}

// ---- All together ---------------------------------------------------------------------------------------------------

addEventListener("change", event => {
  if (!event.target.closest("#switches")) return;
  remember(event.target.name, event.target.value);
  show();
});

addEventListener("input", event => {
  if (event.target.id === "find") filter();
  else if (WORDS.includes(event.target.id)) editor.type(event.target);
});

addEventListener("click", event => {
  const link = event.target.closest(".menu a[href^='#']");
  if (link) {
    const place = $(link.getAttribute("href"));
    link.closest("details").open = false;
    if (place?.closest("details")) place.closest("details").open = true;
    place?.focus();
  }
  for (const menu of $$(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  const button = event.target.closest("button");
  if (!button || button.getAttribute("aria-disabled") === "true" && !["up", "down"].includes(button.dataset.act)) return;
  const { act: name, reset, mark: lines, line } = button.dataset;
  if (lines) mark(lines, button);
  else if (line) showLine(Number(line));
  else if (reset) {
    const input = $(`#${reset}`);
    if (input) input.value = input.defaultValue;
    editor.send({ ...editor.choices(), [reset]: null }).then(() => input?.focus());
  } else if (name === "undo") editor.undo();
  else if (name === "clear") editor.send({ subject: null, preheader: null, note: null, lead: null, order: [], left_out: [] }, { clear: true }).then(() => say("Everything is by the rules again"));
  else if (name === "theirs" || name === "mine") editor.solve(name === "mine");
  else if (name && button.closest(".row")) act(name, button.closest(".row"));
});

addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  for (const menu of $$(".menu[open]")) { menu.open = false; $("summary", menu).focus(); }
});

addEventListener("submit", event => { if (event.target.id === "editor") event.preventDefault(); });
addEventListener("pointerdown", lift);
addEventListener("beforeunload", event => { if (editor.canWrite() && (editor.isDirty() || editor.busy)) event.preventDefault(); });

if ($("#stage")) {
  for (const input of $$("#switches input")) if (remembered(input.name) === input.value) input.checked = true;
  new ResizeObserver(fit).observe($("#stage"));
  wideEnough.addEventListener("change", show);
}
editor.read();
show();
unfold();
if (!isStatic) listen();
