"use strict";
// EventSource cannot send a bearer token, so the stream is read with fetch; its format is the same.

const state = document.getElementById("state");
const rows = document.getElementById("users");

function show(page) {
  rows.replaceChildren(...page.items.map((user) => {
    const row = document.createElement("tr");
    for (const text of [user.email, user.role, user.is_active ? "yes" : "no"]) {
      row.insertCell().textContent = text; // never as HTML
    }
    return row;
  }));
  rows.closest("table").hidden = false;
  state.textContent = `${page.total} users`;
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      yield Object.fromEntries(block.split("\n").map((line) => {
        const at = line.indexOf(":");
        return [line.slice(0, at), line.slice(at + 1).trimStart()];
      }));
    }
  }
}

async function watch(token) {
  let last = "";
  for (;;) {
    try {
      const headers = { Accept: "text/event-stream", Authorization: `Bearer ${token}` };
      if (last) headers["Last-Event-ID"] = last;
      const answer = await fetch("/users?limit=20", { headers });
      if (!answer.ok) throw new Error((await answer.json()).title);
      for await (const event of events(answer.body)) {
        if (event.event === "problem") throw new Error(JSON.parse(event.data).title);
        if (event.data) show(JSON.parse(event.data));
        last = event.id ?? last;
      }
    } catch (error) {
      state.textContent = `${error.message}; trying again`;
    }
    await new Promise((resume) => setTimeout(resume, 1000));
  }
}

document.getElementById("sign-in").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const given = Object.fromEntries(new FormData(submitted.target));
  const answer = await fetch("/sessions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(given),
  });
  const body = await answer.json();
  if (!answer.ok) {
    state.textContent = body.title;
    return;
  }
  submitted.target.hidden = true;
  watch(body.token);
});
