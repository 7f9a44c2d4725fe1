/* Keeps a blog's page as it is on the server, and sends what people write.

   `Feed` knows the network: Towpath's WebSocket bridge, which comes back by itself, and long polling meanwhile.
   `Page` knows the document: where an entry goes, what a form says, what the reader is told.
   Without this file the page can still be read, and its forms still work. */

import { WebSocketBridge } from "../towpath/websocketbridge.module.js";

const ANSWER_MS = 10000; // how long an action may take to be answered
const POLL_MS = 25000; // how long one poll waits: less than what proxies and servers allow
const ATTEMPTS_BEFORE_POLLING = 2;
const PAUSE_MS = { first: 500, longest: 10000 }; // between polls that fail

/** A growing pause with a random part, so that a thousand readers do not come back in the same moment. */
function pauseMs(failures) {
  return Math.min(PAUSE_MS.longest, PAUSE_MS.first * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

class Feed {
  #bridge = new WebSocketBridge({ maxQueuedMessages: 0 }); // what cannot leave at once is posted as a form instead
  #hasOpened = false;
  #questions = new Map(); // ref -> the promise of an action that is not answered yet
  #lastRef = 0;
  #isPolling = false;
  #pollWorks = false;
  #ahead = new Set(); // revisions that came before an earlier one

  /** `page` is told: show(state), apply(entry), end(text). */
  constructor(page, { stream, poll, revision }) {
    this.page = page;
    this.stream = stream;
    this.poll = new URL(poll, location.href);
    this.revision = revision;
  }

  start() {
    this.page.show("connecting");
    this.#bridge.listen((frame) => this.#hear(frame));
    this.#bridge.addEventListener("open", () => this.#opened());
    this.#bridge.addEventListener("close", () => this.#closed());
    this.#bridge.addEventListener("reconnecting", ({ attempt }) => this.#away(attempt));
    this.#bridge.addEventListener("end", ({ code }) => code === 1000 || this.#end("Not live any more: reload for news."));
    this.#bridge.connect(() => `${this.stream}?since=${this.revision}`);
  }

  /** Send a form's fields: through the WebSocket if it is open, else as the form would. Rejects with a reason to show. */
  ask(form) {
    if (!this.#bridge.isOpen) return this.#post(form);
    const { csrfmiddlewaretoken, ...action } = Object.fromEntries(new FormData(form));
    const ref = (this.#lastRef += 1);
    return new Promise((done, refused) => {
      const timer = setTimeout(() => this.#answer({ ref, kind: "lost" }), ANSWER_MS);
      this.#questions.set(ref, { done, refused, timer });
      this.#bridge.send({ ...action, ref });
    });
  }

  async #post(form) {
    let answer;
    try {
      const request = { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } };
      answer = await (await fetch(form.action, request)).json();
    } catch {
      throw new Error("It could not be sent. Please try again.");
    }
    if (answer.kind !== "done") throw new Error(answer.text);
  }

  #answer({ ref, kind, text }) {
    const question = this.#questions.get(ref);
    if (!question) return;
    this.#questions.delete(ref);
    clearTimeout(question.timer);
    if (kind === "done") question.done();
    else question.refused(new Error(text ?? "The connection was lost. Look whether it arrived before you try again."));
  }

  // The WebSocket.

  #opened() {
    this.#hasOpened = true;
    this.#stopPolling();
    this.#show();
  }

  #closed() {
    for (const ref of [...this.#questions.keys()]) this.#answer({ ref, kind: "lost" });
  }

  #away(attempt) {
    if (attempt >= ATTEMPTS_BEFORE_POLLING) this.#startPolling();
    this.#show();
  }

  #show() {
    if (this.#bridge.state === "ended") return;
    if (this.#bridge.isOpen) this.page.show("live");
    else if (this.#pollWorks) this.page.show("polling");
    else this.page.show(this.#hasOpened || this.#isPolling ? "reconnecting" : "connecting");
  }

  // Long polling. The first poll after a failure does not wait, so that the page knows whether polling works.

  async #startPolling() {
    if (this.#isPolling) return;
    this.#isPolling = true;
    for (let failures = 0; this.#isPolling; ) {
      try {
        await this.#pollOnce();
        failures = 0;
      } catch {
        failures += 1;
        this.#pollWorks = false;
        this.#show();
        await new Promise((resume) => setTimeout(resume, pauseMs(failures)));
      }
    }
  }

  async #pollOnce() {
    this.aborter = new AbortController();
    let isOut = false;
    const timer = setTimeout(() => {
      isOut = true;
      this.aborter.abort();
    }, POLL_MS);
    this.poll.search = new URLSearchParams({ since: this.revision, wait: Number(this.#pollWorks) });
    try {
      const response = await fetch(this.poll, { signal: this.aborter.signal, cache: "no-store" });
      if (!response.ok && response.status !== 404) throw new Error(`status ${response.status}`);
      this.#hear(await response.json());
      this.#pollWorks = this.#isPolling;
      this.#show();
    } catch (error) {
      if (this.#isPolling && !isOut) throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #stopPolling() {
    this.#isPolling = this.#pollWorks = false;
    this.aborter?.abort();
  }

  // What arrives, whichever way.

  #hear(frame) {
    if (frame.kind === "done" || frame.kind === "refused") return this.#answer(frame);
    if (frame.kind === "reload") return location.reload();
    if (frame.kind === "ended") return this.#end(frame.text);
    for (const entry of frame.entries ?? [frame]) this.page.apply(entry);
    this.#reach(frame);
  }

  /** Move `revision` on, never past one that has not come: what is missing is asked for with the next `since`. */
  #reach({ kind, after, revision }) {
    if (kind !== "snapshot") this.#ahead.add(revision);
    else if (after <= this.revision) this.revision = Math.max(this.revision, revision);
    while (this.#ahead.has(this.revision + 1)) this.revision += 1;
    for (const known of this.#ahead) if (known <= this.revision) this.#ahead.delete(known);
  }

  #end(text) {
    this.#bridge.close();
    this.#stopPolling();
    this.page.end(text);
  }
}

const STATES = {
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
  polling: "Live, by polling",
};

const KEPT_LINES = 200; // chat lines that stay on the page

class Page {
  #gone = new Set(); // ids that were deleted: a late change must not bring them back
  #unread = 0;
  #news = 0;
  #title = document.title;

  constructor(root) {
    this.root = root;
    this.timeline = root.querySelector("#timeline");
    this.lines = root.querySelector("#lines");
    this.linesBox = root.querySelector("#lines-box");
    this.fresh = root.querySelector("#fresh");
    this.dialog = root.querySelector("#delete-dialog");
    this.feed = new Feed(this, { ...root.dataset, revision: Number(root.dataset.revision) });
  }

  start() {
    this.root.addEventListener("submit", (event) => this.#submit(event));
    this.root.addEventListener("click", (event) => this.#click(event));
    this.root.addEventListener("keydown", (event) => this.#key(event));
    this.fresh.addEventListener("click", () => this.#toTop());
    addEventListener("scroll", () => scrollY < 200 && this.#seen(), { passive: true });
    document.addEventListener("visibilitychange", () => this.#retitle());
    this.#startChat();
    this.feed.start();
  }

  // What the feed says.

  show(state) {
    const element = this.root.querySelector("#state");
    if (element.dataset.state === state) return;
    element.dataset.state = state;
    element.querySelector(".words").textContent = STATES[state];
  }

  end(text) {
    this.show("ended");
    this.root.querySelector("#state .words").textContent = text;
  }

  apply(entry) {
    const old = document.getElementById(entry.id);
    if (entry.kind === "deleted") {
      this.#gone.add(entry.id);
      return this.#remove(old);
    }
    if (this.#gone.has(entry.id) || Number(old?.dataset.revision) >= entry.revision) return;
    const element = fromHtml(entry.html);
    showLocalTimes(element);
    if (old) this.#replace(old, element);
    else if (entry.kind === "post") this.#addPost(element);
    else this.#addLine(element);
  }

  #addPost(element) {
    const next = [...this.timeline.children].find((other) => key(other) < key(element));
    if (!next && this.root.dataset.hasOlder) return; // older than everything on this page
    element.classList.add("is-new");
    this.timeline.insertBefore(element, next ?? null);
    this.#news += 1;
    this.#say(`New post by ${element.querySelector(".by").textContent}`);
    if (scrollY < 200) this.#seen();
    this.#tellNews();
  }

  #addLine(element) {
    const isAtEnd = this.linesBox.scrollHeight - this.linesBox.scrollTop - this.linesBox.clientHeight < 60;
    const next = [...this.lines.children].find((other) => key(other) > key(element));
    this.lines.insertBefore(element, next ?? null);
    while (this.lines.children.length > KEPT_LINES) this.lines.firstElementChild.remove();
    if (isAtEnd) this.linesBox.scrollTop = this.linesBox.scrollHeight;
    if (!this.#chatIsOpen()) this.#countUnread(this.#unread + 1);
  }

  /** Put a changed entry in the place of the old one; a form in which somebody is editing it stays open. */
  #replace(old, element) {
    const form = old.querySelector("form.edit");
    const hadFocus = document.activeElement;
    if (form && form.ariaBusy !== "true") {
      form.querySelector(".problem").textContent = "Somebody else has just changed this post.";
      this.#openEditor(element, form);
    }
    element.classList.add("is-changed");
    old.replaceWith(element);
    if (form?.contains(hadFocus) && form.isConnected) hadFocus.focus();
  }

  #remove(element) {
    if (!element) return;
    if (!matchMedia("(prefers-reduced-motion: no-preference)").matches) return element.remove();
    element.classList.add("is-leaving");
    element.inert = true;
    element.removeAttribute("id");
    const leave = () => element.remove();
    element.addEventListener("animationend", leave, { once: true });
    setTimeout(leave, 1000);
  }

  // What people do.

  async #submit(event) {
    const form = event.target.closest("form[data-act]");
    if (!form) return;
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    const problem = form.querySelector(".problem");
    problem.textContent = "";
    form.ariaBusy = "true";
    try {
      await this.feed.ask(form);
      this.#finish(form);
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      form.ariaBusy = "false";
    }
  }

  #finish(form) {
    if (form.matches(".edit")) this.#closeEditor(form);
    else if (this.dialog?.contains(form)) this.dialog.close();
    else form.reset();
  }

  #click(event) {
    const link = event.target.closest("[data-edit], [data-delete], [data-cancel]");
    if (!link) return;
    event.preventDefault();
    const post = link.closest(".post");
    if (link.matches("[data-edit]")) this.#edit(post);
    else if (link.matches("[data-delete]")) this.#confirmDelete(post);
    else if (post) this.#closeEditor(link.form);
    else this.dialog.close();
  }

  #key(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    const form = event.target.closest("form.edit");
    if (form) this.#closeEditor(form);
    else if (this.#chatIsOpen() && this.chat.classList.contains("is-sheet")) this.#toggleChat(false);
  }

  #edit(post) {
    if (post.querySelector("form.edit")) return post.querySelector("textarea").focus();
    const form = this.root.querySelector("#edit-form").content.firstElementChild.cloneNode(true);
    form.elements.id.value = post.dataset.key;
    form.elements.text.value = post.dataset.text;
    form.elements.text.rows = Math.min(16, Math.max(4, Math.ceil(post.dataset.text.length / 70) + 2));
    this.#openEditor(post, form);
    form.elements.text.focus();
  }

  #openEditor(post, form) {
    post.classList.add("is-edited-here");
    post.querySelector("article").append(form);
  }

  #closeEditor(form) {
    const post = document.getElementById(`post-${form.elements.id.value}`);
    form.remove();
    post?.classList.remove("is-edited-here");
    post?.querySelector("[data-edit]").focus();
  }

  #confirmDelete(post) {
    this.dialog.querySelector("[name=id]").value = post.dataset.key;
    this.dialog.querySelector("blockquote").textContent = post.dataset.text;
    this.dialog.querySelector(".problem").textContent = "";
    this.dialog.showModal();
  }

  // News while the reader is elsewhere on the page, or in another tab.

  #seen() {
    this.#news = document.hidden ? this.#news : 0;
    this.#tellNews();
  }

  #tellNews() {
    this.fresh.hidden = this.#news === 0 || scrollY < 200;
    this.fresh.textContent = this.#news === 1 ? "1 new post" : `${this.#news} new posts`;
    this.#retitle();
  }

  #retitle() {
    if (!document.hidden && scrollY < 200) this.#news = 0;
    document.title = this.#news ? `(${this.#news}) ${this.#title}` : this.#title;
  }

  #toTop() {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    scrollTo({ top: 0, behavior: calm ? "auto" : "smooth" });
    this.timeline.querySelector(".when")?.focus({ preventScroll: true });
  }

  #say(text) {
    this.root.querySelector("#said").textContent = text;
  }

  // The chat: a column beside the posts, or on a small screen a sheet at the bottom that opens and closes.

  #startChat() {
    this.chat = this.root.querySelector("#chat");
    this.toggle = this.root.querySelector("#chat-toggle");
    this.linesBox.scrollTop = this.linesBox.scrollHeight;
    const small = matchMedia("(max-width: 56rem)");
    const adapt = () => {
      this.chat.classList.toggle("is-sheet", small.matches);
      this.#toggleChat(!small.matches);
    };
    small.addEventListener("change", adapt);
    this.toggle.addEventListener("click", () => small.matches && this.#toggleChat(!this.#chatIsOpen()));
    adapt();
  }

  #chatIsOpen() {
    return this.toggle.ariaExpanded === "true";
  }

  #toggleChat(isOpen) {
    this.toggle.ariaExpanded = String(isOpen);
    if (!isOpen) return;
    this.#countUnread(0);
    this.linesBox.scrollTop = this.linesBox.scrollHeight;
  }

  #countUnread(count) {
    this.#unread = count;
    this.root.querySelector("#unread").textContent = count ? `${count} new` : "";
  }
}

function key(element) {
  return Number(element.dataset.key);
}

/** Make an element of HTML that the server rendered and escaped. */
function fromHtml(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayAndClock = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const inFull = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

/** Show times as the reader's clock has them: today's without the day. */
function showLocalTimes(root) {
  for (const element of root.querySelectorAll("time")) {
    const time = new Date(element.dateTime);
    const isToday = time.toDateString() === new Date().toDateString();
    element.textContent = (isToday ? clock : dayAndClock).format(time);
    element.title = inFull.format(time);
  }
}

showLocalTimes(document);
const live = document.querySelector("[data-live]");
if (live) new Page(live).start();
