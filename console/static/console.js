// What a script adds to pages that work without it: copying, local times, sliders, the drawer, colours.
(() => {
  "use strict";

  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

  function times(root) {
    for (const time of root.querySelectorAll("time[datetime*=T]:not([data-local])")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.dataset.local = "";
      time.title = `${time.dateTime}\n${local.format(at)} (yours)`;
    }
  }

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#${name}`);
    svg.setAttribute("aria-hidden", "true");
    svg.append(use);
    return svg;
  }

  function copying(root) {
    for (const id of root.querySelectorAll("[data-copy]:not([data-copies])")) {
      id.dataset.copies = "";
      if (id.closest("td, th") || !navigator.clipboard) continue; // a list has its links
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.setAttribute("aria-label", `Copy ${id.textContent}`);
      button.title = "Copy";
      button.append(icon("copy"));
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(id.textContent);
        button.replaceChildren(icon("done"));
        setTimeout(() => button.replaceChildren(icon("copy")), 1200);
      });
      id.after(button);
    }
  }

  function asField(ms) {
    return new Date(ms).toISOString().slice(0, 19);
  }

  function sliders(root) {
    for (const slide of root.querySelectorAll("[data-slide][hidden]")) {
      const form = slide.closest("form");
      const field = form.elements[slide.dataset.slide];
      const range = slide.querySelector("input");
      const shown = slide.querySelector("output");
      const from = Date.parse(slide.dataset.from);
      const to = Date.parse(slide.dataset.to);
      if (!(to > from)) continue;
      const say = () => { shown.textContent = field.value ? `${field.value.replace("T", " ")} UTC` : "the present"; };
      const at = field.value ? Date.parse(`${field.value}Z`) : to;
      range.value = String(Math.round((1000 * (at - from)) / (to - from)));
      range.addEventListener("input", () => {
        const whole = Number(range.value);
        field.value = whole >= 1000 ? "" : asField(from + ((to - from) * whole) / 1000);
        say();
      });
      range.addEventListener("change", () => form.requestSubmit());
      say();
      slide.hidden = false;
    }
  }

  const drawer = document.getElementById("drawer");
  let opener = null;

  function closeDrawer() {
    if (!drawer || drawer.hidden) return;
    drawer.hidden = true;
    drawer.replaceChildren();
    if (opener && opener.isConnected) opener.focus();
  }

  function openDrawer() {
    const close = document.createElement("button");
    close.type = "button";
    close.className = "close";
    close.textContent = "Close";
    close.addEventListener("click", closeDrawer);
    drawer.prepend(close);
    drawer.hidden = false;
    drawer.focus();
  }

  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-drawer]");
    if (asked) opener = asked;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeDrawer();
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    const box = document.getElementById("find");
    if (event.key === "/" && box && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  });
  document.addEventListener("submit", (event) => {
    const sure = event.target.querySelector("[data-sure]");
    if (sure && !window.confirm(sure.dataset.sure)) event.preventDefault();
  });

  const THEMES = { auto: "Auto", light: "Light", dark: "Dark" };

  function colours() {
    const button = document.querySelector("[data-theme-toggle]");
    if (!button) return;
    const say = () => {
      const now = document.documentElement.dataset.theme || "auto";
      button.querySelector("span").textContent = THEMES[now];
      button.setAttribute("aria-label", `Colours: ${now === "auto" ? "as the system" : now}`);
    };
    button.addEventListener("click", () => {
      const names = Object.keys(THEMES);
      const next = names[(names.indexOf(document.documentElement.dataset.theme || "auto") + 1) % names.length];
      if (next === "auto") {
        delete document.documentElement.dataset.theme;
        localStorage.removeItem("tenure-theme");
      } else {
        document.documentElement.dataset.theme = next;
        localStorage.setItem("tenure-theme", next);
      }
      say();
      document.dispatchEvent(new CustomEvent("tenure:colours"));
    });
    say();
    button.hidden = false;
  }

  function dress(root) {
    times(root);
    copying(root);
    sliders(root);
  }

  document.addEventListener("htmx:after:swap", () => {
    dress(document);
    if (drawer && drawer.firstElementChild && drawer.hidden) openDrawer();
    else if (drawer && !drawer.hidden && drawer.firstElementChild && !drawer.querySelector(".close")) openDrawer();
  });

  dress(document);
  colours();
})();
