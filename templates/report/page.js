/* Built from web/report by scripts/build-report-page.ts. */
"use strict";
(() => {
  // src/report/escape.ts
  var UNSAFE = new RegExp("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]|(?![ \\u3000])\\p{Zs}", "gu");
  var EMOJI_JOINER = new RegExp("(?<=[\\p{Extended_Pictographic}\\u{1f3fb}-\\u{1f3ff}]\\ufe0f?)\\u200d(?=\\p{Extended_Pictographic})", "gu");
  var NAMED = { "\n": "\\n", "\r": "\\r", "	": "\\t" };
  function visible(text) {
    const joiners = new Set(Array.from(text.matchAll(EMOJI_JOINER), (match) => match.index));
    return text.replace(UNSAFE, (character, index) => joiners.has(index) ? character : escapeCharacter(character));
  }
  function visibleLines(text) {
    return text.split("\n").map((line) => visible(line)).join("\n");
  }
  function escapeCharacter(character) {
    const code = character.codePointAt(0) ?? 0;
    return NAMED[character] ?? (code > 65535 ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`);
  }
  function cut(text, max) {
    if (text.length <= max) return text;
    const characters = Array.from(text.slice(0, 2 * max + 2));
    return characters.length <= max ? text : `${characters.slice(0, max).join("")}...`;
  }

  // src/report/html/wire.ts
  var ROW_KINDS = ["create", "update", "clear", "delete", "held", "reject"];
  var FIELD_FLAGS = { sensitive: 1, afterApply: 2, maskedBefore: 4, maskedAfter: 8, noValues: 16, pending: 32 };

  // web/report/dom.ts
  function byId(id) {
    const found = document.getElementById(id);
    if (found === null) throw new Error(`the page has no #${id}`);
    return found;
  }
  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }
  function count(value) {
    return value.toLocaleString("en-US");
  }
  async function breathe() {
    await new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(void 0);
    });
  }

  // web/report/values.ts
  var SYMBOLS = { create: "+", update: "~", clear: "~", delete: "-", held: "=", reject: "x" };
  function keyText([, , number, key]) {
    return key === null ? `#${count(number)}` : key.map((part) => part === null ? "null" : visible(part)).join(", ");
  }
  function valueNode(field, side, kind, whole) {
    const text = field[side === "before" ? 2 : 3];
    const word = standIn(field, side, kind);
    if (word !== void 0) return element("span", { class: "word" }, word);
    if (text === null) return element("span", { class: "word" }, "null");
    if (text === "") return element("span", { class: "word" }, "empty");
    if (!whole) return element("bdi", {}, visible(cut(text, 200)));
    const other = field[side === "before" ? 3 : 2];
    return element("bdi", {}, ...other === null || other === "" ? [visibleLines(text)] : marked(text, other));
  }
  function standIn([, , , after, flags = 0], side, kind) {
    if ((flags & FIELD_FLAGS.noValues) !== 0) return "";
    if (kind === "create" && side === "before" || kind === "delete" && side === "after") return "—";
    if ((flags & FIELD_FLAGS.sensitive) !== 0) return "sensitive";
    if (side === "after" && (flags & FIELD_FLAGS.afterApply) !== 0) return after === null ? "known after apply" : void 0;
    return (flags & (side === "before" ? FIELD_FLAGS.maskedBefore : FIELD_FLAGS.maskedAfter)) === 0 ? void 0 : "••••";
  }
  var GLANCE = 24;
  function marked(text, other) {
    if (Math.max(text.length, other.length) <= GLANCE) return [visibleLines(text)];
    const [a, b] = [Array.from(text), Array.from(other)];
    const shorter = Math.min(a.length, b.length);
    let head = 0;
    while (head < shorter && a[head] === b[head]) head++;
    let tail = 0;
    while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
    const part = (from, to) => visibleLines(a.slice(from, to).join(""));
    if (head + tail === 0) return [visibleLines(text)];
    return [part(0, head), element("mark", {}, part(head, a.length - tail)), part(a.length - tail, a.length)];
  }
  function cutNote(field, side) {
    const length = field[side === "before" ? 5 : 6] ?? 0;
    return length === 0 ? void 0 : element("p", { class: "cut" }, `cut: the value has ${count(length)} characters`);
  }

  // web/report/detail.ts
  var REASONS = {
    gone: "It was deleted in the destination.",
    drift: "It moved in the destination since the last run.",
    conflict: "Both sides changed, to different values.",
    takeover: "It holds values that Sluice did not write.",
    left: "It left the query."
  };
  function detailOf({ row, sync }, syncName, close) {
    const [kind, reason, , , label, fields, message, due] = row;
    const button = element("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
    button.addEventListener("click", close);
    const title = label === null || label === keyText(row) ? [] : [element("p", {}, element("bdi", {}, visible(label)))];
    return [
      element(
        "header",
        { "data-sync": String(sync) },
        element("p", { class: "eyebrow" }, element("span", { class: `tone-text-${kind}` }, `${SYMBOLS[kind]} ${kind}`), ` · ${syncName}`),
        button,
        element("h3", {}, element("bdi", {}, keyText(row))),
        ...title,
        ...kind === "reject" ? [element("p", {}, element("b", {}, reason))] : [],
        ...typeof message !== "string" ? [] : [element("p", { class: "lines" }, visibleLines(message))],
        ...due === void 0 ? [] : [element("p", { class: "quiet" }, due === "branch" ? "Due to this branch." : "Pending anyway.")],
        ...REASONS[reason] === void 0 ? [] : [element("p", { class: "quiet" }, REASONS[reason])]
      ),
      ...kind === "reject" ? rejectedField(fields) : [fieldTable(kind, fields, due === "branch")]
    ];
  }
  function rejectedField(fields) {
    const [first] = fields;
    if (first === void 0) return [];
    const where = first[0] === "" ? "the record" : `field ${visible(first[0])}`;
    const known = first[1] === "known reject" ? "; known from an earlier run" : "";
    return [element("p", { class: "quiet" }, `${where}${known}`)];
  }
  function fieldTable(kind, fields, isOfBranch) {
    const sides = SIDES.filter((side) => !(kind === "create" && side === "before") && !(kind === "delete" && side === "after"));
    const titles = ["Field", ...sides.map((side) => side === "before" ? "Before" : "After")];
    const head = element("tr", {}, ...titles.map((text) => element("th", { scope: "col" }, text)));
    const rows = fields.map((field) => {
      const isPending = isOfBranch && ((field[4] ?? 0) & FIELD_FLAGS.pending) !== 0;
      const words = [...field[1] === kind ? [] : [field[1]], ...isPending ? ["pending anyway"] : []];
      const cells = sides.map((side) => sideCell(field, side, kind));
      return element(
        "tr",
        {},
        element("th", { scope: "row" }, visible(field[0]), ...words.map((word) => element("span", { class: "case" }, word))),
        ...cells
      );
    });
    return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
  }
  var SIDES = ["before", "after"];
  function sideCell(field, side, kind) {
    const note = cutNote(field, side);
    return element("td", { class: side }, valueNode(field, side, kind, true), ...note === void 0 ? [] : [note]);
  }

  // web/report/filters.ts
  var PATIENCE = 120;
  var Filters = class {
    #form = byId("filters");
    #text = byId("search");
    #sync = byId("filter-sync");
    #field = byId("filter-field");
    #case = byId("filter-case");
    #due = byId("filter-due");
    #kinds = byId("kinds");
    constructor(meta, changed) {
      fill(this.#sync, meta.syncs.map(({ name }, index) => [String(index), name]));
      fill(this.#field, meta.fields.map((name) => [name, name]));
      fill(this.#case, meta.cases.map((name) => [name, name]));
      this.#due.closest("label")?.toggleAttribute("hidden", !meta.due);
      this.#kinds.append(...ROW_KINDS.filter((kind) => meta.kinds[kind] !== void 0).map((kind) => kindBox(kind, meta.kinds[kind] ?? 0)));
      this.#form.hidden = false;
      let timer;
      this.#form.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(changed, PATIENCE);
      });
      this.#form.addEventListener("reset", () => setTimeout(changed));
      this.#form.addEventListener("submit", (event) => event.preventDefault());
    }
    get query() {
      const chosen = this.#kinds.querySelectorAll("input:checked");
      return {
        words: this.#text.value.toLowerCase().split(/\s+/).filter((word) => word !== ""),
        // prettier-ignore
        kinds: new Set([...chosen].map((each) => each.value)),
        sync: this.#sync.value === "" ? void 0 : Number(this.#sync.value),
        field: this.#field.value === "" ? void 0 : this.#field.value,
        fieldCase: this.#case.value === "" ? void 0 : this.#case.value,
        due: this.#due.value === "" ? void 0 : this.#due.value
      };
    }
    focus() {
      this.#text.focus();
      this.#text.select();
    }
    /** Keys that leave the search box for the table. */
    onLeave(leave) {
      this.#text.addEventListener("keydown", (event) => {
        if (!["ArrowDown", "Enter", "Escape"].includes(event.key)) return;
        event.preventDefault();
        leave();
      });
    }
  };
  function fill(select, options) {
    select.append(...options.map(([value, text]) => element("option", { value }, visible(text))));
    if (options.length < 2) select.closest("label")?.setAttribute("hidden", "");
  }
  function kindBox(kind, records) {
    const box = element("input", { type: "checkbox", value: kind, class: "hidden" });
    return element(
      "label",
      { class: `kind-box tone-text-${kind}` },
      box,
      element("span", {}, `${SYMBOLS[kind]} ${kind} `, element("b", {}, count(records)))
    );
  }

  // web/report/row.ts
  function cellsOf({ row, sync }, options) {
    const [kind, reason, , , label, fields, message] = row;
    const lead = options.lead(row);
    const name = options.syncs ? [element("span", { class: "quiet" }, ` · ${options.store.meta.syncs[sync]?.name ?? ""}`)] : [];
    const what = element("span", { role: "gridcell", class: `kind tone-text-${kind}` }, `${SYMBOLS[kind]} ${kind}`);
    const labelled = label === null ? [] : [" ", element("bdi", { class: "label" }, visible(label))];
    const key = element("bdi", { class: "key" }, keyText(row));
    const record = element("span", { role: "gridcell", class: "record" }, key, ...labelled, ...name);
    const cell = (className, ...children) => element("span", { role: "gridcell", class: className }, ...children);
    if (kind === "reject")
      return [what, record, cell("field", lead?.[0] ?? ""), cell("said", element("b", {}, reason), " ", visible(message ?? ""))];
    if (lead === void 0) return [what, record, cell("field", reason), cell("before"), cell("after")];
    const more = fields.length > 1 ? [element("span", { class: "more" }, ` +${count(fields.length - 1)}`)] : [];
    return [
      what,
      record,
      cell("field", visible(lead[0]), ...more),
      cell("before", valueNode(lead, "before", kind, false)),
      cell("after", valueNode(lead, "after", kind, false))
    ];
  }
  function headRow() {
    const heads = ["Change", "Record", "Field", "Before", "After"];
    const row = element("div", { class: "head", role: "row", "aria-rowindex": "1" });
    row.append(...heads.map((head) => element("span", { role: "columnheader" }, head)));
    return row;
  }

  // web/report/grid.ts
  var MARGIN = 8;
  var Grid = class {
    #root;
    #body;
    #options;
    /** Null: every record. */
    #found = null;
    #active = 0;
    #frame = 0;
    /** What is drawn, by its place. */
    #rows = /* @__PURE__ */ new Map();
    constructor(root, options) {
      this.#root = root;
      this.#options = options;
      this.#body = element("div", { class: "body", role: "rowgroup" });
      root.append(headRow(), this.#body);
      root.addEventListener("scroll", () => this.#soon(), { passive: true });
      new ResizeObserver(() => this.#soon()).observe(root);
      root.addEventListener("keydown", (event) => this.#onKey(event));
      this.#body.addEventListener("click", (event) => this.#onClick(event));
      root.addEventListener("focus", () => this.#soon());
    }
    get length() {
      return this.#found?.length ?? this.#options.store.total;
    }
    /** Index among all records of the record at a place of the table. */
    idAt(place) {
      return this.#found === null ? place : this.#found[place] ?? 0;
    }
    show(found, fromTop) {
      this.#found = found;
      if (fromTop) {
        this.#forget();
        this.#active = 0;
        this.#root.scrollTop = 0;
      }
      this.#soon();
    }
    /** What a row shows depends on what was looked for. */
    #forget() {
      for (const { element: row } of this.#rows.values()) row.remove();
      this.#rows.clear();
    }
    focus() {
      this.#root.focus();
    }
    #soon() {
      cancelAnimationFrame(this.#frame);
      this.#frame = requestAnimationFrame(() => this.#draw());
    }
    get #rowHeight() {
      return Number.parseFloat(getComputedStyle(this.#root).getPropertyValue("--row")) || 36;
    }
    #draw() {
      const height = this.#rowHeight;
      const first = Math.max(0, Math.floor(this.#root.scrollTop / height) - MARGIN);
      const last = Math.min(this.length, Math.ceil((this.#root.scrollTop + this.#root.clientHeight) / height) + MARGIN);
      this.#body.style.height = `${this.length * height}px`;
      this.#place(first, last, height);
      this.#root.setAttribute("aria-rowcount", String(this.length + 1));
      if (this.length === 0) this.#root.removeAttribute("aria-activedescendant");
      else this.#root.setAttribute("aria-activedescendant", `row-${this.#active}`);
    }
    /** Rows that stay are left where they are: a click would miss an element that is put anew under the pointer. */
    #place(first, last, height) {
      for (const [place, { element: row }] of this.#rows) {
        if (place >= first && place < last) continue;
        row.remove();
        this.#rows.delete(place);
      }
      let before;
      for (let place = first; place < last; place++) {
        const row = this.#row(place);
        row.style.transform = `translateY(${place * height}px)`;
        row.setAttribute("aria-selected", String(place === this.#active));
        const next = before === void 0 ? this.#body.firstElementChild : before.nextElementSibling;
        if (row !== next) this.#body.insertBefore(row, next);
        before = row;
      }
    }
    #row(place) {
      const id = this.idAt(place);
      const drawn = this.#rows.get(place);
      if (drawn?.id === id && drawn.filled) return drawn.element;
      const found = this.#options.store.peek(id);
      if (drawn?.id === id && found === void 0) return drawn.element;
      drawn?.element.remove();
      const row = element("div", {
        class: "row",
        role: "row",
        id: `row-${place}`,
        "aria-rowindex": String(place + 2),
        "data-place": String(place)
      });
      if (found === void 0) {
        row.append(element("span", { role: "gridcell", class: "quiet" }, "..."));
        void this.#options.store.get(id).then(() => this.#soon());
      } else row.append(...cellsOf(found, this.#options));
      this.#rows.set(place, { element: row, id, filled: found !== void 0 });
      return row;
    }
    #onClick(event) {
      const row = event.target.closest(".row");
      if (row === null) return;
      this.#move(Number(row.dataset["place"]));
      this.#options.open(this.idAt(this.#active), false);
    }
    #onKey(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || this.length === 0) return;
      const page = Math.max(1, Math.floor(this.#root.clientHeight / this.#rowHeight) - 2);
      const steps = {
        ArrowDown: this.#active + 1,
        ArrowUp: this.#active - 1,
        PageDown: this.#active + page,
        PageUp: this.#active - page,
        Home: 0,
        End: this.length - 1
      };
      const to = steps[event.key];
      if (to !== void 0) {
        this.#move(Math.min(this.length - 1, Math.max(0, to)));
        this.#options.move(this.idAt(this.#active));
      } else if (event.key === "Enter" || event.key === " ") this.#options.open(this.idAt(this.#active), true);
      else return;
      event.preventDefault();
    }
    /** Makes a row the active one and brings it into sight. */
    #move(place) {
      this.#active = place;
      const height = this.#rowHeight;
      const head = this.#root.firstElementChild?.clientHeight ?? 0;
      const [top, bottom] = [place * height, (place + 1) * height];
      const room = this.#root.clientHeight - head;
      if (top < this.#root.scrollTop) this.#root.scrollTop = top;
      else if (bottom > this.#root.scrollTop + room) this.#root.scrollTop = bottom - room;
      this.#draw();
    }
  };

  // web/report/print.ts
  var MOST = 200;
  async function preparePrint(store, length, idAt) {
    const ids = Array.from({ length: Math.min(MOST, length) }, (_, place) => idAt(place));
    const found = await Promise.all(ids.map(async (id) => store.get(id)));
    const said = length > MOST ? `Printed: the first ${count(MOST)} of ${count(length)} records. Filter the page before printing to choose others.` : `Printed: all ${count(length)} records that were shown.`;
    const head = element("tr", {}, ...["Change", "Record", "Field", "Before", "After"].map((text) => element("th", { scope: "col" }, text)));
    const rows = found.flatMap((each) => printedRows(each, store));
    byId("printed").replaceChildren(element("p", {}, said), element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  }
  function printedRows({ row, sync }, store) {
    const [kind, reason, , , label, fields, message] = row;
    const name = store.meta.syncs.length > 1 ? `${store.meta.syncs[sync]?.name ?? ""} ` : "";
    const record = `${name}${keyText(row)}${label === null ? "" : ` ${visible(label)}`}`;
    const cells = (first, ...rest) => element(
      "tr",
      first[0] === "" ? { class: "more" } : {},
      element("td", {}, first[0]),
      element("td", {}, first[1]),
      ...rest.map((each) => element("td", {}, each))
    );
    const what = `${SYMBOLS[kind]} ${kind}`;
    if (kind === "reject") {
      return [
        cells(
          [what, record],
          element("span", {}, visible(fields[0]?.[0] ?? "")),
          element("b", {}, reason),
          element("span", {}, visible(cut(message ?? "", 300)))
        )
      ];
    }
    return fields.map(
      (field, index) => cells(
        index === 0 ? [what, record] : ["", ""],
        element("span", {}, visible(field[0])),
        valueNode(field, "before", kind, false),
        valueNode(field, "after", kind, false)
      )
    );
  }

  // web/report/search.ts
  var SLICE = 12;
  function isOpen({ words, kinds, ...others }) {
    return words.length === 0 && kinds.size === 0 && Object.values(others).every((each) => each === void 0);
  }
  async function search(store, query, signal, tell) {
    const found = [];
    let slice = performance.now();
    for await (const { start: start2, rows } of store.chunks(query)) {
      for (const [index, row] of rows.entries()) if (fits(row, query)) found.push(start2 + index);
      if (signal.aborted) return;
      if (performance.now() - slice < SLICE) continue;
      tell({ found, done: false });
      await breathe();
      slice = performance.now();
    }
    if (!signal.aborted) tell({ found, done: true });
  }
  function fits(row, { words, kinds, field, fieldCase, due }) {
    const [kind, reason, , , , fields] = row;
    if (due !== void 0 && row[7] !== due) return false;
    if (kinds.size > 0 && !kinds.has(kind)) return false;
    if (field !== void 0 && !fields.some((each) => each[0] === field)) return false;
    const cased = fields.filter((each) => field === void 0 || each[0] === field);
    if (fieldCase !== void 0 && reason !== fieldCase && !cased.some((each) => each[1] === fieldCase)) return false;
    return words.every((word) => holds(row, word));
  }
  function holds([kind, reason, number, key, label, fields, message], word) {
    const has = (text) => text?.toLowerCase().includes(word) === true;
    if (key === null ? has(`#${number}`) : key.some((part) => has(part))) return true;
    if (has(label) || has(kind) || has(reason) || has(message)) return true;
    return fields.some(([name, fieldCase, before, after]) => has(before) || has(after) || has(name) || has(fieldCase));
  }

  // web/report/store.ts
  var KEPT = 250;
  var Store = class {
    meta;
    total;
    #chunks;
    #unpacked = /* @__PURE__ */ new Map();
    #pending = /* @__PURE__ */ new Map();
    constructor(meta, scripts) {
      this.meta = meta;
      let start2 = 0;
      this.#chunks = [...scripts].map((packed) => {
        const rows = Number(packed.dataset["rows"]);
        const chunk = {
          packed,
          start: start2,
          rows,
          sync: Number(packed.dataset["sync"]),
          kinds: new Set(packed.dataset["kinds"]?.split(" "))
        };
        start2 += rows;
        return chunk;
      });
      this.total = start2;
    }
    /** The record, when its chunk is unpacked. */
    peek(id) {
      const index = this.#chunkOf(id);
      const row = this.#touch(index)?.[id - (this.#chunks[index]?.start ?? 0)];
      return row === void 0 ? void 0 : { row, sync: this.#chunks[index]?.sync ?? 0 };
    }
    async get(id) {
      const index = this.#chunkOf(id);
      const rows = await this.#rows(index);
      const chunk = this.#chunks[index];
      const row = rows[id - (chunk?.start ?? 0)];
      if (row === void 0 || chunk === void 0) throw new Error(`the page has no record ${id}`);
      return { row, sync: chunk.sync };
    }
    /** Every chunk that may hold such records, one after another. */
    async *chunks(wanted) {
      for (const [index, chunk] of this.#chunks.entries()) {
        if (wanted.sync !== void 0 && chunk.sync !== wanted.sync) continue;
        if (wanted.kinds.size > 0 && ![...wanted.kinds].some((kind) => chunk.kinds.has(kind))) continue;
        yield { start: chunk.start, rows: await this.#rows(index) };
      }
    }
    #chunkOf(id) {
      let [low, high] = [0, this.#chunks.length - 1];
      while (low < high) {
        const middle = low + high + 1 >> 1;
        if ((this.#chunks[middle]?.start ?? 0) <= id) low = middle;
        else high = middle - 1;
      }
      return low;
    }
    /** The least recently used chunk stands first. */
    #touch(index) {
      const rows = this.#unpacked.get(index);
      if (rows === void 0) return void 0;
      this.#unpacked.delete(index);
      this.#unpacked.set(index, rows);
      return rows;
    }
    async #rows(index) {
      const ready = this.#touch(index);
      if (ready !== void 0) return ready;
      const pending = this.#pending.get(index) ?? this.#unpack(index);
      this.#pending.set(index, pending);
      return pending;
    }
    async #unpack(index) {
      const rows = await unpacked(this.#chunks[index]?.packed.textContent ?? "");
      this.#pending.delete(index);
      this.#unpacked.set(index, rows);
      const [oldest] = this.#unpacked.keys();
      if (this.#unpacked.size > KEPT && oldest !== void 0) this.#unpacked.delete(oldest);
      return rows;
    }
  };
  async function unpacked(base64) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return await new Response(stream).json();
  }

  // web/report/theme.ts
  var THEMES = ["auto", "light", "dark"];
  var KEY = "sluice-theme";
  function startTheme() {
    const button = byId("theme");
    let current = remembered();
    const apply = () => {
      document.documentElement.dataset["theme"] = current;
      button.textContent = `Theme: ${current}`;
    };
    button.addEventListener("click", () => {
      current = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length] ?? "auto";
      remember(current);
      apply();
    });
    button.hidden = false;
    apply();
  }
  function remembered() {
    try {
      return THEMES.find((each) => each === localStorage.getItem(KEY)) ?? "auto";
    } catch {
      return "auto";
    }
  }
  function remember(theme) {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
    }
  }

  // web/report/main.ts
  function start() {
    startTheme();
    const meta = JSON.parse(byId("meta").textContent);
    const store = new Store(meta, document.querySelectorAll('script[type="application/gzip"]'));
    if (store.total === 0) {
      byId("status").textContent = "The plan changes no record.";
      return;
    }
    startRecords(store);
  }
  function startRecords(store) {
    const grid = new Grid(byId("grid"), {
      store,
      syncs: store.meta.syncs.length > 1,
      lead: (row) => leadOf(row, filters.query.field, filters.query.words),
      open: (id, focus) => void openDetail(store, id, focus, () => grid.focus()),
      move: (id) => {
        if (!byId("detail").hidden) void openDetail(store, id, false, () => grid.focus());
      }
    });
    let running = new AbortController();
    const update = () => {
      running.abort();
      running = new AbortController();
      void refresh(store, filters, grid, running.signal);
    };
    const filters = new Filters(store.meta, update);
    filters.onLeave(() => grid.focus());
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      filters.focus();
    });
    byId("explorer").hidden = false;
    byId("keys").hidden = false;
    update();
  }
  function isTyping(target) {
    return target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  }
  async function refresh(store, filters, grid, signal) {
    const { query } = filters;
    if (isOpen(query)) {
      grid.show(null, true);
      say(`${count(store.total)} ${store.total === 1 ? "record" : "records"}${missing(store)}`);
      return preparePrint(store, grid.length, (place) => grid.idAt(place));
    }
    let first = true;
    await search(store, query, signal, ({ found, done }) => {
      grid.show(found, first);
      first = false;
      say(`${count(found.length)} of ${count(store.total)} records${done ? "" : ", looking ..."}${missing(store)}`);
    });
    if (!signal.aborted) await preparePrint(store, grid.length, (place) => grid.idAt(place));
  }
  function missing({ meta }) {
    return meta.leftOut === 0 ? "" : `; ${count(meta.leftOut)} more are in the plan file only`;
  }
  function say(text) {
    byId("status").textContent = text;
  }
  function leadOf([, , , , label, fields], name, words) {
    const chosen = name === void 0 ? void 0 : fields.find((each) => each[0] === name);
    const has = (text) => text !== null && words.some((word) => text.toLowerCase().includes(word));
    return chosen ?? fields.find(([, , before, after]) => has(before) || has(after)) ?? fields.find((each) => label === null || each[3] !== label) ?? fields[0];
  }
  async function openDetail(store, id, focus, back) {
    const panel = byId("detail");
    const found = await store.get(id);
    const close = () => {
      panel.hidden = true;
      panel.onkeydown = null;
      back();
    };
    panel.replaceChildren(...detailOf(found, store.meta.syncs[found.sync]?.name ?? "", close));
    panel.hidden = false;
    panel.scrollTop = 0;
    panel.onkeydown = (event) => {
      if (event.key === "Escape") close();
    };
    if (focus) panel.focus();
  }
  start();
})();
